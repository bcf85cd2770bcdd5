"""One evaluation of a study, and many of them as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64

_MOST = 1e300


@dataclass(frozen=True)
class Trial:
    """One evaluation: weights over the study's seed latents, and what came of them.

    Attributes:
        number: counted from 0, in the order of proposal.
        weights: shape (k,), over the study's first k seed latents; the rest are zero.
        score: higher is better; None while pending or where the evaluation failed. In a study of
            several scores the first of them.
        figures: what the objective keeps beside the score.
        seconds: how long generating and scoring took; None while pending.
        error: why it failed; None where it did not.
        validity: figures of its inner latent, as in
            :class:`latent_spaces_by_example.validity.CandidateValidity`; empty while pending,
            and in studies of before there were any.
        invalid: in what the latent is not what the study promised; None where it is.
        warning: what went wrong beside the evaluation: an output that could not be kept.
        worker: which process evaluated it, as host:pid, where that is recorded.
        scores: the named scores in a study of several; empty in one of one score.
        constraints: each is met where its value is at most 0; none where there is no score.
        num_known: how many trials before its batch had a result when it was proposed; None for all.
        expected_score: what it would score without noise, as far as all scores of the study tell;
            None where that was not asked, which it is by a study of noisy scores.
    """

    number: int
    weights: np.ndarray
    score: float | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    error: str | None = None
    validity: Mapping[str, float] = field(default_factory=dict)
    invalid: str | None = None
    warning: str | None = None
    worker: str | None = None
    constraints: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    num_known: int | None = None
    expected_score: float | None = None

    @property
    def pending(self) -> bool:
        """Whether it was proposed and has no result yet."""
        return self.score is None and self.error is None

    @property
    def worth(self) -> float | None:
        """What it is compared by: what is expected of it where that is known, else its score."""
        return self.score if self.expected_score is None else self.expected_score

    @property
    def violation(self) -> float:
        """The sum of all constraints above 0, each in its own unit; 0 where all are met."""
        return min(sum((max(value, 0.0) for value in self.constraints.values()), 0.0), _MOST)

    @property
    def feasible(self) -> bool:
        """Whether it has a score and meets every constraint."""
        return self.score is not None and all(v <= 0 for v in self.constraints.values())


def scores_of(trials: list[Trial]) -> Float64[np.ndarray, " n"]:
    """The score of each trial; NaN where there is none."""
    return np.array([np.nan if t.score is None else t.score for t in trials], dtype=np.float64)


def weights_table(trials: list[Trial], num_given: int) -> Float64[np.ndarray, "n K"]:
    """The weights of each trial, over as many seed latents as any of them uses."""
    return stacked([trial.weights for trial in trials], num_given)


def stacked(rows: list[np.ndarray], num_given: int) -> Float64[np.ndarray, "n K"]:
    """Rows of weights, filled up with zeros to one length, ``num_given`` at least."""
    num_seeds = max([num_given, *(len(row) for row in rows)])
    weights = np.zeros((len(rows), num_seeds))
    for row, found in zip(weights, rows, strict=True):
        row[: len(found)] = found
    return weights
