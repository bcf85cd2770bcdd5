"""The protocol of objectives, and the reading of what they return."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from latent_spaces_by_example.errors import ArgumentError

Figure = float | int | bool | str


@runtime_checkable
class Objective(Protocol):
    """A black box from outputs to scores: any callable of this form, a plain function included.

    It gets a sequence of n outputs of the generator and returns n scores, higher is better. A
    score is a number, or a mapping with the number under "score" and any other figures (numbers,
    truth values, short texts) to be kept beside it; a label, such as a class, is a text, so that
    nobody subtracts it. Under "constraints" the mapping may name constraints, numbers that are
    met where they are at most 0. In place of "score" it may have "scores", two or more of them by
    name; the names are declared when the study is made, or by an attribute ``scores`` of the
    objective. A score that is not finite says that this output could not be evaluated.

    Where a second evaluation of the same output would score something else, an attribute
    ``noisy`` that is true says so. An objective may have ``spec``, the string that ``load`` makes
    it from again; a study records it.
    """

    def __call__(self, outputs: Sequence[Any]) -> Iterable[Any]:
        """Score n outputs."""
        ...


@dataclass(frozen=True)
class Evaluation:
    """The score of one output.

    Attributes:
        score: higher is better; NaN or infinite if the output could not be evaluated.
        figures: whatever else the objective said about the output, by name.
        constraints: a constraint is met where its value is at most 0; all finite, and none where
            the output could not be evaluated.
        scores: the named scores of an objective that has several, the first of which is
            ``score``; empty for one that has one.
    """

    score: float
    figures: dict[str, Figure] = field(default_factory=dict)
    constraints: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)

    @property
    def finite(self) -> bool:
        """Return whether the output could be evaluated."""
        return math.isfinite(self.score)


def read_scores(returned: Any, *, n: int) -> list[Evaluation]:
    """Read what an objective returned for n outputs.

    Args:
        returned: n scores, each a number or a mapping with "score": a list, a tuple, an array of
            shape (n,), or anything else that can be iterated over.
        n: how many outputs the objective was given.

    Raises:
        ArgumentError: not n scores, a score that is not a number, a mapping without "score", a
            figure that is neither a number nor a truth value nor a text, a constraint that is
            not a finite number, or outputs with different constraints. A score that is a
            number but not finite is no error here.

    >>> read_scores([1, {"score": 2.5, "mass": 80}], n=2)[1].figures
    {'mass': 80}
    >>> read_scores([{"score": 2.5, "constraints": {"mass": 80 - 75}}], n=1)[0].constraints
    {'mass': 5.0}
    >>> read_scores([1.0], n=2)
    Traceback (most recent call last):
    latent_spaces_by_example.errors.ArgumentError: the objective must return one score for each
    output it was given: 2 outputs, 1 scores
    """
    if isinstance(returned, Mapping | str | bytes) or not _iterable(returned):
        kind = type(returned).__name__
        raise ArgumentError(
            f"the objective must return a sequence with one score for each of the {n} outputs it "
            f"was given, not {_article(kind)}; for a single output return [score]"
        )
    scores = list(returned)
    if len(scores) != n:
        raise ArgumentError(
            "the objective must return one score for each output it was given: "
            f"{n} outputs, {len(scores)} scores"
        )
    evaluations = [_evaluation(score, index=index) for index, score in enumerate(scores)]
    check_same_constraints(evaluations)
    return evaluations


def check_same_constraints(
    evaluations: Sequence[Evaluation], *, before: Iterable[str] | None = None
) -> None:
    """Refuse outputs that do not all have the same constraints.

    Args:
        evaluations: those that could not be evaluated may have none.
        before: the constraints of earlier evaluations, None where there are none.

    Raises:
        ArgumentError: one has other constraints than those before it.
    """
    expected = None if before is None else set(before)
    for evaluation in evaluations:
        names = set(evaluation.constraints)
        if not evaluation.finite:
            continue
        if expected is not None and names != expected:
            raise ArgumentError(
                f"the objective gave the constraints {_listed(names)}, and {_listed(expected)} "
                "before; give every output the same ones, at most 0 where they are met"
            )
        expected = names


def _evaluation(returned: Any, *, index: int) -> Evaluation:
    if not isinstance(returned, Mapping):
        return Evaluation(_number(returned, index=index))
    several = _scores(returned, index=index) if "scores" in returned else {}
    if "score" not in returned and not several:
        raise ArgumentError(
            f"score {index} of the objective is a mapping without 'score'; "
            f"it has {', '.join(map(repr, returned)) or 'nothing'}"
        )
    figures = {}
    for name, value in returned.items():
        if not isinstance(name, str):
            raise ArgumentError(
                f"figure {name!r} beside score {index} of the objective must be named by a "
                f"text, not by {_article(type(name).__name__)}"
            )
        if name not in ("score", "scores", "constraints"):
            figures[name] = _figure(value, name=name, index=index)
    score = next(iter(several.values())) if several else _number(returned["score"], index=index)
    constraints = _constraints(returned.get("constraints", {}), index=index)
    if not all(map(math.isfinite, [score, *several.values()])):
        return Evaluation(math.nan if several else score, figures)
    for name, value in constraints.items():
        if not math.isfinite(value):
            raise ArgumentError(
                f"constraint {name!r} beside score {index} of the objective is {value}, not "
                "finite; for an output that cannot be evaluated make the score float('nan')"
            )
    return Evaluation(score, figures, constraints, several)


def _scores(returned: Mapping[Any, Any], *, index: int) -> dict[str, float]:
    given = returned["scores"]
    if "score" in returned:
        raise ArgumentError(
            f"mapping {index} of the objective has 'score' and 'scores'; give one of the two"
        )
    if (
        not isinstance(given, Mapping)
        or len(given) < 2
        or not all(isinstance(n, str) for n in given)
    ):
        raise ArgumentError(
            f"'scores' in mapping {index} of the objective must be a mapping from two or more "
            f"names to numbers, higher is better, not {given!r:.80}; for one give 'score'"
        )
    return {name: _number(value, index=index) for name, value in given.items()}


def _constraints(given: Any, *, index: int) -> dict[str, float]:
    if not isinstance(given, Mapping):
        raise ArgumentError(
            f"'constraints' beside score {index} of the objective must be a mapping from names "
            f"to numbers, met where they are at most 0, not {_article(type(given).__name__)}"
        )
    constraints = {}
    for name, value in given.items():
        plain = _plain(value)
        if not isinstance(name, str) or not isinstance(plain, int | float):
            raise ArgumentError(
                f"constraint {name!r} beside score {index} of the objective must be a number "
                f"under a text, not {_article(type(value).__name__)} under "
                f"{_article(type(name).__name__)}"
            )
        if isinstance(plain, bool):
            raise ArgumentError(
                f"constraint {name!r} beside score {index} of the objective is {plain}, and "
                "whether that means met is unclear; give a number, at most 0 where it is met"
            )
        constraints[name] = float(plain)
    return constraints


def _number(value: Any, *, index: int) -> float:
    plain = _plain(value)
    if isinstance(plain, int | float):
        try:
            return float(plain)
        except OverflowError as error:
            raise ArgumentError(
                f"score {index} of the objective is an integer too large for a floating-point "
                "number; scale it"
            ) from error
    raise ArgumentError(
        f"score {index} of the objective must be a number, not {_article(type(value).__name__)}"
        f"{_shape_of(value)}; for an output that cannot be evaluated return float('nan')"
    )


def _figure(value: Any, *, name: str, index: int) -> Figure:
    plain = _plain(value)
    if isinstance(plain, int | float | str):
        return plain
    raise ArgumentError(
        f"figure {name!r} beside score {index} of the objective must be a number, a truth value "
        f"or a text, not {_article(type(value).__name__)}{_shape_of(value)}"
    )


def _plain(value: Any) -> Any:
    """Convert a NumPy scalar, or an array or tensor without dimensions, to a Python number."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    return value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, sorted(names))) or "none"


def _iterable(value: Any) -> bool:
    try:
        iter(value)
    except TypeError:
        return False
    return True


def _shape_of(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return f" of shape {tuple(shape)}" if shape is not None else ""


def _article(kind: str) -> str:
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"
