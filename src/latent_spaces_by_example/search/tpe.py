"""The tree-structured Parzen estimator in the hypercube: Optuna's, rebuilt from the history."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import optuna
from jaxtyping import Float64

from latent_spaces_by_example.search.hypercube import CubeHistory, HypercubeSearch
from latent_spaces_by_example.search.optuna_samplers import OptunaSearch


@dataclass(frozen=True)
class TPESearch(HypercubeSearch):
    """Propose u where better trials are denser than the others, by Optuna's sampler.

    Pending trials count as bad ones, so that workers spread out.

    Attributes:
        num_startup_trials: uniform draws before the estimator is used.

    References:
        Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011;
        Watanabe, "Tree-structured Parzen estimator", arXiv 2304.11127.
    """

    num_startup_trials: int = 10

    def propose_in_cube(
        self, trials: CubeHistory, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n dims"]:
        """Rebuild the study in memory and ask it for n points."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # options that Optuna calls experimental
            sampler = optuna.samplers.TPESampler(
                n_startup_trials=self.num_startup_trials, multivariate=True, constant_liar=True
            )
        return OptunaSearch(sampler).propose_in_cube(trials, n, rng)
