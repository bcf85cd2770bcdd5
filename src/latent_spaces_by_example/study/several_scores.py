"""Studies of several scores: which these are, and the front that no other trial is beyond."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.objectives.base import Evaluation
from latent_spaces_by_example.search.pareto import non_dominated
from latent_spaces_by_example.study.trial import Trial


def declared_scores(objective: Any, scores: Sequence[str] | None = None) -> tuple[str, ...]:
    """The names of an objective's scores where it has several; none where it has one.

    Args:
        objective: may say them by an attribute ``scores``.
        scores: what the caller says, which counts first.

    Raises:
        ArgumentError: not two or more different names.

    >>> declared_scores(len, ("lift", "drag")), declared_scores(len)
    (('lift', 'drag'), ())
    """
    named = getattr(objective, "scores", ()) if scores is None else scores
    names = (named,) if isinstance(named, str) else tuple(named)
    if names and (
        len(set(names)) < max(len(names), 2) or not all(isinstance(n, str) for n in names)
    ):
        raise ArgumentError(f"scores={named!r}; give two or more different names, or none for one")
    return names


def check_scores(evaluations: Iterable[Evaluation], *, declared: Sequence[str]) -> None:
    """Refuse scores that are not those that the study was made for.

    Raises:
        ArgumentError: an output has others.
    """
    for evaluation in evaluations:
        if evaluation.finite and set(evaluation.scores) != set(declared):
            found = ", ".join(map(repr, evaluation.scores)) or "one without a name"
            expected = ", ".join(map(repr, declared)) or "one without a name"
            raise ArgumentError(
                f"the objective gave the scores {found}, and the study was made for {expected}; "
                "several are declared before the study is made, by optimise(..., scores=(...)) or "
                "an attribute scores of the objective"
            )


def objectives_of(trials: Sequence[Trial], names: Sequence[str]) -> Float64[np.ndarray, "n p"]:
    """The scores of every trial by the names' order; NaN where a trial is not finished."""
    values = np.full((len(trials), len(names)), np.nan)
    for row, trial in zip(values, trials, strict=True):
        if trial.score is not None:
            row[:] = [trial.scores[name] for name in names]
    return values


def front_of(trials: Sequence[Trial], names: Sequence[str]) -> list[Trial]:
    """Feasible trials that no other one beats in every score, by the first score, highest first.

    With no names, as in a study of one score, by their worth.
    """
    feasible = [trial for trial in trials if trial.feasible]
    if not names:
        values = np.array([[trial.worth] for trial in feasible], dtype=np.float64)
    else:
        values = objectives_of(feasible, names)
    on_front = non_dominated(values.reshape(len(feasible), max(len(names), 1)))
    front = [trial for trial, inside in zip(feasible, on_front, strict=True) if inside]
    return sorted(front, key=lambda trial: trial.worth or 0.0, reverse=True)
