"""The tree-structured Parzen estimator in the hypercube: Optuna's, rebuilt from the history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import optuna
from jaxtyping import Float64

from latent_spaces_by_example.search.hypercube import CubeHistory, HypercubeSearch
from latent_spaces_by_example.search.optuna_samplers import OptunaSearch
from latent_spaces_by_example.search.optuna_study import asked, quiet, replayed, violations_of


@dataclass(frozen=True)
class TPESearch(HypercubeSearch):
    """Propose u where better trials are denser than the others, by Optuna's sampler.

    Pending trials count as bad ones, so that workers spread out. Of several scores, better is what
    fewer trials dominate, and then what adds more to the volume that the front dominates.

    Attributes:
        num_startup_trials: uniform draws before the estimator is used.

    References:
        Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011;
        Watanabe, "Tree-structured Parzen estimator", arXiv 2304.11127.
    """

    num_startup_trials: int = 10
    takes_several_scores: ClassVar[bool] = True

    def propose_in_cube(
        self, trials: CubeHistory, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n dims"]:
        """Rebuild the study in memory and ask it for n points."""
        if not trials.objectives.shape[1]:
            return OptunaSearch(self._sampler(trials)).propose_in_cube(trials, n, rng)
        with quiet():
            sampler = self._sampler(trials, seed=int(rng.integers(2**31)))
            return asked(replayed(trials, sampler), n, dims=trials.dims)

    def _sampler(
        self, trials: CubeHistory, *, seed: int | None = None
    ) -> optuna.samplers.BaseSampler:
        several = trials.objectives.shape[1] > 0
        with quiet():
            return optuna.samplers.TPESampler(
                n_startup_trials=self.num_startup_trials,
                multivariate=True,
                constant_liar=True,
                seed=seed,
                # of one score, infeasible trials have a worse one than any feasible trial
                constraints_func=violations_of if several and trials.violations.shape[1] else None,
            )
