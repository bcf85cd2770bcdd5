"""Several scores: which trials no other one beats in all, and one score made of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float64

from latent_spaces_by_example.search.base import History

# the share of the sum, which keeps points that only tie in the worst score from being proposed
_SUM = 0.05


def non_dominated(values: Float64[np.ndarray, "n p"]) -> Bool[np.ndarray, " n"]:
    """Return true where no other row is at least as high in every column and higher in one.

    Equal rows do not dominate each other.

    >>> non_dominated(np.array([[1.0, 3.0], [2.0, 2.0], [1.0, 2.0]])).tolist()
    [True, True, False]
    """
    front = np.ones(len(values), dtype=bool)
    for index, row in enumerate(values):
        front[index] = not ((values >= row).all(axis=1) & (values > row).any(axis=1)).any()
    return front


def scalarised(history: History, rng: np.random.Generator) -> History:
    """Return the history with one score: a Tchebycheff function of random weights, augmented.

    s = -max_j w_j d_j - 0.05 sum_j w_j d_j, d_j being how far score j is below the front's highest,
    in units of the front's range, and w uniform on the simplex. Its maximum is on the Pareto front
    whatever w, also where the front is not convex, and w moves it along the front.

    Args:
        history: of p >= 2 scores.
        rng: draws w.

    References:
        Knowles, "ParEGO", IEEE Transactions on Evolutionary Computation 10 (2006), eq. 2.
    """
    values = history.objectives
    weights = rng.dirichlet(np.ones(values.shape[1]))
    known = history.finished
    counted = history.feasible if history.feasible.any() else known
    if not known.any():
        return replace(history, objectives=np.zeros((len(history), 0)))
    # so that the squares of scores near the largest float do not overflow
    values = values / np.maximum(np.abs(values[known]).max(axis=0), 1e-300)
    front = values[counted][non_dominated(values[counted])]
    high, low = front.max(axis=0), front.min(axis=0)
    spread = np.where(high > low, high - low, values[known].std(axis=0))
    below = (high - values) / np.where(spread > 0, spread, 1.0)
    score = -(weights * below).max(axis=1) - _SUM * (weights * below).sum(axis=1)
    return replace(
        history, scores=np.where(known, score, np.nan), objectives=np.zeros((len(history), 0))
    )
