"""Studies of noisy scores: whether a study is one, and what is expected of its trials."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.study.trial import Trial


def declared_noisy(objective: Any, noisy: bool | None = None) -> bool:
    """Whether a second evaluation of the same output would score something else.

    Args:
        objective: may say so by an attribute ``noisy``.
        noisy: what the caller says, which counts first.

    Raises:
        ArgumentError: neither true nor false.

    >>> declared_noisy(len, noisy=True), declared_noisy(len)
    (True, False)
    """
    said = getattr(objective, "noisy", False) if noisy is None else noisy
    if not isinstance(said, bool | np.bool_):
        raise ArgumentError(
            f"noisy={said!r:.60}; say True where a second evaluation of the same output would "
            "score something else, or False; how much is estimated from the scores"
        )
    return bool(said)


def expecting(trials: Iterable[Trial], expected: Float64[np.ndarray, " n"]) -> list[Trial]:
    """The trials, each that has a score with what is expected of it.

    Args:
        trials: any of a study's.
        expected: by trial number.
    """
    return [
        (
            trial
            if trial.score is None
            else replace(trial, expected_score=float(expected[trial.number]))
        )
        for trial in trials
    ]
