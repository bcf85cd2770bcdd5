"""Scores of any scale, with outliers and failures, as values that a Gaussian process can fit."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64

_LOW, _HIGH, _FARTHEST = 2.0, 4.0, 1e9


def standardised(
    scores: Float64[np.ndarray, " n"], known: Bool[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    """Scores about their median in units of their spread, with both tails bent.

    From 2 spreads below the median on values approach -3, and from 4 above it on they grow as the
    logarithm: one catastrophic score must not flatten the differences that matter, how bad a bad
    score is does not matter, and order is kept. Where the score is not
    known the evaluation failed, and the value is that of a poor score: the tenth percentile.

    Args:
        scores: shape (n,).
        known: shape (n,), true where a score is finite and to be used.
    """
    values = np.zeros(len(scores))
    if not known.any():
        return values
    y = scores[known]
    # halves and subtraction first: scores near the largest float must not overflow
    top = float(np.abs(y).max())
    y = y / top if top > 0 else y
    y = y - np.median(y)
    spread = _spread(y)
    if spread > 0:
        values[known] = _bent(np.clip(y, -_FARTHEST * spread, _FARTHEST * spread) / spread)
    if not known.all():
        values[~known] = np.quantile(values[known], 0.1) - 0.5
    return values


def margins(
    constraint: Float64[np.ndarray, " n"], known: Bool[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    """How far a constraint is from being violated: at least 0 where it is met, negative elsewhere.

    T(0) - T(c) for the values c, T being in units of their spread about the median, and growing as
    the logarithm from 4 spreads on either side: strictly increasing, so that the sign is kept,
    and order. Where the constraint is not known the evaluation failed, and the margin is poor:
    half a spread below the tenth percentile.

    Args:
        constraint: shape (n,), met where it is at most 0.
        known: shape (n,), true where a value is finite and to be used.
    """
    values = np.zeros(len(constraint))
    if not known.any():
        return values
    c = constraint[known]
    top = float(np.abs(c).max())
    c = c / top if top > 0 else c
    middle = float(np.median(c))
    spread = _spread(c - middle)
    if spread > 0:
        far = _FARTHEST * spread
        flattened = _flattened(np.clip(np.append(c, 0.0) - middle, -far, far) / spread)
        values[known] = flattened[-1] - flattened[:-1]
    else:
        values[known] = -np.sign(c)
    # what rounding has brought to zero, or across it
    met = constraint[known] <= 0
    values[known] = np.where(met, np.maximum(values[known], 0), np.minimum(values[known], -1e-12))
    if not known.all():
        values[~known] = np.quantile(values[known], 0.1) - 0.5
    return values


def _spread(y: Float64[np.ndarray, " n"]) -> float:
    spread = 1.4826 * float(np.median(np.abs(y)))
    if spread == 0 and y.any():  # more than half are ties
        spread = 1.4826 * float(np.median(np.abs(y[y != 0])))
    return spread


def _flattened(values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    beyond = np.log1p(np.maximum(np.abs(values) - _HIGH, 0))
    flattened: Float64[np.ndarray, " n"] = np.clip(values, -_HIGH, _HIGH) + np.sign(values) * beyond
    return flattened


def _bent(values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    below, above = np.maximum(-_LOW - values, 0), np.maximum(values - _HIGH, 0)
    # below / (1 + below) without the overflow
    bent: Float64[np.ndarray, " n"] = np.clip(values, -_LOW, _HIGH)
    return bent + np.log1p(above) - 1 + 1 / (1 + below)
