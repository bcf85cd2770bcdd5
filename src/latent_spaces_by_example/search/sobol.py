"""A scrambled Sobol sequence: evenly spread points, each trial the next of the sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float64
from scipy.stats import qmc

from latent_spaces_by_example.search.hypercube import CubeHistory, HypercubeSearch


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
        if trials.dims > qmc.Sobol.MAXDIM:
            return rng.random((n, trials.dims))
        # a Generator, and not the integer, keeps the argument's old and new names both out of it
        scramble = np.random.default_rng(trials.random_seed)
        sequence = qmc.Sobol(trials.dims, scramble=True, seed=scramble)
        if trials.num_trials:
            sequence.fast_forward(trials.num_trials)
        points: Float64[np.ndarray, "n dims"] = _random_any_number(sequence, n)
        return points


def _random_any_number(sequence: qmc.Sobol, n: int) -> Float64[np.ndarray, "n dims"]:
    # SciPy warns when the first call asks for a number that is no power of two: balance is the
    # user's to have at the end of the budget, not of each batch, so points are taken one by one.
    return np.concatenate([sequence.random(1) for _ in range(n)])
