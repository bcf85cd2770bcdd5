"""Any sampler of Optuna as a search of the hypercube, rebuilt from the history."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import optuna
from jaxtyping import Float64
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.hypercube import CubeHistory, HypercubeSearch
from latent_spaces_by_example.search.optuna_study import box, names, quiet
from latent_spaces_by_example.search.points import checked_points, without_repeats
from latent_spaces_by_example.search.randomness import reseed, seeded_globals

# these read parameters and values alone; the others may note things beside the trials they propose
_READ_TRIALS_ALONE = {"GPSampler", "RandomSampler", "TPESampler"}


@dataclass(frozen=True)
class OptunaSearch(HypercubeSearch):
    """Propose u by a sampler of Optuna, in a study in memory that is rebuilt for each proposal.

    The sampler is copied, and every random generator in the copy is seeded from the study's random
    seed and the trial's number: the same history gives the same proposal, in another process too.
    The sampler object itself is never changed. Its own seed matters only where it is more than the
    seed of a generator (``QMCSampler`` scrambles by it: give it one).

    Failed and pending trials have the worst score so far; what other searches and the examples
    scored is told to the sampler like everything else. A point that is known or pending already
    is replaced by a uniform one.

    Attributes:
        sampler: for example ``optuna.samplers.GPSampler()``.
        asked_again: whether the sampler is asked again for each earlier trial, so that what it
            notes beside a trial is there: CMA-ES and the genetic samplers learn nothing without.
            Takes a call per trial. By default for all but ``TPESampler``, ``GPSampler`` and
            ``RandomSampler``, which need it not.

    Raises:
        ArgumentError: ``sampler`` is no sampler object; or it cannot propose real numbers named
            "u0", "u1", ... in [0, 1], found out at the first proposal.

    Example:
        >>> import optuna
        >>> OptunaSearch(optuna.samplers.RandomSampler()).name
        'optuna:RandomSampler'
    """

    sampler: Any
    _: KW_ONLY
    asked_again: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what is no sampler, before anything is evaluated."""
        if not isinstance(self.sampler, BaseSampler):
            raise ArgumentError(
                f"sampler={self.sampler!r}; expected a sampler object of Optuna, such as "
                "optuna.samplers.GPSampler()"
            )

    @property
    def name(self) -> str:
        """What a study records."""
        return f"optuna:{type(self.sampler).__name__}"

    def propose_in_cube(
        self, trials: CubeHistory, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n dims"]:
        """Rebuild the study in memory and ask it for n points."""
        seed = int(rng.integers(2**31))
        sampler = copy.deepcopy(self.sampler)
        with quiet(), seeded_globals(seed):
            try:
                study = self._rebuilt(sampler, trials)
                reseed(sampler, seed)
                asked = [study.ask(box(trials.dims)) for _ in range(n)]
            except Exception as error:
                raise ArgumentError(
                    f"{self.name} cannot propose points of the box u0, ..., u{trials.dims - 1} in "
                    f"[0, 1], one score to maximise: {type(error).__name__}: {error}"
                ) from error
        points = [[trial.params[name] for name in names(trials.dims)] for trial in asked]
        checked = checked_points(points, dims=trials.dims, who=self.name)
        return without_repeats(checked, n=n, trials=trials, rng=rng)

    def _rebuilt(self, sampler: BaseSampler, trials: CubeHistory) -> optuna.Study:
        study = optuna.create_study(direction="maximize", sampler=sampler)
        asked_again = self.asked_again
        if asked_again is None:
            kind = type(sampler)
            asked_again = kind.__name__ not in _READ_TRIALS_ALONE or "optuna" not in kind.__module__
        for number in range(len(trials.u)):
            if not asked_again:
                _add(study, trials, number)
                continue
            reseed(sampler, _seed_of(trials, number))
            study.sampler = _Overruled(sampler, _parameters(trials, number))
            trial = study.ask(box(trials.dims))
            if not trials.pending[number]:
                study.tell(trial, float(trials.scores[number]))
        study.sampler = sampler
        return study


class _Overruled(BaseSampler):
    """A sampler that is asked for a trial as ever, and whose answer is replaced by what was done.

    Optuna would not ask it at all about a trial that is enqueued with all its parameters.
    """

    def __init__(self, sampler: BaseSampler, done: dict[str, float]) -> None:
        self._sampler, self._done = sampler, done

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        proposed = self._sampler.sample_relative(study, trial, search_space)
        return {name: self._done[name] for name in proposed}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        self._sampler.sample_independent(study, trial, param_name, param_distribution)
        return self._done[param_name]

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._sampler.before_trial(study, trial)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        self._sampler.after_trial(study, trial, state, values)


def _seed_of(trials: CubeHistory, number: int) -> int:
    return int(np.random.default_rng([trials.random_seed, number]).integers(2**31))


def _add(study: optuna.Study, trials: CubeHistory, number: int) -> None:
    pending = bool(trials.pending[number])
    study.add_trial(
        create_trial(
            state=TrialState.RUNNING if pending else TrialState.COMPLETE,
            value=None if pending else float(trials.scores[number]),
            params=_parameters(trials, number),
            distributions=box(trials.dims),
        )
    )


def _parameters(trials: CubeHistory, number: int) -> dict[str, float]:
    return dict(zip(names(trials.dims), trials.u[number].tolist(), strict=True))
