"""One batch: latents to outputs to scores, where a failing item fails alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from latent_spaces_by_example.objectives.base import Evaluation, read_scores
from latent_spaces_by_example.transport_maps.layout import num_latents, rows_of


@dataclass(frozen=True)
class Outcome:
    """What came of one evaluation: a finite score and its figures, or the error.

    Attributes:
        score: higher is better; None where it failed.
        figures: what the objective keeps beside the score.
        error: why it failed; None where it did not.
        seconds: how long it took; in a batch, its share.
    """

    score: float | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    seconds: float = 0.0


def evaluate(
    generator: Any, objective: Callable[[Sequence[Any]], Any], *, latents: Any
) -> list[Outcome]:
    """Generate and score latents of shape (n, *latent_shape) together.

    If the batch raises, each of its latents is tried alone, so that one failure costs one
    evaluation and not n.

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
            alone = [rows_of(latents, slice(i, i + 1)) for i in range(n)]
            return [evaluate(generator, objective, latents=latent)[0] for latent in alone]
        message = f"{type(error).__name__}: {error}"
        return [Outcome(error=message, seconds=time.perf_counter() - start)]
    seconds = (time.perf_counter() - start) / n
    return [_outcome(found, seconds) for found in read_scores(scored, n=n)]


def _outcome(found: Evaluation, seconds: float) -> Outcome:
    if found.finite:
        return Outcome(score=found.score, figures=found.figures, seconds=seconds)
    error = f"the score is {found.score}, not finite"
    return Outcome(figures=found.figures, error=error, seconds=seconds)
