"""One evaluation of a study, and many of them as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.study.settings import AskedBy, Source

_MOST = 1e300


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Weights over the study's seed latents, and what came of them.

    Attributes:
        number: counted from 0, in the order of proposal.
        weights: shape (k,), over the study's first k seed latents; the rest are zero.
        score: as the user gives it; None while the trial is open or if it failed. In a study of
            several scores the first of them.
        scores: the named scores in a study of several; empty in one of one score.
        metrics: other numbers, truth values and texts that the objective gave.
        constraints: each is met where its value is at most 0; empty if there is no score.
        seconds: how long generating and scoring took; None if that is not known.
        error: why it failed, or None.
        traceback: of the user's exception that made it fail, or None.
        warning: what went wrong beside the evaluation, such as an output that could not be kept.
        validity: measures of its inner latent, by name.
        invalid: why its latent is invalid, or None.
        worker: host:pid of the process that evaluated it, if that is recorded.
        source: "example", "search", or "user" for a point of the user's own.
        asked_by: "run", or "user" for a trial that :meth:`Study.ask` gave out.
        batch: number of the first trial that was proposed with it, and how many there were.
        waiting: numbers of earlier trials whose results were not known when it was proposed.
        expected_score: the score that it would have without noise, as far as all scores of the
            study tell; None unless the study is one of noisy scores, or this was asked for.
        replaced: earlier results that a correction replaced, oldest first.
        begun: when it was proposed.
        ended: when its result was stored; None while it is open.
        latent: shape latent_shape, of a trial that was just asked for; else None.
        output: what the generator makes of it, of a trial that was just asked for; else None.
    """

    number: int
    weights: np.ndarray
    score: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    constraints: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None
    error: str | None = None
    traceback: str | None = field(default=None, repr=False)
    warning: str | None = None
    validity: Mapping[str, float] = field(default_factory=dict, repr=False)
    invalid: str | None = None
    worker: str | None = None
    source: Source = "search"
    asked_by: AskedBy = "run"
    batch: tuple[int, int] = (0, 1)
    waiting: tuple[int, ...] = ()
    expected_score: float | None = None
    replaced: tuple[Mapping[str, Any], ...] = ()
    begun: datetime | None = field(default=None, repr=False)
    ended: datetime | None = field(default=None, repr=False)
    latent: Any = field(default=None, repr=False, compare=False)
    output: Any = field(default=None, repr=False, compare=False)

    @property
    def pending(self) -> bool:
        """True while the trial has neither a score nor an error."""
        return self.score is None and self.error is None

    @property
    def state(self) -> str:
        """Return "finished", "failed" or "pending"."""
        if self.pending:
            return "pending"
        return "failed" if self.score is None else "finished"

    @property
    def expected_or_score(self) -> float | None:
        """Return the expected score if that is known, else the score."""
        return self.score if self.expected_score is None else self.expected_score

    @property
    def violation(self) -> float:
        """Return the sum of all constraints above 0, each in its own unit; 0 if all are met."""
        return min(sum((max(value, 0.0) for value in self.constraints.values()), 0.0), _MOST)

    @property
    def feasible(self) -> bool:
        """True if the trial has a score and meets every constraint."""
        return self.score is not None and all(v <= 0 for v in self.constraints.values())


def scores_of(trials: Sequence[Trial]) -> Float64[np.ndarray, " n"]:
    """Return the score of each trial, NaN where there is none."""
    return np.array([np.nan if t.score is None else t.score for t in trials], dtype=np.float64)


def constraint_names(trials: Sequence[Trial]) -> list[str] | None:
    """Return the names of the constraints, or None if no trial has a score yet.

    An empty list means that there are scores and no constraints.
    """
    return next((list(trial.constraints) for trial in trials if trial.score is not None), None)


def violations_of(trials: Sequence[Trial]) -> Float64[np.ndarray, "n m"]:
    """Return the value of each constraint, met where at most 0; NaN without a score."""
    names = constraint_names(trials) or []
    values = np.full((len(trials), len(names)), np.nan)
    for row, trial in zip(values, trials, strict=True):
        if trial.score is not None:
            row[:] = [trial.constraints.get(name, np.nan) for name in names]
    return values


def stacked(rows: Sequence[np.ndarray], num_given: int) -> Float64[np.ndarray, "n K"]:
    """Return rows of weights, filled up with zeros to one length, at least ``num_given``."""
    num_seeds = max([num_given, *(len(row) for row in rows)])
    weights = np.zeros((len(rows), num_seeds))
    for row, given in zip(weights, rows, strict=True):
        row[: len(given)] = given
    return weights


def weights_table(trials: Sequence[Trial], num_given: int) -> Float64[np.ndarray, "n K"]:
    """Return the weights of each trial, over as many seed latents as any of them uses."""
    return stacked([trial.weights for trial in trials], num_given)


def number_of(trial: Any) -> int:
    """Return the number of a trial, given as itself or by its number.

    Raises:
        ArgumentError: it is neither.
    """
    number = trial.number if isinstance(trial, Trial) else trial
    if isinstance(number, bool) or not isinstance(number, int | np.integer):
        raise ArgumentError(f"trial={trial!r:.60}; give a trial or its number")
    return int(number)
