"""A trial of ours in an Optuna storage: its attributes, and how they are read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
from optuna.trial import FrozenTrial

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.settings import Point, Result, read
from latent_spaces_by_example.study.trial import Trial

POINT = "lsbe:point"
RESULT = "lsbe:result"
ARTIFACT = "artifacts:"  # where Optuna and its tools look


class StrangerError(Exception):
    """Raised for an entry of the storage that is no trial of this library."""


def read_trial(entry: FrozenTrial, *, names: Sequence[str]) -> Trial:
    """Return a trial of ours from the entry that the storage has of it.

    Raises:
        StudyError: a value of it is damaged.
    """
    if POINT not in entry.user_attrs:
        raise StrangerError("another program added it")
    what = f"the values of trial {entry.number}"
    point = read(entry.user_attrs[POINT], as_a=Point, what=what)
    norm = float(np.linalg.norm(point.weights))
    if not abs(norm - 1.0) < 1e-6:
        raise StudyError(f"{what} are damaged: the weights have norm {norm:.6g}, expected 1")
    trial = trial_from_point(entry.number, point, begun=entry.datetime_start)
    if RESULT in entry.user_attrs:
        result = read(entry.user_attrs[RESULT], as_a=Result, what=what)
        if not np.isfinite(result.scores).all() or bool(result.scores) == bool(result.error):
            raise StudyError(f"{what} are damaged: its result is neither finite nor an error")
        return with_result(trial, result, ended=entry.datetime_complete, names=names)
    if entry.state.is_finished():
        raise StrangerError(f"another program set it to {entry.state.name}")
    return trial


def file_names(attributes: Mapping[str, Any]) -> list[str]:
    """Return the names of the files that the artifact store holds, by a trial's attributes."""
    names = []
    for key, value in attributes.items():
        if key.startswith(ARTIFACT):
            with suppress(ValueError, KeyError, TypeError):  # another program wrote it
                names.append(str(json.loads(value)["filename"]))
    return names


def trial_from_point(number: int, point: Point, *, begun: datetime | None) -> Trial:
    """Return an open trial at a point."""
    values = msgspec.structs.asdict(point)
    return Trial(number=number, begun=begun, **{**values, "weights": np.asarray(point.weights)})


def with_result(
    trial: Trial, result: Result, *, ended: datetime | None, names: Sequence[str]
) -> Trial:
    """Return the trial with what came of it.

    Args:
        trial: without a result, or with an earlier one.
        result: of it.
        ended: when it was stored.
        names: of the study's scores if it has several.

    Raises:
        StudyError: it has more or fewer scores than the study.
    """
    if len(result.scores) not in (0, max(1, len(names))):
        raise StudyError(
            f"trial {trial.number} is damaged: it has {len(result.scores)} scores, and the study "
            f"{max(1, len(names))}"
        )
    values = msgspec.structs.asdict(result)
    values |= {
        "score": result.scores[0] if result.scores else None,
        "scores": dict(zip(names, result.scores, strict=False)),
        "constraints": result.constraints if result.scores else {},
    }
    return replace(trial, ended=ended, **values)


def corrected(trial: Trial, correction: Any, *, names: Sequence[str]) -> Trial:
    """Return the trial with a correction read over it, and what was replaced beside it."""
    what = f"the correction of trial {trial.number}"
    try:
        stored, replaced = correction["result"], tuple(correction["replaced"])
    except (TypeError, KeyError) as error:
        raise StudyError(f"{what} is damaged: {error!r}") from error
    result = read(stored, as_a=Result, what=what)
    return replace(with_result(trial, result, ended=trial.ended, names=names), replaced=replaced)


def as_stored(trial: Trial) -> dict[str, Any]:
    """Return the result of a trial as JSON values."""
    scores = tuple(trial.scores.values()) or (() if trial.score is None else (trial.score,))
    kept = ("metrics", "constraints", "seconds", "error", "warning", "worker")
    result = Result(scores=scores, **{name: getattr(trial, name) for name in kept})
    stored: dict[str, Any] = msgspec.to_builtins(result)
    return stored
