"""The tree-structured Parzen estimator in the hypercube: Optuna's, rebuilt from the history."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import optuna
from jaxtyping import Float64

from latent_spaces_by_example.search.hypercube import CubeHistory, HypercubeSearch
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
        if trials.objectives.shape[1]:
            with quiet():
                sampler = self._sampler(trials, int(rng.integers(2**31)))
                return asked(replayed(trials, sampler), n, dims=trials.dims)
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # options that Optuna calls experimental
                study = self._rebuild(trials, int(rng.integers(2**31)))
                trials_asked = [study.ask(_box(trials.dims)) for _ in range(n)]
        finally:
            optuna.logging.set_verbosity(verbosity)
        return np.array(
            [[trial.params[name] for name in _names(trials.dims)] for trial in trials_asked]
        )

    def _sampler(self, trials: CubeHistory, seed: int) -> optuna.samplers.BaseSampler:
        return optuna.samplers.TPESampler(
            n_startup_trials=self.num_startup_trials,
            multivariate=True,
            constant_liar=True,
            seed=seed,
            constraints_func=violations_of if trials.violations.shape[1] else None,
        )

    def _rebuild(self, trials: CubeHistory, seed: int) -> optuna.Study:
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=self.num_startup_trials,
            multivariate=True,
            constant_liar=True,
            seed=seed,
        )
        study = optuna.create_study(direction="maximize", sampler=sampler)
        box, names = _box(trials.dims), _names(trials.dims)
        for u, score, pending in zip(trials.u, trials.scores, trials.pending, strict=True):
            states = optuna.trial.TrialState
            study.add_trial(
                optuna.trial.create_trial(
                    state=states.RUNNING if pending else states.COMPLETE,
                    value=None if pending else float(score),
                    params=dict(zip(names, u.tolist(), strict=True)),
                    distributions=box,
                )
            )
        return study


def _names(dims: int) -> list[str]:
    return [f"u{k}" for k in range(dims)]


def _box(dims: int) -> dict[str, optuna.distributions.BaseDistribution]:
    return {name: optuna.distributions.FloatDistribution(0, 1) for name in _names(dims)}
