"""The protocol of objectives, and the reading of what they return."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from latent_spaces_by_example.arguments import check_whole
from latent_spaces_by_example.errors import ArgumentError

Metric = float | int | bool | str


@runtime_checkable
class Objective(Protocol):
    """A black box from outputs to scores: any callable of this form, a plain function included.

    It gets a sequence of n outputs of the generator and returns n scores; higher is better, unless
    the study or an attribute ``direction`` of the objective says "minimise". A score is a number,
    or a mapping with the number under "score" and any metrics (numbers, truth values, short texts)
    to keep beside it; a label, such as a class, is a text, so that nobody subtracts it. Under
    "constraints" the mapping may name constraints, numbers that are met where they are at most 0.
    In place of "score" it may have "scores", two or more of them by name; the names are declared
    when the study is made, or by an attribute ``scores`` of the objective. A score that is not
    finite says that this output could not be evaluated.

    Where a second evaluation of the same output would score something else, an attribute
    ``noisy`` that is true says so. An objective may have ``spec``, the string that ``load`` makes
    it from again; a study records it.
    """

    def __call__(self, outputs: Sequence[Any]) -> Iterable[Any]:
        """Score n outputs."""
        ...


@dataclass(frozen=True)
class Evaluation:
    """Hold the score of one output.

    Attributes:
        score: higher is better; NaN or infinite if the output could not be evaluated.
        metrics: whatever else the objective measured of the output, by name.
        constraints: a constraint is met where its value is at most 0; all finite, and none where
            the output could not be evaluated.
        scores: the named scores of an objective that has several, the first of which is
            ``score``; empty for one that has one.
    """

    score: float
    metrics: dict[str, Metric] = field(default_factory=dict)
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
            metric that is neither a number nor a truth value nor a text, a constraint that is
            not a finite number, or outputs with different constraints. A score that is a
            number but not finite is no error here.

    >>> read_scores([1, {"score": 2.5, "mass": 80}], n=2)[1].metrics
    {'mass': 80}
    >>> read_scores([{"score": 2.5, "constraints": {"mass": 80 - 75}}], n=1)[0].constraints
    {'mass': 5.0}
    >>> read_scores([1.0], n=2)
    Traceback (most recent call last):
    latent_spaces_by_example.errors.ArgumentError: the objective must return one score for each
    output it was given: 2 outputs, 1 scores
    """
    check_whole(n, argument="n", least=0)
    evaluations = [
        _evaluation(score, who=f"score {index} of the objective")
        for index, score in enumerate(listed_scores(returned, n=n))
    ]
    constrained = [set(each.constraints) for each in evaluations if each.finite]
    for names in constrained[1:]:
        if names != constrained[0]:
            given, before = (", ".join(sorted(map(repr, s))) for s in (names, constrained[0]))
            raise ArgumentError(
                f"the objective gave the constraints {given or 'none'}, and {before or 'none'} "
                "before; give every output the same ones, at most 0 where they are met"
            )
    return evaluations


def listed_scores(returned: Any, *, n: int) -> list[Any]:
    """Return what an objective returned as n scores, each of them still to be read.

    Raises:
        ArgumentError: these are not n scores.
    """
    try:
        scores = None if isinstance(returned, Mapping | str | bytes) else list(returned)
    except TypeError:
        scores = None
    if scores is None:
        raise ArgumentError(
            f"the objective must return a sequence with one score for each of the {n} outputs it "
            f"was given, not {_kind_of(returned)}; for a single output return [score]"
        )
    if len(scores) != n:
        raise ArgumentError(
            "the objective must return one score for each output it was given: "
            f"{n} outputs, {len(scores)} scores"
        )
    return scores


def _evaluation(returned: Any, *, who: str) -> Evaluation:
    if not isinstance(returned, Mapping):
        return Evaluation(_number(returned, what=who))
    if "score" in returned and "scores" in returned:
        raise ArgumentError(f"{who} is a mapping with 'score' and 'scores'; give one of the two")
    if "score" not in returned and "scores" not in returned:
        given = ", ".join(map(repr, returned)) or "nothing"
        raise ArgumentError(f"{who} is a mapping without 'score'; it has {given}")
    several = _scores(returned["scores"], who=who) if "scores" in returned else {}
    score = next(iter(several.values())) if several else _number(returned["score"], what=who)
    metrics = {
        name: _metric(value, what=what)
        for name, value, what in _named(returned, kind="metric", who=who)
        if name not in ("score", "scores", "constraints")
    }
    constraints = _constraints(returned.get("constraints", {}), who=who)
    if not all(map(math.isfinite, [score, *several.values()])):
        return Evaluation(math.nan if several else score, metrics)
    for name, value in constraints.items():
        if not math.isfinite(value):
            raise ArgumentError(
                f"constraint {name!r} beside {who} is {value}, not finite; for an output that "
                "cannot be evaluated make the score float('nan')"
            )
    return Evaluation(score, metrics, constraints, several)


def _scores(given: Any, *, who: str) -> dict[str, float]:
    if not isinstance(given, Mapping) or len(given) < 2:
        raise ArgumentError(
            f"'scores' in {who} must be a mapping from two or more names to numbers, not "
            f"{given!r:.80}; for one give 'score'"
        )
    return {
        name: _number(value, what=what)
        for name, value, what in _named(given, kind="score", who=who)
    }


def _constraints(given: Any, *, who: str) -> dict[str, float]:
    if not isinstance(given, Mapping):
        raise ArgumentError(
            f"'constraints' beside {who} must be a mapping from names to numbers, met where they "
            f"are at most 0, not {_kind_of(given)}"
        )
    constraints = {}
    for name, value, what in _named(given, kind="constraint", who=who):
        if isinstance(_plain(value), bool):
            raise ArgumentError(
                f"{what} is {value}, and whether that means met is unclear; give a number, at "
                "most 0 where it is met"
            )
        constraints[name] = _number(value, what=what)
    return constraints


def _named(given: Mapping[Any, Any], *, kind: str, who: str) -> Iterator[tuple[str, Any, str]]:
    """Yield each name and value, and what messages call them; refuse names that are no texts."""
    for name, value in given.items():
        what = f"{kind} {name!r} beside {who}"
        if not isinstance(name, str):
            raise ArgumentError(f"{what} must be named by a text, not by {_kind_of(name)}")
        yield name, value, what


def _number(value: Any, *, what: str) -> float:
    plain = _plain(value)
    if isinstance(plain, int | float):
        try:
            return float(plain)
        except OverflowError as error:
            raise ArgumentError(
                f"{what} is an integer too large for a floating-point number; scale it"
            ) from error
    raise ArgumentError(
        f"{what} must be a number, not {_kind_of(value)}; for an output that cannot be evaluated "
        "the score is float('nan')"
    )


def _metric(value: Any, *, what: str) -> Metric:
    plain = _plain(value)
    if isinstance(plain, str):
        return plain
    if isinstance(plain, int | float):
        _number(plain, what=what)  # refuses integers that are too large to be stored
        return plain
    raise ArgumentError(f"{what} must be a number, a truth value or a text, not {_kind_of(value)}")


def _plain(value: Any) -> Any:
    """Convert a NumPy scalar, or an array or tensor without dimensions, to a Python number."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    return value


def _kind_of(value: Any) -> str:
    name, shape = type(value).__name__, getattr(value, "shape", ())
    article = "an" if name[:1].lower() in "aeiou" else "a"
    return f"{article} {name}" + (f" of shape {tuple(shape)}" if shape else "")
