"""Compute the tail probability of a ratio of quadratic forms in independent Gaussians.

Autocorrelations are such ratios, and at a few hundred elements their tails are far from a
Gaussian's: the saddlepoint approximation is right there to a per cent or so.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.optimize import brentq

_BINS = 2048
_EDGE = 1e-9
_AT_THE_MEAN = 1e-3


def binned(
    values: Float64[np.ndarray, " n"],
) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
    """Return distinct values and their counts; the means of narrow bins if there are very many."""
    distinct, counts = np.unique(values.round(9), return_counts=True)
    if len(distinct) <= _BINS:
        return distinct, counts.astype(np.float64)
    edges = np.linspace(values.min(), values.max(), _BINS + 1)
    counts_in = np.histogram(values, edges)[0].astype(np.float64)
    sums = np.histogram(values, edges, weights=values)[0]
    kept = counts_in > 0
    means: Float64[np.ndarray, " m"] = sums[kept] / counts_in[kept]
    return means, counts_in[kept]


def ratio_z(
    ratio: float, values: Float64[np.ndarray, " m"], counts: Float64[np.ndarray, " m"]
) -> float:
    """Return the z of R = sum_j v_j g_j^2 / sum_j g_j^2: P(g > z) = P(R > r), g standard Gaussian.

    R > r exactly if X = sum_j (v_j - r) g_j^2 > 0. With K the cumulant generating function of X
    and K'(s) = 0: w = sign(s) sqrt(-2 K(s)), v = s sqrt(K''(s)), z = w + log(v / w) / w.

    Args:
        ratio: the r that was observed; between the least and the largest value.
        values: the v_j.
        counts: how many of the independent Gaussians g have each value.

    Source: Lieberman 1994 (J. Am. Stat. Assoc. 89) for the ratio, Barndorff-Nielsen 1991
    (Biometrika 78) for the form with w + log(v / w) / w.

    Example:
        >>> values, counts = np.array([-1.0, 1.0]), np.array([32.0, 32.0])
        >>> round(ratio_z(0.0, values, counts), 3), round(ratio_z(0.3, values, counts), 2)
        (0.0, 1.72)
    """
    spread = float(values.max() - values.min())
    low, high = values.min() + _EDGE * spread, values.max() - _EDGE * spread
    a = values - min(max(ratio, low), high)

    def slope(s: float) -> float:
        return float((counts * a / (1.0 - 2.0 * s * a)).sum())

    first, last = 0.5 / float(a.min()), 0.5 / float(a.max())
    s = float(brentq(slope, first * (1.0 - 1e-12), last * (1.0 - 1e-12), xtol=1e-300, rtol=1e-12))
    shrunk = 1.0 - 2.0 * s * a
    minus_k = 0.5 * float((counts * np.log(shrunk)).sum())
    w = float(np.sign(s) * np.sqrt(2.0 * max(minus_k, 0.0)))
    if abs(w) < _AT_THE_MEAN:
        return w
    v = s * float(np.sqrt(2.0 * (counts * (a / shrunk) ** 2).sum()))
    return w + float(np.log(v / w)) / w
