"""The trials of a history as a study of Optuna in memory, for Optuna's samplers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import optuna
from jaxtyping import Float64
from optuna.trial import FrozenTrial, TrialState

from latent_spaces_by_example.search.hypercube import CubeHistory

_VIOLATIONS = "violations"


def names(dims: int) -> list[str]:
    """What Optuna calls the coordinates."""
    return [f"u{k}" for k in range(dims)]


def box(dims: int) -> dict[str, optuna.distributions.BaseDistribution]:
    """The unit hypercube."""
    return {name: optuna.distributions.FloatDistribution(0, 1) for name in names(dims)}


def violations_of(trial: FrozenTrial) -> Sequence[float]:
    """What Optuna's samplers take for ``constraints_func``."""
    found: Sequence[float] = trial.user_attrs[_VIOLATIONS]
    return found


@contextmanager
def quiet() -> Iterator[None]:
    """Without Optuna's messages, nor warnings of options that it calls experimental."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)


def replayed(trials: CubeHistory, sampler: optuna.samplers.BaseSampler) -> optuna.Study:
    """A study of several scores whose trials were asked for and told one after another.

    Asked for, since an evolutionary sampler notes then which generation a trial is of. Failed
    trials are told as such, pending ones stay open.
    """
    directions = [optuna.study.StudyDirection.MAXIMIZE] * trials.objectives.shape[1]
    study = optuna.create_study(directions=directions, sampler=sampler)
    space, keys = box(trials.dims), names(trials.dims)
    known = np.isfinite(trials.objectives).all(axis=1)
    for index, u in enumerate(trials.u):
        study.enqueue_trial(dict(zip(keys, u.tolist(), strict=True)))
        trial = study.ask(space)
        trial.set_user_attr(_VIOLATIONS, trials.violations[index].tolist())
        if known[index]:
            study.tell(trial, trials.objectives[index].tolist())
        elif not trials.pending[index]:
            study.tell(trial, state=TrialState.FAIL)
    return study


def asked(study: optuna.Study, n: int, *, dims: int) -> Float64[np.ndarray, "n dims"]:
    """The next n points."""
    found = [study.ask(box(dims)) for _ in range(n)]
    return np.array([[trial.params[name] for name in names(dims)] for trial in found])
