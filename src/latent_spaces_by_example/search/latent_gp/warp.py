"""Scores of any scale, with outliers and cliffs, as values that a Gaussian process can fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.latent_gp.directions import Values

_HIGH, _FARTHEST = 4.0, 1e9


@dataclass(frozen=True)
class OutputWarp:
    """Below a knee values count ever less: T'(v) = (1 + (knee - v) / scale)^-decay.

    Very poor scores are flattened, so that a cliff does not drown the slope beside it. Above 4
    values grow as the logarithm, whatever the warp. Order is kept.

    Attributes:
        knee: in spreads of the scores about their median.
        scale: positive; the shorter, the sooner a poor score is as bad as any.
        decay: 1, and T falls as the logarithm; or 2, and it ends at knee - scale.
    """

    knee: float
    scale: float
    decay: Literal[1, 2] = 1

    def warped(self, values: Values) -> Values:
        """Return T(v), shape (n,)."""
        below, above = self._beyond(values)
        warped: Values = np.clip(values, self.knee, _HIGH)
        fallen = np.log1p(below) if self.decay == 1 else 1 - 1 / (1 + below)
        return warped + np.log1p(above) - self.scale * fallen

    def unwarped(self, warped: Values) -> Values:
        """Return the values that T maps to these, shape (n,); far below where it maps none.

        >>> LONG.unwarped(LONG.warped(np.array([-9.0, 0.5, 60.0]))).round(9).tolist()
        [-9.0, 0.5, 60.0]
        """
        fallen = np.maximum(self.knee - warped, 0) / self.scale
        if self.decay == 1:
            below = np.expm1(fallen)
        else:
            below = 1 / np.maximum(1 - fallen, 1 / _FARTHEST) - 1
        above = np.expm1(np.maximum(warped - _HIGH, 0))
        values: Values = np.clip(warped, self.knee, _HIGH)
        return values + above - self.scale * below

    def log_slope(self, values: Values) -> float:
        """Return the sum of log T'(v), the ratio of both densities."""
        below, above = self._beyond(values)
        return float(-self.decay * np.log1p(below).sum() - np.log1p(above).sum())

    def _beyond(self, values: Values) -> tuple[Values, Values]:
        below = np.maximum(self.knee - values, 0) / self.scale
        return below, np.maximum(values - _HIGH, 0)


LONG = OutputWarp(-2.0, 1.0, decay=2)
OUTPUT_WARPS = (LONG, OutputWarp(-1.0, 0.5), OutputWarp(0.0, 0.25))


def standardised(scores: Values, *, output_warp: OutputWarp = LONG) -> Values:
    """Return finite scores about their median in units of their spread, with both tails bent.

    Above 4 spreads they grow as the logarithm, below a knee they fall even less: one catastrophic
    score must not flatten the differences that matter, how bad a bad score is does not matter, and
    order is kept.

    Args:
        scores: shape (n,).
        output_warp: the warp of poor scores.
    """
    return output_warp.warped(in_spreads(scores))


def in_spreads(scores: Values) -> Values:
    """Return finite scores about their median in units of their spread; 0 if all are equal."""
    top, middle, spread = _scale(scores)
    if not spread > 0:
        return np.zeros(len(scores))
    return np.clip(scores / top - middle, -_FARTHEST * spread, _FARTHEST * spread) / spread


def from_standardised(
    values: Float64[np.ndarray, " m"], scores: Values, *, output_warp: OutputWarp = LONG
) -> Float64[np.ndarray, " m"]:
    """Return the scores that have these values by the standard of others.

    Args:
        values: shape (m,), as :func:`standardised` makes them of scores.
        scores: shape (n,), whose median and spread they refer to.
        output_warp: the warp of poor scores.
    """
    top, middle, spread = _scale(scores)
    largest = np.finfo(float).max
    with np.errstate(over="ignore"):
        return np.clip(top * (middle + spread * output_warp.unwarped(values)), -largest, largest)


def margins(constraint: Values) -> Values:
    """Return how far a constraint is from being violated: at least 0 where it is met.

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


def _scale(scores: Values) -> tuple[float, float, float]:
    """Return the largest magnitude of the scores, and in units of it their median and spread.

    In units of it first, since scores near the largest float must not overflow.
    """
    top = float(np.abs(scores).max(initial=0)) or 1.0
    if not len(scores):
        return top, 0.0, 0.0
    y = scores / top
    middle = float(np.median(y))
    return top, middle, _spread(y - middle)


def _spread(y: Values) -> float:
    spread = 1.4826 * float(np.median(np.abs(y)))
    if spread == 0 and y.any():  # more than half are ties
        spread = 1.4826 * float(np.median(np.abs(y[y != 0])))
    return spread


def _flattened(values: Values) -> Values:
    beyond = np.log1p(np.maximum(np.abs(values) - _HIGH, 0))
    flattened: Values = np.clip(values, -_HIGH, _HIGH) + np.sign(values) * beyond
    return flattened
