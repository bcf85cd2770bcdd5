"""Copying one study into a SQLite database of its own, value by value, and nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy.pool import StaticPool

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.search.optuna_study import quiet
from latent_spaces_by_example.study.database import storage_errors
from latent_spaces_by_example.study.records import SETTINGS, Records
from latent_spaces_by_example.study.settings import read
from latent_spaces_by_example.study.stored_trial import ARTIFACT

_MOST_DELETED = 1000
_OURS = "lsbe:"
_CONSTRAINTS, _METRIC_NAMES = "constraints", "study:metric_names"
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
_UNKNOWN = "application/octet-stream"


class _Artifact(Struct):
    """The entry that Optuna's artifact store keeps of a file."""

    artifact_id: Annotated[str, Meta(pattern=r"\A[0-9a-f-]{36}\Z")]
    filename: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_][A-Za-z0-9_ .-]{0,99}\Z")]
    mimetype: str = _UNKNOWN
    encoding: str | None = None


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
    settings, source = records.settings, records.storage
    with storage_errors(source, doing="read"):
        study_id = source.get_study_id_from_name(records.name)
        directions = source.get_study_directions(study_id)
        entries = {entry.number: entry for entry in source.get_all_trials(study_id, deepcopy=False)}
    ours = {trial.number for trial in records.trials()}
    last = max(entries, default=-1)
    if len(directions) != len(settings.directions) or last >= 2 * len(entries) + _MOST_DELETED:
        raise StudyError(
            f"study {records.name!r} is damaged: it has {len(directions)} directions, and "
            f"{len(entries)} trials of which the last has number {last}"
        )
    # one connection, which need not reach the disk before the copy is whole
    copy = RDBStorage(f"sqlite:///{target}", engine_kwargs={"poolclass": StaticPool})
    try:
        with copy.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA synchronous = OFF")
        with quiet():
            copied = copy.create_new_study(directions, records.name)
        if settings.score_names:
            copy.set_study_system_attr(copied, _METRIC_NAMES, list(settings.score_names))
        for number in range(last + 1):
            trial = create_trial(state=TrialState.FAIL)
            if number in ours and number in entries:
                trial = _copied(entries[number], files=files, kept=kept)
            copy.create_new_trial(copied, template_trial=trial)
        for key, value in _own(records.attributes()).items():
            if key != SETTINGS:
                copy.set_study_user_attr(copied, key, value)
        # last of all: with these the study exists
        copy.set_study_user_attr(copied, SETTINGS, settings.to_json())
    finally:
        copy.remove_session()
        copy.engine.dispose()


def media_type(path: Path) -> str:
    """Return the media type of a picture or a sound by its first bytes; else that of any bytes."""
    with open(path, "rb") as file:
        head = file.read(12)
    if head[:4] == b"RIFF":
        return {b"WAVE": "audio/wav", b"WEBP": "image/webp"}.get(head[8:12], _UNKNOWN)
    kinds = {b"\x89PNG\r\n\x1a\n": "image/png", b"GIF8": "image/gif", b"\xff\xd8\xff": "image/jpeg"}
    return next((kind for magic, kind in kinds.items() if head.startswith(magic)), _UNKNOWN)


def _own(attributes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in attributes.items() if key.startswith(_OURS)}


def _copied(entry: FrozenTrial, *, files: Path | None, kept: Path | None) -> FrozenTrial:
    """Return a trial of ours with the attributes that this library and Optuna's tools read."""
    system: dict[str, Any] = {}
    if _CONSTRAINTS in entry.system_attrs:
        system[_CONSTRAINTS] = [float(value) for value in entry.system_attrs[_CONSTRAINTS]]
    for key, value in entry.system_attrs.items():
        if not key.startswith(ARTIFACT):
            continue
        artifact = read(json.loads(value), as_a=_Artifact, what="the files of a trial")
        if key != ARTIFACT + artifact.artifact_id:
            raise StudyError(f"the files of a trial are damaged: {key!r:.60} is another's name")
        if files is not None and kept is not None:
            artifact.mimetype = _moved(artifact, files, kept)
        if artifact.mimetype:
            system[key] = json.dumps(msgspec.to_builtins(artifact))
    trial = create_trial(
        state=entry.state,
        values=entry.values,
        user_attrs=_own(entry.user_attrs),
        system_attrs=system,
    )
    trial.datetime_start = entry.datetime_start
    trial.datetime_complete = entry.datetime_complete
    return trial


def _moved(artifact: _Artifact, files: Path, kept: Path) -> str:
    """Move a file to those kept; return its type, or "" for none or a false picture."""
    path = files / artifact.artifact_id
    kind = media_type(path) if path.is_file() else ""
    if not kind or (kind == _UNKNOWN and artifact.filename.lower().endswith(_PICTURES)):
        return ""
    kept.mkdir(exist_ok=True)
    os.replace(path, kept / path.name)
    return kind
