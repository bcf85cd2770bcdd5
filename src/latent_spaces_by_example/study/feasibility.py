"""Which trial of a study is the best one, where there are constraints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.study.trial import Trial


def merit_of(trial: Trial) -> tuple[bool, float]:
    """What trials with a score are compared by: feasible before not, then worth, or violation.

    >>> trial = Trial(number=0, weights=np.ones(1), score=3.0, constraints={"mass": 0.5})
    >>> merit_of(trial)
    (False, -0.5)
    """
    worth = -np.inf if trial.worth is None else trial.worth
    return (True, worth) if trial.feasible else (False, -trial.violation)


def ranked(trials: Iterable[Trial]) -> list[Trial]:
    """Trials with a score, best first: the feasible by worth, then the others by violation."""
    finished = [trial for trial in trials if trial.score is not None]
    return sorted(finished, key=merit_of, reverse=True)


def constraint_names(trials: Iterable[Trial]) -> list[str] | None:
    """The names of the constraints, in the order of the first finished trial; None where none is.

    An empty list says that there are finished trials, and no constraints.
    """
    for trial in trials:
        if trial.score is not None:
            return list(trial.constraints)
    return None


def violations_of(trials: Sequence[Trial]) -> Float64[np.ndarray, "n m"]:
    """The value of each constraint, met where at most 0; NaN where a trial is not finished."""
    names = constraint_names(trials) or []
    values = np.full((len(trials), len(names)), np.nan)
    for row, trial in zip(values, trials, strict=True):
        if trial.score is not None:
            row[:] = [trial.constraints[name] for name in names]
    return values


def feasibility_said(trial: Trial) -> str:
    """One sentence on a best trial that violates constraints; empty where it meets all.

    >>> said = Trial(number=0, weights=np.ones(1), score=3.0, constraints={"mass": 0.5})
    >>> feasibility_said(said)
    'nothing found meets every constraint; the least violating violates mass by 0.5'
    """
    over = [f"{name} by {value:.4g}" for name, value in trial.constraints.items() if value > 0]
    if not over:
        return ""
    return "nothing found meets every constraint; the least violating violates " + ", ".join(over)
