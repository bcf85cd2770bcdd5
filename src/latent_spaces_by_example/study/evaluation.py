"""One batch: latents to outputs to scores, where a failing item fails alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from latent_spaces_by_example.objectives.base import (
    Evaluation,
    check_same_constraints,
    read_scores,
)
from latent_spaces_by_example.study.several_scores import check_scores
from latent_spaces_by_example.transport_maps.layout import num_latents, rows_of


@dataclass(frozen=True)
class Outcome:
    """What came of one evaluation: a finite score and its figures, or the error.

    Attributes:
        score: higher is better; None where it failed.
        figures: what the objective keeps beside the score.
        error: why it failed; None where it did not.
        seconds: how long it took; in a batch, its share.
        output: what was scored; None where it failed.
        constraints: each is met where its value is at most 0; none where it failed.
        scores: by name, in a study of several.
    """

    score: float | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    seconds: float = 0.0
    output: Any = field(default=None, repr=False, compare=False)
    constraints: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


def evaluate(
    generator: Any,
    objective: Callable[[Sequence[Any]], Any],
    *,
    latents: Any,
    constraints: Iterable[str] | None = None,
    scores: Sequence[str] = (),
) -> list[Outcome]:
    """Generate and score latents of shape (n, *latent_shape) together.

    If the batch raises, each of its latents is tried alone, so that one failure costs one
    evaluation and not n.

    Args:
        generator: z -> x.
        objective: a sequence of n outputs -> n scores.
        latents: n of them.
        scores: names of the scores, where there are several.
        constraints: names of the constraints of earlier evaluations; None where there are none.

    Raises:
        LatentSpacesError: the objective breaks its contract (a wrong number of scores, say), which
            no other latent would mend; whatever it raises itself is an outcome instead.
    """
    n, start = num_latents(latents), time.perf_counter()
    try:
        outputs = generator.generate(latents)
        scored = objective(outputs)
    except Exception as error:
        if n > 1:
            outcomes: list[Outcome] = []
            for i in range(n):
                alone = rows_of(latents, slice(i, i + 1))
                outcomes += evaluate(
                    generator, objective, latents=alone, constraints=constraints, scores=scores
                )
                if constraints is None and outcomes[-1].error is None:
                    constraints = list(outcomes[-1].constraints)
            return outcomes
        message = f"{type(error).__name__}: {error}"
        return [Outcome(error=message, seconds=time.perf_counter() - start)]
    seconds = (time.perf_counter() - start) / n
    found = read_scores(scored, n=n)
    check_same_constraints(found, before=constraints)
    check_scores(found, declared=scores)
    # in the order in which the study declared them, whatever the objective's
    found = [
        (
            replace(e, score=e.scores[scores[0]], scores={name: e.scores[name] for name in scores})
            if e.scores
            else e
        )
        for e in found
    ]
    return [_outcome(one, seconds=seconds, output=_item(outputs, i)) for i, one in enumerate(found)]


def _outcome(found: Evaluation, *, seconds: float, output: Any) -> Outcome:
    if found.finite:
        return Outcome(
            score=found.score,
            figures=found.figures,
            seconds=seconds,
            constraints=found.constraints,
            scores=found.scores,
            output=output,
        )
    error = f"the score is {found.score}, not finite"
    return Outcome(figures=found.figures, error=error, seconds=seconds)


def _item(outputs: Any, index: int) -> Any:
    try:
        return outputs[index]
    except (IndexError, KeyError, TypeError):
        return None  # a generator that returns no sequence; its score counts all the same
