"""Whether a database that somebody else made holds a study, value by value."""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.folder import RunFolder
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import Settings
from latent_spaces_by_example.study.trial import Trial

_PREFIX = "artifacts:"
_FILE_NAME = re.compile(r"[\w][\w .-]{0,99}", re.ASCII)
_ID = re.compile(r"[0-9a-f-]{36}", re.ASCII)
_UNKNOWN = "application/octet-stream"


def check_foreign(folder: RunFolder, *, name: str) -> tuple[Records, Settings]:
    """The study in the folder's database, once its settings and every trial have been checked.

    Raises:
        StudyError: it has no settings of ours, they are of a newer version, or a value is not
            what a study holds.
    """
    records = Records.open(folder.storage, name=name)
    settings = Settings.from_json(records.settings)
    try:
        numbers = [t.number for t in records.optuna_study.get_trials(deepcopy=False)]
        if numbers != list(range(len(numbers))):
            raise ValueError("the numbers of its trials are not 0, 1, 2, ...")
        for trial in records.trials():
            _check_trial(trial)
    except Exception as error:
        # whatever a reader of damaged values raises: they are another's
        raise StudyError(f"the study in the archive is damaged: {error}") from error
    return records, settings


def check_artifacts(folder: RunFolder) -> None:
    """Make what the database says of each artifact true, and remove files that it does not name.

    A type is believed only if the file's first bytes bear it out, because a browser shows what
    calls itself a page.

    Raises:
        StudyError: an entry is not one of Optuna's.
    """
    kept = set()
    with closing(sqlite3.connect(folder.database)) as database, database:
        query = (
            "SELECT trial_system_attribute_id, key, value_json FROM trial_system_attributes "
            "WHERE substr(key, 1, ?) = ?"
        )
        for row, key, text in database.execute(query, (len(_PREFIX), _PREFIX)).fetchall():
            said = _entry(key, text)
            path = folder.artifacts / str(said["artifact_id"])
            where = "trial_system_attribute_id = ?"
            if path.is_file():
                kept.add(path.name)
                value = json.dumps(json.dumps({**said, "mimetype": kind_of(path)}))
                statement = f"UPDATE trial_system_attributes SET value_json = ? WHERE {where}"
                database.execute(statement, (value, row))
            else:
                database.execute(f"DELETE FROM trial_system_attributes WHERE {where}", (row,))
    if folder.artifacts.is_dir():
        for path in folder.artifacts.iterdir():
            if path.name not in kept:
                path.unlink()


def kind_of(path: Path) -> str:
    """The media type of a picture or a sound by its first bytes; of anything else, none."""
    with open(path, "rb") as file:
        head = file.read(12)
    if head[:4] == b"RIFF":
        return {b"WAVE": "audio/wav", b"WEBP": "image/webp"}.get(head[8:12], _UNKNOWN)
    kinds = {b"\x89PNG\r\n\x1a\n": "image/png", b"GIF8": "image/gif", b"\xff\xd8\xff": "image/jpeg"}
    return next((kind for magic, kind in kinds.items() if head.startswith(magic)), _UNKNOWN)


def _entry(key: str, text: str) -> dict[str, Any]:
    try:
        # Optuna stores it as JSON within JSON
        said = json.loads(json.loads(text))
        artifact_id, name = said["artifact_id"], said["filename"]
        if key != _PREFIX + artifact_id or not _ID.fullmatch(artifact_id):
            raise ValueError(f"its id is {artifact_id!r:.60}")
        if not _FILE_NAME.fullmatch(name):
            raise ValueError(f"its name is {name!r:.60}")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StudyError(f"an artifact in the archive is damaged: {error}") from error
    return {"artifact_id": artifact_id, "filename": name, "encoding": None}


def _check_trial(trial: Trial) -> None:
    weights = trial.weights
    if trial.pending and not weights.size:
        return  # a number that a worker had taken, and no point yet
    if weights.ndim != 1 or not len(weights) or not np.isfinite(weights).all():
        raise ValueError(f"trial {trial.number} has no weights")
    if abs(float(np.linalg.norm(weights)) - 1.0) > 1e-6:
        raise ValueError(f"the weights of trial {trial.number} are not of unit norm")
    if trial.score is not None and not math.isfinite(trial.score):
        raise ValueError(f"the score of trial {trial.number} is {trial.score}")
    if trial.seconds is not None and not isinstance(trial.seconds, (int, float)):
        raise ValueError(f"the seconds of trial {trial.number} are {trial.seconds!r:.60}")
    for text in (trial.error, trial.warning, trial.worker):
        if text is not None and not isinstance(text, str):
            raise ValueError(f"trial {trial.number} holds {text!r:.60} for a text")
    if not isinstance(trial.figures, Mapping):
        raise ValueError(f"the figures of trial {trial.number} are no mapping")
    for name, value in trial.figures.items():
        if not isinstance(value, (int, float, str)):
            raise ValueError(f"figure {name!r:.60} of trial {trial.number} is {value!r:.60}")
