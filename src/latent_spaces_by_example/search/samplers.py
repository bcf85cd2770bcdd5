"""Optuna's samplers as searches of the hypercube: four by name, and any object of the user's."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
import optuna
from jaxtyping import Float64
from optuna.samplers import BaseSampler

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError
from latent_spaces_by_example.search.hypercube import CubeHistory, HypercubeSearch
from latent_spaces_by_example.search.optuna_study import (
    ask_sampler,
    fresh_copy,
    new_points,
    quiet,
    seeded_globals,
    violations_of,
)

# these read parameters and scores alone; the others may note things beside the trials they propose
_READ_TRIALS_ALONE = {"GPSampler", "RandomSampler", "TPESampler"}


@dataclass(frozen=True)
class SamplerSearch(HypercubeSearch):
    """Propose u by a fresh sampler in a study in memory, both made anew for each proposal.

    The sampler's seed comes from the study's random seed and the trial's number, so that the same
    history gives the same proposal, in another process too. A point that is known or pending
    already is replaced by a uniform one.

    Attributes:
        asked_again: whether the sampler is asked again for each earlier trial, so that what it
            notes beside a trial is there: CMA-ES and the genetic samplers learn nothing without.
            Takes a call per trial. By default for all but ``TPESampler``, ``GPSampler`` and
            ``RandomSampler``, which do not need it.
        fewest_dims: a smaller hypercube gets further dimensions, whose values are dropped.
    """

    asked_again: bool | None = field(default=None, kw_only=True)
    fewest_dims: ClassVar[int] = 1

    @abstractmethod
    def make_sampler(self, *, seed: int, constrained: bool) -> BaseSampler:
        """Return a fresh sampler.

        Args:
            seed: of all its random generators.
            constrained: whether trials have constraints that their scores do not show. With one
                score they do: what violates a constraint scores less than all that violates none.
        """

    def propose_in_cube(
        self, trials: CubeHistory, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n dims"]:
        """Rebuild the study in memory and ask it for n points."""
        seed = int(rng.integers(2**31))
        constrained = trials.objectives.shape[1] > 0 and trials.violations.shape[1] > 0
        with quiet(), seeded_globals(seed):
            sampler = self.make_sampler(seed=seed, constrained=constrained)
            kind, asked_again = type(sampler), self.asked_again
            if asked_again is None:
                is_optunas = kind.__module__.partition(".")[0] == "optuna"
                asked_again = not (is_optunas and kind.__name__ in _READ_TRIALS_ALONE)
            points = ask_sampler(
                sampler,
                trials,
                n=n,
                asked_again=asked_again,
                num_dims=max(trials.dims, self.fewest_dims),
            )
        return new_points(points, trials=trials, rng=rng)


@dataclass(frozen=True)
class TPESearch(SamplerSearch):
    """Propose u where better trials are denser than the others: the Parzen estimator of Optuna.

    Pending trials count as bad ones, so that points proposed together spread out. Of several
    scores, better is what fewer trials dominate, and then what adds more to the volume that the
    front dominates.

    Attributes:
        num_startup_trials: uniform draws before the estimator is used.

    References:
        Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011;
        Watanabe, "Tree-structured Parzen estimator", arXiv 2304.11127.
    """

    num_startup_trials: int = 10
    takes_several_scores: ClassVar[bool] = True

    def make_sampler(self, *, seed: int, constrained: bool) -> BaseSampler:
        """Return Optuna's ``TPESampler``, multivariate."""
        return optuna.samplers.TPESampler(
            n_startup_trials=self.num_startup_trials,
            multivariate=True,
            constant_liar=True,
            seed=seed,
            constraints_func=violations_of if constrained else None,
        )


@dataclass(frozen=True)
class CMAESSearch(SamplerSearch):
    """Follow the better half of each generation by a Gaussian over u: CMA-ES as Optuna has it.

    A generation is told once it is complete. Examples and trials of other searches count as
    members of the generation that they fall in; failed trials rank last.

    Attributes:
        sigma: standard deviation of the first generation, in units of u.
        population_size: trials in a generation; by default 4 + floor(3 ln(K - 1)).

    References:
        Hansen, "The CMA evolution strategy: a tutorial", arXiv 1604.00772.
    """

    sigma: float = 0.25
    population_size: int | None = None
    fewest_dims: ClassVar[int] = 2

    def make_sampler(self, *, seed: int, constrained: bool) -> BaseSampler:
        """Return Optuna's ``CmaEsSampler``."""
        return optuna.samplers.CmaEsSampler(
            sigma0=self.sigma,
            popsize=self.population_size,
            n_startup_trials=1,
            warn_independent_sampling=False,
            seed=seed,
        )


@dataclass(frozen=True)
class NSGAIISearch(SamplerSearch):
    """Evolve a population towards the Pareto front, spread along it: NSGA-II as Optuna has it.

    Trials that violate constraints are beaten by all that meet them, and by those that violate
    less in all.

    Attributes:
        population_size: trials in a generation, at least 2.

    References:
        Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE
        Transactions on Evolutionary Computation 6 (2002).
    """

    population_size: int = 20
    takes_one_score: ClassVar[bool] = False
    takes_several_scores: ClassVar[bool] = True

    def make_sampler(self, *, seed: int, constrained: bool) -> BaseSampler:
        """Return Optuna's ``NSGAIISampler``."""
        return optuna.samplers.NSGAIISampler(
            population_size=self.population_size,
            seed=seed,
            constraints_func=violations_of if constrained else None,
        )


@dataclass(frozen=True)
class GPSearch(SamplerSearch):
    """Maximise log expected improvement of a Gaussian process over u, as Optuna has it.

    Needs PyTorch.

    Attributes:
        num_startup_trials: uniform draws before the process is used.

    Raises:
        MissingPackageError: PyTorch is not installed.
    """

    num_startup_trials: int = 10
    takes_several_scores: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse before the first evaluation what the sampler would miss after the tenth."""
        if find_spec("torch") is None:
            raise MissingPackageError("search='gp' needs the package 'torch': pip install torch")

    def make_sampler(self, *, seed: int, constrained: bool) -> BaseSampler:
        """Return Optuna's ``GPSampler``."""
        return optuna.samplers.GPSampler(
            n_startup_trials=self.num_startup_trials,
            seed=seed,
            deterministic_objective=False,
            constraints_func=violations_of if constrained else None,
        )


@dataclass(frozen=True)
class OptunaSearch(SamplerSearch):
    """Propose u by a sampler object of Optuna that the user made.

    For each proposal the sampler is copied, and every random generator in the copy is seeded. The
    object itself is never changed. Its own seed matters only where it is more than the seed of a
    generator (``QMCSampler`` scrambles by it: give it one).

    Failed and pending trials have the worst score so far; what other searches and the examples
    scored is shown to the sampler like everything else.

    Attributes:
        sampler: for example ``optuna.samplers.GPSampler()``.

    Raises:
        ArgumentError: ``sampler`` is no sampler object.

    Example:
        >>> import optuna
        >>> OptunaSearch(optuna.samplers.RandomSampler()).name
        'optuna:RandomSampler'
    """

    sampler: Any
    takes_several_scores: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse what is no sampler, before anything is evaluated."""
        if not isinstance(self.sampler, BaseSampler):
            raise ArgumentError(
                f"sampler={self.sampler!r}; expected a sampler object of Optuna, such as "
                "optuna.samplers.GPSampler()"
            )

    @property
    def name(self) -> str:
        """Name that a study records."""
        return f"optuna:{type(self.sampler).__name__}"

    def make_sampler(self, *, seed: int, constrained: bool) -> BaseSampler:
        """Return a copy, all of whose random generators are seeded."""
        return fresh_copy(self.sampler, seed=seed)

    def check(self, *, num_scores: int, num_given: int, within_span: bool) -> None:
        """Ask the sampler for a first point, so that one which cannot is refused at once.

        Raises:
            ArgumentError: see :meth:`HypercubeSearch.check`; or the sampler cannot propose real
                numbers named "u0", "u1", ... in [0, 1].
        """
        super().check(num_scores=num_scores, num_given=num_given, within_span=within_span)
        dims = num_given - 1
        nothing = CubeHistory(
            u=np.zeros((0, dims)),
            scores=np.zeros(0),
            pending=np.zeros(0, dtype=bool),
            num_trials=0,
            random_seed=0,
            objectives=np.zeros((0, num_scores if num_scores > 1 else 0)),
            violations=np.zeros((0, 0)),
        )
        self.propose_in_cube(nothing, 1, np.random.default_rng(0))

    def propose_in_cube(
        self, trials: CubeHistory, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n dims"]:
        """Rebuild the study in memory and ask it for n points.

        Raises:
            ArgumentError: the sampler raises, or proposes points outside [0, 1].
        """
        try:
            points = super().propose_in_cube(trials, n, rng)
        except Exception as error:
            scores = trials.objectives.shape[1] or 1
            raise ArgumentError(
                f"{self.name} cannot propose points of the box u0, ..., u{trials.dims - 1} in "
                f"[0, 1] for {scores} scores to maximise: {type(error).__name__}: {error}"
            ) from error
        return points
