"""CMA-ES in the hypercube: the ``cmaes`` package, replayed from the history."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from cmaes import CMA
from jaxtyping import Float64

from latent_spaces_by_example.search.hypercube import CubeHistory, HypercubeSearch


@dataclass(frozen=True)
class CMAESSearch(HypercubeSearch):
    """A Gaussian over u that follows the better half of each generation.

    Generations are the history's trials in order, as many at a time as the population has;
    failed and pending ones rank last. A run that has converged is restarted at a random place.

    Attributes:
        sigma: standard deviation of the first generation, in units of u.
        population_size: trials in a generation; by default 4 + floor(3 ln(K - 1)).

    References:
        Hansen, "The CMA evolution strategy: a tutorial", arXiv 1604.00772.
    """

    sigma: float = 0.25
    population_size: int | None = None

    def propose_in_cube(
        self, trials: CubeHistory, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n dims"]:
        """Tell the finished generations again, and ask for n points of the next."""
        # replaying draws nothing, so that the seed matters only to what is asked for now
        seed = int(rng.integers(2**31))
        strategy = self._start(trials, restarts=0, seed=seed)
        restarts, size = 0, strategy.population_size
        # a generation with a trial still pending is not told: its ranking may yet change
        waiting = np.flatnonzero(trials.pending)
        known = int(waiting[0]) if len(waiting) else len(trials.u)
        for first in range(0, known - size + 1, size):
            generation = slice(first, first + size)
            strategy.tell(list(zip(trials.u[generation], -trials.scores[generation], strict=True)))
            if strategy.should_stop():
                restarts += 1
                strategy = self._start(trials, restarts=restarts, seed=seed)
        return np.stack([strategy.ask() for _ in range(n)])

    def _start(self, trials: CubeHistory, *, restarts: int, seed: int) -> CMA:
        middle = np.full(trials.dims, 0.5)
        if restarts:
            middle = np.random.default_rng([trials.random_seed, restarts]).random(trials.dims)
        bounds = np.tile([0.0, 1.0], (trials.dims, 1))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return CMA(
                mean=middle,
                sigma=self.sigma,
                bounds=bounds,
                population_size=self.population_size,
                seed=seed,
            )
