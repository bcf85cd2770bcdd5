"""Copying one study out of a database, whoever made it, into a new SQLite database of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import optuna
from optuna.storages import RDBStorage
from sqlalchemy.engine import make_url
from sqlalchemy.pool import StaticPool

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.passwords import storage_errors
from latent_spaces_by_example.study.records import Records

_BUSY_SECONDS = 60
_OF_STUDY = ("studies", "study_directions", "study_user_attributes", "trials")
_OF_TRIALS = (
    "trial_user_attributes",
    "trial_values",
    "trial_intermediate_values",
    "trial_params",
)
# Optuna's own samplers leave other attributes, and one of them unpickles what it left: that a
# study from elsewhere runs no code depends on leaving those out. None of our searches has any.
_SYSTEM_ATTRIBUTES = ("artifacts:", "constraints")
_OF_WORKERS = ("lsbe:worker", "lsbe:claim", "lsbe:heartbeat")


def take_snapshot(storage: Any, target: Path, *, name: str | None) -> str:
    """Copy a study, which may be running, as it is at one moment; returns its name.

    A database of SQLite is copied by its backup interface, any other trial by trial (about 7 ms
    each), so that trials which finish meanwhile may be finished or pending in the copy.

    Raises:
        StudyError: the storage cannot be read, or holds no such study.
    """
    if isinstance(storage, str) and storage.startswith("sqlite:"):
        source = Path(make_url(storage).database or "")
        if not source.is_file():
            raise StudyError(f"there is no database {source}")
        with (
            _sqlite_errors(source),
            closing(_read_only(source)) as opened,
            closing(sqlite3.connect(target)) as copy,
        ):
            opened.backup(copy)
        return Records.open(f"sqlite:///{target}", name=name).name
    records = Records.open(storage, name=name)
    fresh = _fresh(target)
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it would announce the new study
    try:
        with storage_errors(storage, doing="read"):
            optuna.copy_study(
                from_study_name=records.name,
                from_storage=records.optuna_study._storage,
                to_storage=fresh,
            )
    finally:
        optuna.logging.set_verbosity(verbosity)
        fresh.engine.dispose()
    return records.name


def copy_study_rows(source: Path, target: Path, *, name: str) -> None:
    """Make the database ``target`` of the one study, row by row, in tables of this Optuna's own.

    Nothing but rows is taken over from ``source``: no view, no trigger, and no attribute that a
    sampler would make an object of. ``source`` is changed if an older Optuna made it.

    Raises:
        StudyError: ``source`` is damaged, or is no database of Optuna's, or of a newer one.
    """
    with _sqlite_errors(source):
        _require_plain(source)
    fresh = _fresh(target)
    fresh.engine.dispose()
    with _sqlite_errors(source), closing(sqlite3.connect(target, uri=True)) as database:
        database.execute("ATTACH ? AS source", (_uri(source),))
        versions = [
            database.execute(f"SELECT version_num FROM {where}.alembic_version").fetchone()
            for where in ("main", "source")
        ]
        if versions[0] != versions[1]:
            database.execute("DETACH source")
            _upgrade(source)
            database.execute("ATTACH ? AS source", (_uri(source),))
        _copy_rows(database, name)


def _copy_rows(database: sqlite3.Connection, name: str) -> None:
    found = database.execute("SELECT study_id FROM source.studies WHERE study_name = ?", (name,))
    ids = found.fetchall()
    if len(ids) != 1:
        raise StudyError(f"the database holds no study {name!r}")
    (study_id,) = ids[0]
    with database:
        for table in _OF_STUDY:
            _copy_table(database, table, where="study_id = ?", values=(study_id,))
        of_trials = "trial_id IN (SELECT trial_id FROM main.trials)"
        for table in _OF_TRIALS:
            _copy_table(database, table, where=of_trials)
        of_ours = " OR ".join("substr(key, 1, ?) = ?" for _ in _SYSTEM_ATTRIBUTES)
        values = [part for prefix in _SYSTEM_ATTRIBUTES for part in (len(prefix), prefix)]
        _copy_table(
            database,
            "trial_system_attributes",
            where=f"{of_trials} AND ({of_ours})",
            values=tuple(values),
        )
        # a copy has no workers: what they hold is free
        database.execute(
            "DELETE FROM main.trial_user_attributes WHERE key IN (?, ?, ?) AND trial_id IN "
            "(SELECT trial_id FROM main.trials WHERE state IN ('RUNNING', 'WAITING'))",
            _OF_WORKERS,
        )


def _copy_table(
    database: sqlite3.Connection, table: str, *, where: str, values: tuple[Any, ...] = ()
) -> None:
    # the names are this library's and this Optuna's own, never the other database's
    columns = ", ".join(row[1] for row in database.execute(f"PRAGMA main.table_info({table})"))
    database.execute(
        f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM source.{table} WHERE {where}",
        values,
    )


def _require_plain(source: Path) -> None:
    with closing(_read_only(source)) as database:
        database.execute("PRAGMA trusted_schema = OFF")
        (verdict,) = database.execute("PRAGMA quick_check").fetchone()
        if verdict != "ok":
            raise StudyError(f"the database is damaged: {verdict}")
        query = (
            "SELECT name FROM sqlite_master WHERE type NOT IN ('table', 'index') "
            "OR upper(sql) LIKE 'CREATE VIRTUAL%'"
        )
        odd = [name for (name,) in database.execute(query)]
    if odd:
        raise StudyError(
            f"the database holds {odd[0]!r}, which is no plain table: Optuna makes no such; "
            "it is not opened"
        )


def _upgrade(source: Path) -> None:
    with storage_errors(f"sqlite:///{source}", doing="upgraded"):
        old = RDBStorage(f"sqlite:///{source}", skip_compatibility_check=True)
        try:
            old.upgrade()
        finally:
            old.engine.dispose()


def _fresh(target: Path) -> RDBStorage:
    # one connection, which need not reach the disk before the copy is whole
    fresh = RDBStorage(f"sqlite:///{target}", engine_kwargs={"poolclass": StaticPool})
    with fresh.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA synchronous = OFF")
    return fresh


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(_uri(path), uri=True, timeout=_BUSY_SECONDS)


def _uri(path: Path) -> str:
    return f"file:{quote(str(path.resolve()))}?mode=ro"


@contextmanager
def _sqlite_errors(source: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StudyError(f"the database {source.name} cannot be copied: {error}") from error
