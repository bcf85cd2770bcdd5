"""One driver at a time for each study: who holds it, and what a second one is told.

The lock lasts for a run, an ask or a tell. Beside a SQLite file it is a lock of the operating
system's, in PostgreSQL an advisory lock of a connection of its own; both end with the process that
holds them, however it ends.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from optuna.storages import RDBStorage
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.database import (
    StorageLike,
    database_url,
    keepalives,
    patiently,
    sqlite_file,
)
from latent_spaces_by_example.study.passwords import shown_storage, without_password

_POLL_SECONDS = 0.05
_MOST_OF_NOTE = 1000
_UNKNOWN = "another process"
_LONGEST_NAME = 63  # bytes that PostgreSQL keeps of an application's name
_TAKE = text("SELECT pg_try_advisory_lock(:key)")
_GIVE_BACK = text("SELECT pg_advisory_unlock_all()")
_HOLDER = text(
    "SELECT a.application_name FROM pg_locks l "
    "LEFT JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
    "AND (l.classid::bigint << 32) | l.objid::bigint = :key "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)

# of this process, by study: a second Study object of it nests in the same thread
_held: dict[str, DriverLock] = {}
_guard = threading.Lock()


@contextmanager
def driver_lock(
    storage: StorageLike,
    *,
    study_name: str,
    folder: str | os.PathLike[str] | None = None,
    wait: float = 2.0,
) -> Iterator[DriverLock]:
    """Hold the lock of a study, as its only driver.

    In the thread that holds it already, as in a callback of a run, it is held on. For a study in
    memory, or in an Optuna storage object of another kind, it keeps out the other threads of this
    process alone.

    Args:
        storage: its URL or Optuna storage; None for memory.
        study_name: its name in that storage.
        folder: the run folder, for messages.
        wait: how many seconds to wait for a driver that only asks or tells.

    Raises:
        StudyError: another driver has it; the message says which.
    """
    lock = _lock_of(storage, study_name=study_name)
    end = time.monotonic() + wait
    while not (held := _take(lock)):
        if time.monotonic() >= end:
            place = "" if folder is None else f" in {os.fspath(folder)}"
            raise StudyError(
                f"study {study_name!r}{place} is being run by "
                f"{holder(storage, study_name=study_name) or _UNKNOWN}; wait for it, or stop it"
            )
        time.sleep(_POLL_SECONDS)
    try:
        yield held
    finally:
        with _guard:
            held.depth -= 1
            if held.depth == 0:
                del _held[lock.key]
                held.release()


def holder(storage: StorageLike, *, study_name: str) -> str | None:
    """Return who runs a study; None if nobody does.

    Raises:
        StudyError: its PostgreSQL server cannot be asked.
    """
    lock = _lock_of(storage, study_name=study_name)
    with _guard:
        held = _held.get(lock.key)
    return lock.holder() if held is None else held.owner


def _take(lock: DriverLock) -> DriverLock | None:
    with _guard:
        held = _held.get(lock.key)
        if held is None:
            if not lock.acquire():
                return None
            held = _held[lock.key] = lock
            held.thread, held.owner = threading.get_ident(), this_process()
        elif held.thread != threading.get_ident():
            return None
        held.depth += 1
        return held


def _lock_of(storage: StorageLike, *, study_name: str) -> DriverLock:
    file = sqlite_file(storage)
    if file is not None:
        return SqliteLock(file, study_name=study_name)
    if isinstance(storage, str | RDBStorage):
        url = database_url(storage) if isinstance(storage, str) else storage.engine.url
        if url.get_backend_name() == "postgresql":
            return PostgresLock(url, study_name=study_name)
    return DriverLock(f"memory {id(storage)}\0{study_name}")


class DriverLock:
    """The lock of a study in memory; its subclasses keep out other processes too.

    Attributes:
        key: names the study in this process, whose threads :func:`driver_lock` keeps apart.
        owner: this process in words, once it holds the lock.
        thread: of this process that holds it.
        depth: how often that thread has taken it.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.owner, self.thread, self.depth = "", 0, 0

    def acquire(self) -> bool:
        """Take the lock if it is free, and return whether it was."""
        return True

    def release(self) -> None:
        """Give the lock back."""

    def holder(self) -> str | None:
        """Return the other process that holds the lock, or None."""
        return None

    def confirm(self) -> None:
        """Check that the lock is still held, and take it again after a lost connection.

        Raises:
            StudyError: another driver has taken it meanwhile.
        """

    def leave_to_parent(self) -> None:
        """Let go of the lock without giving it back, in a process that was forked."""


class SqliteLock(DriverLock):
    """A lock file beside the database, and a note beside that which says who has it."""

    def __init__(self, database: Path, *, study_name: str) -> None:
        super().__init__(f"{database.resolve()}\0{study_name}")
        # a run folder's database holds one study, any other may hold several
        digest = hashlib.sha256(study_name.encode(errors="surrogatepass")).hexdigest()[:12]
        middle = "" if database.name == "study.db" else f".{digest}"
        self._path = database.with_name(f"{database.name}{middle}.lock")
        self._note = self._path.with_name(f"{self._path.name}.txt")
        self._lock = FileLock(self._path, thread_local=False)

    def acquire(self) -> bool:
        """Lock the file, and write the note."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            raise StudyError(f"{str(self._path)!r} cannot be locked: {error}") from error
        with suppress(OSError):  # the note is a courtesy; a full disk shows where it matters
            self._note.write_text(this_process(), encoding="utf-8")
        return True

    def release(self) -> None:
        """Remove the note, and unlock the file, which stays."""
        with suppress(OSError):
            self._note.unlink(missing_ok=True)
        self._lock.release()

    def holder(self) -> str | None:
        """Return the process that the note names, if the file is locked."""
        if not self._path.exists():
            return None
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return self._noted() or _UNKNOWN
        except OSError:
            return self._noted()  # whoever may not write the folder can only read the note
        self._lock.release()
        return None

    def _noted(self) -> str | None:
        try:
            return self._note.read_text(encoding="utf-8")[:_MOST_OF_NOTE]
        except (OSError, ValueError):
            return None


class PostgresLock(DriverLock):
    """An advisory lock of a session, which ends with its connection."""

    def __init__(self, url: URL, *, study_name: str) -> None:
        super().__init__(f"{url.host}:{url.port}/{url.database}\0{study_name}")
        self._name, self._shown = study_name, shown_storage(url.render_as_string())
        digest = hashlib.sha256(f"lsbe:{study_name}".encode(errors="surrogatepass")).digest()
        self._number = {"key": int.from_bytes(digest[:8], "big", signed=True)}
        name = this_process(most=_LONGEST_NAME).encode("ascii", "replace").decode()
        self._engine = create_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={**keepalives(url), "application_name": name},
        )
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        """Connect, and ask the server for the lock."""

        def ask() -> bool:
            self._connection = self._engine.connect()
            return bool(self._connection.execute(_TAKE, self._number).scalar())

        if patiently(ask, shown=self._shown):
            return True
        self.release()
        return False

    def confirm(self) -> None:
        """Ask the server, which forgets its locks when it is started anew."""
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                return
        except SQLAlchemyError:
            self.release()
        if not self.acquire():
            raise StudyError(
                f"the connection to {self._shown} was lost, and study {self._name!r} is now being "
                f"run by {self.holder() or _UNKNOWN}"
            )

    def release(self) -> None:
        """Unlock, and close the connection."""
        connection, self._connection = self._connection, None
        # a server that is away has forgotten the lock already
        with suppress(SQLAlchemyError):
            if connection is not None:
                with connection:
                    connection.execute(_GIVE_BACK)

    def leave_to_parent(self) -> None:
        """Turn the connection's socket into a file that goes nowhere, so that nothing ends it."""
        if self._connection is not None:
            driver: Any = self._connection.connection.driver_connection
            null = os.open(os.devnull, os.O_RDWR)
            # not closed: the number would be free for another file, which the driver would close
            os.dup2(null, driver.fileno(), inheritable=False)
            os.close(null)

    def holder(self) -> str | None:
        """Return the process whose session has the lock."""

        def ask() -> Any:
            with self._engine.connect() as connection:
                return connection.execute(_HOLDER, self._number).first()

        row = patiently(ask, shown=self._shown)
        # a role without the right sees no name
        return None if row is None else row[0] or _UNKNOWN


def this_process(*, most: int | None = None) -> str:
    """Return this process in words, with its command line, and the time, for whoever waits for it.

    >>> this_process(most=60)  # doctest: +ELLIPSIS
    '...:... since ...:... (...)'
    """
    program = Path(sys.argv[0]).name if sys.argv else ""
    if program == "__main__.py":
        program = "lsbe"
    command = without_password(shlex.join([program, *sys.argv[1:]])).strip("' ") or "Python"
    process = f"{socket.gethostname()}:{os.getpid()} since {datetime.now():%H:%M}"
    room = len(command) if most is None else max(0, most - len(process) - 3)
    return f"{process} ({command[:room]})"


def _forget_after_fork() -> None:
    """Leave the locks to the parent, whose death must free them though its children live on."""
    global _guard
    _guard = threading.Lock()
    for held in _held.values():
        held.leave_to_parent()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
