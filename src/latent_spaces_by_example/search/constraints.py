"""Scores and constraints in one order: what meets every constraint is before all that does not."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64

from latent_spaces_by_example.search.base import History


def ranked_scores(
    history: History, *, violation: Float64[np.ndarray, " n"] | None = None
) -> Float64[np.ndarray, " n"]:
    """Return scores with every infeasible trial below all feasible ones, by violation.

    Without constraints these are the scores themselves, and so they are for feasible trials. An
    infeasible one has low - range * (1 + v / v_max) with the lowest feasible score, the range of
    the feasible scores and its violation v. The order of two trials never changes as the history
    grows.

    Args:
        history: trials, those that are not finished being NaN.
        violation: shape (n,), at least 0; by default :func:`total_violation`.

    References:
        Deb, "An efficient constraint handling method for genetic algorithms", Computer Methods
        in Applied Mechanics and Engineering 186 (2000), the order in section 2.
    """
    if not history.violations.shape[1]:
        return history.scores
    known = history.scored
    return below_feasible(
        history.scores,
        known=known,
        feasible=known & history.feasible,
        violation=total_violation(history) if violation is None else violation,
    )


def below_feasible(
    scores: Float64[np.ndarray, " n"],
    *,
    known: Bool[np.ndarray, " n"],
    feasible: Bool[np.ndarray, " n"],
    violation: Float64[np.ndarray, " n"],
) -> Float64[np.ndarray, " n"]:
    """Return ranked scores, see :func:`ranked_scores`, from arrays."""
    ranked = np.where(known, scores, np.nan)
    low, step = 0.0, 1.0
    if feasible.any():
        low, high = float(scores[feasible].min()), float(scores[feasible].max())
        # halves, since the range of scores near the largest float overflows
        step = min(2 * (high / 2 - low / 2), 1e300) or max(1e-3 * abs(low), 1e-300)
    worse = known & ~feasible
    if worse.any():
        share = violation[worse] / max(float(violation[worse].max()), 1e-300)
        ranked[worse] = np.maximum(low - step * (1 + share), -1.7e308)
    return ranked


def total_violation(history: History) -> Float64[np.ndarray, " n"]:
    """Return the sum of all constraints above 0, each in its own unit."""
    parts = np.where(history.finished[:, None], np.maximum(history.violations, 0.0), 0.0)
    total: Float64[np.ndarray, " n"] = np.minimum(parts, 1e300).sum(axis=1)
    return total


def relative_violation(history: History) -> Float64[np.ndarray, " n"]:
    """Return the sum of all violations, each over its largest so that units do not matter."""
    parts = np.where(history.finished[:, None], np.maximum(history.violations, 0.0), 0.0)
    total: Float64[np.ndarray, " n"] = (
        parts / np.maximum(parts.max(axis=0, initial=0), 1e-300)
    ).sum(axis=1)
    return total
