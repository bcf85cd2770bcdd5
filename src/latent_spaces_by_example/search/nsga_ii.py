"""NSGA-II in the hypercube, for several scores: Optuna's, replayed from the history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import optuna
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.hypercube import CubeHistory, HypercubeSearch
from latent_spaces_by_example.search.optuna_study import asked, quiet, replayed, violations_of


@dataclass(frozen=True)
class NSGAIISearch(HypercubeSearch):
    """Evolve a population towards the Pareto front, spread along it.

    Trials that violate constraints are beaten by all that meet them, and by those that violate
    less in all.

    Attributes:
        population_size: trials in a generation, at least 2.

    References:
        Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE
        Transactions on Evolutionary Computation 6 (2002).
    """

    population_size: int = 20
    takes_several_scores: ClassVar[bool] = True

    def propose_in_cube(
        self, trials: CubeHistory, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n dims"]:
        """Evolve from the finished generations again, and ask for n points of the next.

        Raises:
            ArgumentError: the study has one score.
        """
        if not len(trials.u):
            return rng.random((n, trials.dims))
        if not trials.objectives.shape[1]:
            raise ArgumentError("NSGAIISearch is for several scores; this study has one")
        constrained = trials.violations.shape[1] > 0
        with quiet():
            sampler = optuna.samplers.NSGAIISampler(
                population_size=self.population_size,
                seed=int(rng.integers(2**31)),
                constraints_func=violations_of if constrained else None,
            )
            study = replayed(trials, sampler, population_size=self.population_size)
            return asked(study, n, dims=trials.dims)
