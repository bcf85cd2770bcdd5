"""Scores of any scale, with outliers, as values that a Gaussian process can fit."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.latent_gp.tail import LONG, Tail

_HIGH, _FARTHEST = 4.0, 1e9


def standardised(
    scores: Float64[np.ndarray, " n"], *, tail: Tail = LONG
) -> Float64[np.ndarray, " n"]:
    """Finite scores about their median in units of their spread, with both tails bent.

    Above 4 spreads they grow as the logarithm, below a knee they fall even less: one catastrophic
    score must not flatten the differences that matter, how bad a bad score is does not matter, and
    order is kept.

    Args:
        scores: shape (n,).
        tail: how poor scores are bent.
    """
    return tail.bent(in_spreads(scores))


def in_spreads(scores: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Finite scores about their median in units of their spread; all 0 if they are equal."""
    top, middle, spread = _scale(scores)
    if not spread > 0:
        return np.zeros(len(scores))
    return np.clip(scores / top - middle, -_FARTHEST * spread, _FARTHEST * spread) / spread


def from_standardised(
    values: Float64[np.ndarray, " m"], scores: Float64[np.ndarray, " n"], *, tail: Tail = LONG
) -> Float64[np.ndarray, " m"]:
    """The scores that are these values by the standard of others.

    Args:
        values: shape (m,), as :func:`standardised` makes them of scores.
        scores: shape (n,), whose median and spread they refer to.
        tail: how poor scores were bent.
    """
    top, middle, spread = _scale(scores)
    largest = np.finfo(float).max
    with np.errstate(over="ignore"):
        return np.clip(top * (middle + spread * tail.straightened(values)), -largest, largest)


def margins(constraint: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """How far a constraint is from being violated: at least 0 where it is met, negative elsewhere.

    T(0) - T(c) for the values c, T being in units of their spread about the median, and growing as
    the logarithm from 4 spreads on either side: strictly increasing, so that the sign is kept,
    and order.

    Args:
        constraint: shape (n,), finite, met where it is at most 0.
    """
    top = float(np.abs(constraint).max(initial=0))
    c = constraint / top if top > 0 else constraint
    middle = float(np.median(c)) if len(c) else 0.0
    spread = _spread(c - middle) if len(c) else 0.0
    if spread > 0:
        far = _FARTHEST * spread
        flattened = _flattened(np.clip(np.append(c, 0.0) - middle, -far, far) / spread)
        values = flattened[-1] - flattened[:-1]
    else:
        values = -np.sign(c)
    # what rounding has brought to zero, or across it
    return np.where(constraint <= 0, np.maximum(values, 0), np.minimum(values, -1e-12))


def _scale(scores: Float64[np.ndarray, " n"]) -> tuple[float, float, float]:
    """The largest magnitude of the scores, and in units of it their median and spread.

    In units of it first, since scores near the largest float must not overflow.
    """
    top = float(np.abs(scores).max(initial=0)) or 1.0
    if not len(scores):
        return top, 0.0, 0.0
    y = scores / top
    middle = float(np.median(y))
    return top, middle, _spread(y - middle)


def _spread(y: Float64[np.ndarray, " n"]) -> float:
    spread = 1.4826 * float(np.median(np.abs(y)))
    if spread == 0 and y.any():  # more than half are ties
        spread = 1.4826 * float(np.median(np.abs(y[y != 0])))
    return spread


def _flattened(values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    beyond = np.log1p(np.maximum(np.abs(values) - _HIGH, 0))
    flattened: Float64[np.ndarray, " n"] = np.clip(values, -_HIGH, _HIGH) + np.sign(values) * beyond
    return flattened
