"""Copying one study into a SQLite database of its own, value by value, and nothing else."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy.pool import StaticPool

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.database import patiently, quiet_optuna
from latent_spaces_by_example.study.records import ARTIFACT, SETTINGS, Records

_BUSY_SECONDS = 60
_MOST_DELETED = 1000
_OURS = "lsbe:"
_CONSTRAINTS, _METRIC_NAMES = "constraints", "study:metric_names"
_FILE_NAME = re.compile(r"\w[\w .-]{0,99}", re.ASCII)
_FILE_ID = re.compile(r"[0-9a-f-]{36}", re.ASCII)
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
_UNKNOWN = "application/octet-stream"


def sqlite_snapshot(source: Path, target: Path) -> None:
    """Copy a SQLite database, which may be written to meanwhile, as it is at one moment.

    Raises:
        StudyError: there is none, or it cannot be read.
    """
    if not source.is_file():
        raise StudyError(f"there is no database {str(source)!r}")
    uri = f"{source.resolve().as_uri()}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)) as opened,
            closing(sqlite3.connect(target)) as copy,
        ):
            opened.backup(copy)
    except sqlite3.Error as error:
        raise StudyError(f"the database {source.name} cannot be copied: {error}") from error


def copy_study(
    records: Records, target: Path, *, files: Path | None = None, kept: Path | None = None
) -> None:
    """Make the database ``target`` of one study, after every value has passed the schema.

    Only what this library stores is taken over, so no attribute that a sampler of Optuna's would
    unpickle. A trial of another program's, or a deleted one, becomes a failed trial without
    values, so that the others keep their numbers.

    Args:
        records: of the study.
        target: path of the SQLite database.
        files: folder of its artifacts; None to keep what the study says of them.
        kept: folder to move the files of its trials to. A type is believed only if the first bytes
            of the file bear it out, since a browser shows what calls itself a page.

    Raises:
        StudyError: a value is damaged.
    """
    settings = records.settings
    ours = {trial.number for trial in records.trials()}
    source = records.storage
    study_id = source.get_study_id_from_name(records.name)
    directions = patiently(lambda: source.get_study_directions(study_id), shown=records.name)
    if len(directions) != len(settings.directions):
        raise StudyError(f"study {records.name!r} is damaged: it has {len(directions)} directions")
    entries = {
        entry.number: entry
        for entry in patiently(
            lambda: source.get_all_trials(study_id, deepcopy=False), shown=records.name
        )
    }
    last = max(entries, default=-1)
    if last >= 2 * len(entries) + _MOST_DELETED:
        raise StudyError(f"study {records.name!r} is damaged: its last trial has number {last}")
    attributes = {k: v for k, v in records.attributes().items() if k.startswith(_OURS)}
    # one connection, which need not reach the disk before the copy is whole
    copy = RDBStorage(f"sqlite:///{target}", engine_kwargs={"poolclass": StaticPool})
    try:
        with copy.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA synchronous = OFF")
        with quiet_optuna():
            copied = copy.create_new_study(directions, records.name)
        if settings.score_names:
            copy.set_study_system_attr(copied, _METRIC_NAMES, list(settings.score_names))
        for number in range(last + 1):
            trial = create_trial(state=TrialState.FAIL)
            if number in ours:
                entry = entries[number]
                system = _system_attributes(entry, files=files, kept=kept)
                trial = _copied(entry, system=system)
            copy.create_new_trial(copied, template_trial=trial)
        for key, value in attributes.items():
            if key != SETTINGS:
                copy.set_study_user_attr(copied, key, value)
        # last of all: with these the study exists
        copy.set_study_user_attr(copied, SETTINGS, settings.to_json())
    finally:
        copy.remove_session()
        copy.engine.dispose()


def _copied(entry: FrozenTrial, *, system: dict[str, Any]) -> FrozenTrial:
    return FrozenTrial(
        number=entry.number,
        state=entry.state,
        value=None,
        values=entry.values,
        datetime_start=entry.datetime_start,
        datetime_complete=entry.datetime_complete,
        params={},
        distributions={},
        user_attrs={k: v for k, v in entry.user_attrs.items() if k.startswith(_OURS)},
        system_attrs=system,
        intermediate_values={},
        trial_id=-1,
    )


def _system_attributes(
    entry: FrozenTrial, *, files: Path | None, kept: Path | None
) -> dict[str, Any]:
    """Return the attributes that Optuna's tools read: constraints, and files that are there."""
    system: dict[str, Any] = {}
    constraints = entry.system_attrs.get(_CONSTRAINTS)
    if isinstance(constraints, (list, tuple)):
        system[_CONSTRAINTS] = [float(value) for value in constraints]
    for key, value in entry.system_attrs.items():
        if key.startswith(ARTIFACT):
            artifact = _artifact(key, value)
            if files is not None and kept is not None and not _moved(artifact, files, kept):
                continue
            system[key] = json.dumps(artifact)
    return system


def _artifact(key: str, value: Any) -> dict[str, Any]:
    """Return what Optuna's artifact store keeps of a file, once its names have been checked."""
    try:
        stored = json.loads(value)
        file_id, name = stored["artifact_id"], stored["filename"]
        if key != ARTIFACT + file_id or not _FILE_ID.fullmatch(file_id):
            raise ValueError(f"its id is {file_id!r:.60}")
        if not _FILE_NAME.fullmatch(name):
            raise ValueError(f"its name is {name!r:.60}")
        kind = str(stored.get("mimetype", _UNKNOWN))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StudyError(f"a file of a trial is damaged: {error!r:.200}") from error
    return {"artifact_id": file_id, "filename": name, "mimetype": kind, "encoding": None}


def _moved(artifact: dict[str, Any], files: Path, kept: Path) -> bool:
    """Move a file to those kept; return False if it is missing, or no picture though called one."""
    path = files / artifact["artifact_id"]
    if not path.is_file():
        return False
    artifact["mimetype"] = media_type(path)
    if artifact["filename"].lower().endswith(_PICTURES) and artifact["mimetype"] == _UNKNOWN:
        return False
    kept.mkdir(exist_ok=True)
    os.replace(path, kept / path.name)
    return True


def media_type(path: Path) -> str:
    """Return the media type of a picture or a sound by its first bytes; else that of any bytes."""
    with open(path, "rb") as file:
        head = file.read(12)
    if head[:4] == b"RIFF":
        return {b"WAVE": "audio/wav", b"WEBP": "image/webp"}.get(head[8:12], _UNKNOWN)
    kinds = {b"\x89PNG\r\n\x1a\n": "image/png", b"GIF8": "image/gif", b"\xff\xd8\xff": "image/jpeg"}
    return next((kind for magic, kind in kinds.items() if head.startswith(magic)), _UNKNOWN)
