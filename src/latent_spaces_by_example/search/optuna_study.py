"""A history as a study of Optuna in memory, and the points that a fresh sampler proposes there."""

from __future__ import annotations

import io
import pickle
import random
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import optuna
from jaxtyping import Float64
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from latent_spaces_by_example.search.hypercube import EDGE, CubeHistory

_VIOLATIONS = "violations"
_SAME = 1e-7  # u comes back from w to about 1e-12, with room to spare


def ask_sampler(
    sampler: BaseSampler,
    trials: CubeHistory,
    *,
    n: int,
    asked_again: bool,
    num_dims: int | None = None,
) -> Float64[np.ndarray, "n dims"]:
    """Rebuild the study in memory, and ask the sampler for n points more.

    The study has one score, or the trials' several ones. Trials without a score stay open if they
    are pending; failed ones have the worst score so far, or are left out where there are several.

    Args:
        sampler: fresh, seeded, and not used again.
        trials: the history in the hypercube.
        n: number of points.
        asked_again: ask the sampler again for each earlier trial, and put what was really
            evaluated in place of its answer. CMA-ES and the genetic samplers note things beside
            the trials that they propose, and learn nothing without. Otherwise it is shown the
            trials alone.
        num_dims: dimension of the box, at least ``trials.dims``; coordinates beyond those are the
            sampler's own, and are dropped.

    Returns:
        Points as the sampler proposed them, which need not be new.

    Raises:
        ValueError: the sampler proposed a point outside [0, 1].
    """
    several = trials.objectives.shape[1]
    study = optuna.create_study(directions=["maximize"] * max(several, 1))
    box: dict[str, BaseDistribution] = {
        f"u{k}": FloatDistribution(0, 1) for k in range(num_dims or trials.dims)
    }
    known = np.isfinite(trials.objectives).all(axis=1) & ~trials.pending
    for index, u in enumerate(trials.u):
        if not known[index] and not trials.pending[index]:
            continue  # failed, of several scores
        done = {f"u{k}": value for k, value in enumerate(u.tolist())}
        study.sampler = _Overruled(sampler, done, asks=asked_again)
        trial = study.ask(box)
        if known[index]:
            trial.set_user_attr(_VIOLATIONS, trials.violations[index].tolist())
            scores = trials.objectives[index] if several else trials.scores[index : index + 1]
            study.tell(trial, scores.tolist())
    study.sampler = sampler
    asked = [study.ask(box) for _ in range(n)]
    points = np.array([[trial.params[name] for name in box] for trial in asked], dtype=np.float64)
    low, high = points.min(), points.max()
    if not (low >= 0 and high <= 1):
        raise ValueError(f"it proposed coordinates from {low:.6g} to {high:.6g}")
    return points[:, : trials.dims]


class _Overruled(BaseSampler):
    """A sampler whose answer is replaced by what was evaluated; asked in vain, or not at all.

    Optuna does not ask a sampler about a trial that is enqueued with all its parameters.
    """

    def __init__(self, sampler: BaseSampler, done: Mapping[str, float], *, asks: bool) -> None:
        self._sampler, self._done, self._asks = sampler, done, asks

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._sampler.infer_relative_search_space(study, trial) if self._asks else {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        if not self._asks:
            return {}
        proposed = self._sampler.sample_relative(study, trial, search_space)
        return {name: self._done.get(name, value) for name, value in proposed.items()}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        if not self._asks and param_name in self._done:
            return self._done[param_name]
        value = self._sampler.sample_independent(study, trial, param_name, param_distribution)
        return self._done.get(param_name, value)

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


def violations_of(trial: FrozenTrial) -> Sequence[float]:
    """Return a trial's constraint values, as a sampler's ``constraints_func``."""
    violations: Sequence[float] = trial.user_attrs[_VIOLATIONS]
    return violations


def new_points(
    points: Float64[np.ndarray, "n dims"], *, trials: CubeHistory, rng: np.random.Generator
) -> Float64[np.ndarray, "n dims"]:
    """Return the points, with uniform ones in place of those that are known or pending already.

    A generator and an objective that repeat themselves teach nothing when asked the same again.
    """
    tried = trials.u
    for point in np.clip(points, EDGE, 1 - EDGE):
        is_repeated = np.abs(tried - point).max(axis=1, initial=0.0).min(initial=1.0) < _SAME
        point = rng.random(trials.dims) if is_repeated else point
        tried = np.concatenate([tried, point[None]])
    return tried[len(trials.u) :]


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Optuna's messages, and its warnings of options that it calls experimental."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)


@contextmanager
def seeded_globals(seed: int) -> Iterator[None]:
    """Seed NumPy's and Python's global generators inside, and give them back as they were."""
    before = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before[0])  # noqa: NPY002
        random.setstate(before[1])


def fresh_copy(sampler: BaseSampler, *, seed: int) -> BaseSampler:
    """Return a copy of a sampler in which every random generator is made anew from the seed.

    Pickling visits all that the sampler holds, and lets us say what a generator is remade as.
    Functions, classes and modules are shared with the original.
    """
    shared: list[Any] = []
    buffer = io.BytesIO()
    _Pickler(buffer, seed=seed, shared=shared).dump(sampler)
    buffer.seek(0)
    copied: BaseSampler = _Unpickler(buffer, shared=shared).load()
    return copied


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, *, seed: int, shared: list[Any]) -> None:
        super().__init__(file)
        self._seed, self._shared = seed, shared

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, np.random.Generator):
            return np.random.default_rng, (self._seed,)
        # the last is Optuna's, which makes its generator from the clock when it is first asked
        is_seeded_by_type = isinstance(obj, np.random.RandomState | random.Random)
        if is_seeded_by_type or type(obj).__name__ == "LazyRandomState":
            return type(obj), (self._seed,)
        return NotImplemented

    def persistent_id(self, obj: Any) -> int | None:
        if not isinstance(obj, type | FunctionType | MethodType | ModuleType):
            return None
        self._shared.append(obj)
        return len(self._shared) - 1


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, *, shared: list[Any]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, pid: Any) -> Any:
        return self._shared[pid]
