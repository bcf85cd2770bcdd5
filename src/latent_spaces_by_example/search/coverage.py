"""Searches that cover the hypercube and look at no score: uniform points, and a Sobol sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.hypercube import CubeHistory, HypercubeSearch


@dataclass(frozen=True)
class RandomSearch(HypercubeSearch):
    """u ~ U[0, 1]^(K-1), so that with the default chart w is uniform on the positive orthant.

    Example:
        >>> RandomSearch()
        RandomSearch(weight_chart=None)
    """

    takes_several_scores: ClassVar[bool] = True

    def propose_in_cube(
        self, trials: CubeHistory, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n dims"]:
        """Draw n uniform points."""
        return rng.random((n, trials.dims))


@dataclass(frozen=True)
class SobolSearch(HypercubeSearch):
    """The i-th trial is the i-th point of the Sobol sequence that the study's seed scrambles.

    In more than 21,201 dimensions, where no Sobol numbers are tabulated, points are uniform.

    References:
        Owen, "Scrambling Sobol' and Niederreiter-Xing points", J. Complexity 14 (1998).
    """

    takes_several_scores: ClassVar[bool] = True

    def propose_in_cube(
        self, trials: CubeHistory, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n dims"]:
        """Return points number ``num_trials`` to ``num_trials + n - 1``."""
        from scipy.stats import qmc  # takes longer to import than all else that a study needs

        if trials.dims > qmc.Sobol.MAXDIM:
            return rng.random((n, trials.dims))
        # a Generator is taken under the old and the new name of this argument alike
        scramble = np.random.default_rng(trials.random_seed)
        sequence = qmc.Sobol(trials.dims, scramble=True, seed=scramble)
        if trials.num_trials:
            sequence.fast_forward(trials.num_trials)
        # one by one: SciPy warns of numbers that are no power of two, and balance is wanted at
        # the end of the budget, not in each batch
        return np.concatenate([sequence.random(1) for _ in range(n)])
