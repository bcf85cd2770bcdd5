"""How much of a poor score's badness the model sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

_HIGH, _FARTHEST = 4.0, 1e9


@dataclass(frozen=True)
class Tail:
    """Below a knee values count ever less: T'(v) = (1 + (knee - v) / scale)^-decay.

    How bad a bad score is does not matter to a search, and a cliff that ends in very bad ones
    hides from a smooth model what does. Above 4 values grow as the logarithm, whatever the tail.
    Order is kept.

    Attributes:
        knee: in spreads of the scores about their median.
        scale: positive; the shorter, the sooner a poor score is as bad as any.
        decay: 1, and T falls as the logarithm; or 2, and it ends at knee - scale.
    """

    knee: float
    scale: float
    decay: Literal[1, 2] = 1

    def bent(self, values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """T(v), shape (n,)."""
        below, above = self._beyond(values)
        bent: Float64[np.ndarray, " n"] = np.clip(values, self.knee, _HIGH)
        fallen = np.log1p(below) if self.decay == 1 else 1 - 1 / (1 + below)
        return bent + np.log1p(above) - self.scale * fallen

    def straightened(self, bent: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """The values that T bends to these, shape (n,); far below where it bends none so far.

        >>> LONG.straightened(LONG.bent(np.array([-9.0, 0.5, 60.0]))).round(9).tolist()
        [-9.0, 0.5, 60.0]
        """
        fallen = np.maximum(self.knee - bent, 0) / self.scale
        if self.decay == 1:
            below = np.expm1(fallen)
        else:
            below = 1 / np.maximum(1 - fallen, 1 / _FARTHEST) - 1
        above = np.expm1(np.maximum(bent - _HIGH, 0))
        values: Float64[np.ndarray, " n"] = np.clip(bent, self.knee, _HIGH)
        return values + above - self.scale * below

    def log_slope(self, values: Float64[np.ndarray, " n"]) -> float:
        """The sum of log T'(v): what densities of the values and of the bent ones differ by."""
        below, above = self._beyond(values)
        return float(-self.decay * np.log1p(below).sum() - np.log1p(above).sum())

    def _beyond(
        self, values: Float64[np.ndarray, " n"]
    ) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
        below = np.maximum(self.knee - values, 0) / self.scale
        return below, np.maximum(values - _HIGH, 0)


LONG = Tail(-2.0, 1.0, decay=2)
TAILS = (LONG, Tail(-1.0, 0.5), Tail(0.0, 0.25))
