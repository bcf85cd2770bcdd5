"""One figure of a latent or of a set, and how likely a true prior draw is to have one so odd."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

LEAST_P = 1e-300

# What the published transformation of the kurtosis gets wrong far out, measured on millions of
# draws: at 256 elements z > 4.5 is four times too frequent, at 64 z < -4.1 ten times. So scaled
# down, neither side was found too often between 24 and 1024 elements.
_HEAVY_TAILS, _LIGHT_TAILS = 0.9, 0.8


@dataclass(frozen=True)
class Figure:
    """A statistic with its p-value.

    Attributes:
        name: such as "norm" or "kurtosis".
        value: in its own units; what it means is in the table of ``docs/checking.md``.
        p_value: the share of true prior draws with one at least so odd.
        z: signed, where odd can be too small as well as too large: standard Gaussian under the
            null. None for a statistic that is odd only when large.
        adjusted: the p-value after account is taken of all the tests of the report: below
            ``level``, it counts against the latents. Until then 1.
    """

    name: str
    value: float
    p_value: float
    z: float | None = None
    adjusted: float = 1.0


def from_z(name: str, value: float, *, z: float) -> Figure:
    """A figure that is odd on either side, by its z."""
    return Figure(name, value, p_value=max(float(2.0 * ndtr(-abs(z))), LEAST_P), z=z)


def from_tails(name: str, value: float, *, below: float, above: float) -> Figure:
    """A figure that is odd on either side, by its two tail probabilities."""
    tail = min(float(below), float(above))
    z = float(np.sign(below - above) * -ndtri(min(max(tail, LEAST_P), 0.5)))
    return Figure(name, value, p_value=float(min(1.0, max(2.0 * tail, LEAST_P))), z=z)


def cautious_kurtosis(z: float) -> float:
    """The z of a kurtosis, scaled down so that it is not too large too often."""
    return z * (_HEAVY_TAILS if z > 0.0 else _LIGHT_TAILS)


def pooled(name: str, value: float, *, zs: list[float]) -> Figure:
    """A tendency that the latents share: sum z_k / sqrt(K) of independent latents' figures.

    Source: Stouffer et al. 1949.
    """
    return from_z(name, value, z=float(np.sum(zs) / np.sqrt(len(zs))))
