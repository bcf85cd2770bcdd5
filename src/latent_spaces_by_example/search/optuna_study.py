"""The trials of a history as a study of Optuna in memory, for Optuna's samplers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from jaxtyping import Float64
from optuna.trial import FrozenTrial, TrialState

from latent_spaces_by_example.search.hypercube import CubeHistory

_VIOLATIONS = "violations"
# where Optuna's NSGAIISampler looks
_GENERATION = "NSGAIISampler:generation"


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


def replayed(
    trials: CubeHistory, sampler: optuna.samplers.BaseSampler, *, population_size: int | None = None
) -> optuna.Study:
    """A study of several scores with these trials; pending ones stay open.

    An evolutionary sampler finds on each trial which generation it is of, the finished ones being
    so many to a generation in their order.
    """
    directions = [optuna.study.StudyDirection.MAXIMIZE] * trials.objectives.shape[1]
    study = optuna.create_study(directions=directions, sampler=sampler)
    known = np.isfinite(trials.objectives).all(axis=1)
    place = np.cumsum(known) - 1
    for index, u in enumerate(trials.u):
        violations = trials.violations[index].tolist()
        attributes: dict[str, Any] = {}
        if known[index] and violations:
            attributes["constraints"] = violations
        if known[index] and population_size is not None:
            attributes[_GENERATION] = int(place[index]) // population_size
        if not known[index] and not trials.pending[index]:
            continue  # failed
        study.add_trial(
            optuna.trial.create_trial(
                state=TrialState.COMPLETE if known[index] else TrialState.RUNNING,
                values=trials.objectives[index].tolist() if known[index] else None,
                params=dict(zip(names(trials.dims), u.tolist(), strict=True)),
                distributions=box(trials.dims),
                user_attrs={_VIOLATIONS: violations},
                system_attrs=attributes,
            )
        )
    return study


def asked(study: optuna.Study, n: int, *, dims: int) -> Float64[np.ndarray, "n dims"]:
    """The next n points."""
    found = [study.ask(box(dims)) for _ in range(n)]
    return np.array([[trial.params[name] for name in names(dims)] for trial in found])
