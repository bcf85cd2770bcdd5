"""The best of N prior draws: what a model gives to whoever only draws and picks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

FEWEST_DRAWS = 8


@dataclass(frozen=True)
class BestOfN:
    """Quantiles of the best score among N of the m draws that were made, for N = 1, 2, ...

    Attributes:
        num_draws: m.
        low, median, high: quantiles at 10, 50 and 90 per cent, shape (m // 2,); the worst there
            is, an infinity, where so many draws may all have failed.
    """

    num_draws: int
    low: Float64[np.ndarray, " N"]
    median: Float64[np.ndarray, " N"]
    high: Float64[np.ndarray, " N"]


def best_of_n(scores: Float64[np.ndarray, " m"], *, minimise: bool = False) -> BestOfN | None:
    """Return quantiles of the best of N draws, exactly, over all choices of N from the m made.

    With the scores sorted, P(best of N <= x_j) = C(j, N) / C(m, N). Nothing is assumed about the
    scores' law. The last N is m / 2, because beyond it most choices share their best.

    Args:
        scores: of m independent prior draws, NaN where a draw failed, which counts as the worst.
        minimise: whether the best of N is the lowest.

    Returns:
        The quantiles, or None where m is below 8, which tells too little.

    Example:
        >>> best_of_n(np.arange(8.0)).median.tolist()
        [3.0, 5.0, 6.0, 6.0]
    """
    m = len(scores)
    if m < FEWEST_DRAWS:
        return None
    sign = -1.0 if minimise else 1.0
    ordered = np.sort(np.where(np.isfinite(scores), sign * scores, -np.inf))
    below = np.ones(m)  # P(best of N <= x_j) for j = 1..m, by C(j, N) = C(j, N-1) (j-N+1) / N
    quantiles = []
    for n in range(m // 2):
        below = below * np.maximum(np.arange(1, m + 1) - n, 0) / (m - n)
        # rounding must not carry a quantile that lies exactly on a draw to the one above
        quantiles.append(ordered[np.searchsorted(below, np.array([0.1, 0.5, 0.9]) - 1e-12)])
    low, median, high = sign * np.array(quantiles).T
    low, high = np.minimum(low, high), np.maximum(low, high)
    return BestOfN(m, low, median, high)
