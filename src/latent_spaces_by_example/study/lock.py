"""One driver at a time for each study: who holds it, and what a second one is told.

The lock lasts for a run, an ask or a tell. Beside a SQLite file it is a lock of the operating
system's, in PostgreSQL an advisory lock of a connection of its own; both end with the process that
holds them, however it ends.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shlex
import socket
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
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
    KEEPALIVES,
    StorageLike,
    database_url,
    sqlite_file,
)
from latent_spaces_by_example.study.passwords import shown_storage, without_password

_logger = logging.getLogger(__name__)
_POLL_SECONDS = 0.05
_NETWORK_KINDS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs",
                  "beegfs", "glusterfs")  # fmt: skip
_LONGEST_NAME = 63  # bytes that PostgreSQL keeps of an application's name


@dataclass(frozen=True)
class Holder:
    """The process that runs a study.

    Attributes:
        host: its machine's name.
        pid: its process number there; 0 where it is not known.
        command: its command line, without passwords; empty where it is not known.
        since: when it took the lock, ISO 8601 in UTC; empty where it is not known.
    """

    host: str
    pid: int
    command: str = ""
    since: str = ""

    def __str__(self) -> str:
        clock = ""
        with suppress(ValueError):
            clock = f" since {datetime.fromisoformat(self.since).astimezone():%H:%M}"
        process = f"{self.host}:{self.pid}" if self.pid else self.host
        return f"{process}{clock}" + (f" ({self.command})" if self.command else "")


_UNKNOWN = Holder(host="another process", pid=0)


class DriverLock(ABC):
    """The lock of a study; whoever is given one holds it."""

    @abstractmethod
    def acquire(self) -> bool:
        """Take the lock if it is free, and return whether it was."""

    @abstractmethod
    def release(self) -> None:
        """Give the lock back."""

    @abstractmethod
    def holder(self) -> Holder | None:
        """Return the other process that holds the lock, or None."""

    def confirm(self) -> None:
        """Check that the lock is still held, and take it again after a lost connection.

        Raises:
            StudyError: another driver has taken it meanwhile.
        """
        return


@dataclass
class _Held:
    lock: DriverLock
    thread: int
    owner: Holder
    depth: int = 1


# of this process, by study: a second Study object of it nests in the same thread
_held: dict[str, _Held] = {}
_guard = threading.Lock()
_warned: set[Path] = set()


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
    key = _key(storage, study_name)
    end = time.monotonic() + wait
    while not (held := _take(key, storage, study_name=study_name)):
        if time.monotonic() >= end:
            raise StudyError(
                f"study {study_name!r}{_place(folder)} is being run by "
                f"{holder(storage, study_name=study_name) or _UNKNOWN}; "
                "wait for it, or stop it"
            )
        time.sleep(_POLL_SECONDS)
    try:
        yield held.lock
    finally:
        with _guard:
            held.depth -= 1
            if held.depth == 0:
                del _held[key]
                held.lock.release()


def holder(storage: StorageLike, *, study_name: str) -> Holder | None:
    """Return who runs a study; None if nobody does.

    Raises:
        StudyError: its PostgreSQL server cannot be asked.
    """
    with _guard:
        held = _held.get(_key(storage, study_name))
    if held is not None:
        return held.owner
    return _lock(storage, study_name=study_name).holder()


def _take(key: str, storage: StorageLike, *, study_name: str) -> _Held | None:
    with _guard:
        held = _held.get(key)
        if held is not None:
            if held.thread != threading.get_ident():
                return None
            held.depth += 1
            return held
        lock = _lock(storage, study_name=study_name)
        if not lock.acquire():
            return None
        _held[key] = _Held(lock, thread=threading.get_ident(), owner=_this_process())
        return _held[key]


def _lock(storage: StorageLike, *, study_name: str) -> DriverLock:
    file = sqlite_file(storage)
    if file is not None:
        return _FileLock(file, study_name=study_name)
    url = _postgres_url(storage)
    return _MemoryLock() if url is None else _PostgresLock(url, study_name=study_name)


class _FileLock(DriverLock):
    """A lock file beside the database, and a note beside that which says who has it."""

    def __init__(self, database: Path, *, study_name: str) -> None:
        # a run folder's database holds one study, any other may hold several
        digest = hashlib.sha256(study_name.encode(errors="surrogatepass")).hexdigest()[:12]
        middle = "" if database.name == "study.db" else f".{digest}"
        self._path = database.with_name(f"{database.name}{middle}.lock")
        self._note = self._path.with_name(f"{self._path.name}.json")
        self._lock = FileLock(self._path, thread_local=False)

    def acquire(self) -> bool:
        _warn_of_network(self._path.parent)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            raise StudyError(f"{str(self._path)!r} cannot be locked: {error}") from error
        with suppress(OSError):  # the note is a courtesy; a full disk shows where it matters
            partial = self._note.with_name(f".{self._note.name}.{os.getpid()}")
            partial.write_text(json.dumps(asdict(_this_process())), encoding="utf-8")
            os.replace(partial, self._note)
        return True

    def release(self) -> None:
        with suppress(OSError):
            self._note.unlink(missing_ok=True)
        self._lock.release()

    def holder(self) -> Holder | None:
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

    def _noted(self) -> Holder | None:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            command, since = str(note["command"]), str(note["since"])
            noted = Holder(str(note["host"]), int(note["pid"]), command=command, since=since)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return None if _is_dead(noted) else noted


class _PostgresLock(DriverLock):
    """An advisory lock of a session, which ends with its connection."""

    def __init__(self, url: URL, *, study_name: str) -> None:
        self._url, self._name = url, study_name
        digest = hashlib.sha256(f"lsbe:{study_name}".encode(errors="surrogatepass")).digest()
        self._key = int.from_bytes(digest[:8], "big", signed=True)
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        with self._errors():
            self._connection = self._connect()
            query = text("SELECT pg_try_advisory_lock(:key)")
            if self._connection.execute(query, {"key": self._key}).scalar():
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
                f"the connection to {shown_storage(_text(self._url))} was lost, and study "
                f"{self._name!r} is now being run by {self.holder() or _UNKNOWN}"
            )

    def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # a server that is away has forgotten the lock already
            with suppress(SQLAlchemyError):
                connection.execute(text("SELECT pg_advisory_unlock_all()"))
            with suppress(SQLAlchemyError):
                connection.close()

    def leave_to_parent(self) -> None:
        """Let go of the connection without ending it, in a process that was forked."""
        if self._connection is not None:
            driver: Any = self._connection.connection.driver_connection
            null = os.open(os.devnull, os.O_RDWR)
            # not closed: the number would be free for another file, which the driver would close
            os.dup2(null, driver.fileno(), inheritable=False)
            os.close(null)

    def holder(self) -> Holder | None:
        query = text(
            "SELECT a.application_name, a.pid, a.backend_start FROM pg_locks l "
            "LEFT JOIN pg_stat_activity a ON a.pid = l.pid "
            "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
            "AND l.classid::bigint = :high AND l.objid::bigint = :low AND l.database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        halves = {"high": (self._key >> 32) & 0xFFFFFFFF, "low": self._key & 0xFFFFFFFF}
        with self._errors(), self._connect() as connection:
            row = connection.execute(query, halves).first()
        if row is None:
            return None
        # "host:pid command", as _connect wrote it; a role without the right sees nothing of it
        process, _, command = (row[0] or "").partition(" ")
        host, _, pid = process.rpartition(":")
        since = row[2].isoformat() if row[2] is not None else ""
        if not host or not pid.isdigit():
            return replace(_UNKNOWN, since=since)
        return Holder(host, int(pid), command=command, since=since)

    def _connect(self) -> Connection:
        me = _this_process()
        name = f"{me.host}:{me.pid} {me.command}".encode("ascii", "replace")[:_LONGEST_NAME]
        options = {key: value for key, value in KEEPALIVES.items() if key not in self._url.query}
        engine = create_engine(
            self._url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={**options, "application_name": name.decode().strip()},
        )
        return engine.connect()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            url = _text(self._url)
            reason = without_password(str(getattr(error, "orig", None) or error), storage=url)
            raise StudyError(f"storage={shown_storage(url)} cannot be locked: {reason}") from None


class _MemoryLock(DriverLock):
    """A lock of nothing outside this process, whose threads the caller keeps apart."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        """Do nothing."""

    def holder(self) -> Holder | None:
        return None


def _key(storage: StorageLike, study_name: str) -> str:
    file = sqlite_file(storage)
    if file is not None:
        return f"{file.resolve()}\0{study_name}"
    url = _postgres_url(storage)
    place = f"memory {id(storage)}" if url is None else f"{url.host}:{url.port}/{url.database}"
    return f"{place}\0{study_name}"


def _postgres_url(storage: StorageLike) -> URL | None:
    if isinstance(storage, RDBStorage):
        storage = _text(storage.engine.url)
    if not isinstance(storage, str):
        return None
    url = database_url(storage)
    return url if url.get_backend_name() == "postgresql" else None


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _this_process() -> Holder:
    program = Path(sys.argv[0]).name if sys.argv else ""
    if program == "__main__.py":
        program = "lsbe"
    command = without_password(shlex.join([program, *sys.argv[1:]]))
    since = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Holder(socket.gethostname(), os.getpid(), command=command.strip("' "), since=since)


def _place(folder: str | os.PathLike[str] | None) -> str:
    return "" if folder is None else f" in {os.fspath(folder)}"


def _is_dead(process: Holder) -> bool:
    if process.host != socket.gethostname():
        return False
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _warn_of_network(folder: Path) -> None:
    """Log, once for each folder, that locks on a network file system may not hold."""
    kind = _file_system(folder.resolve())
    network = kind in _NETWORK_KINDS or kind.startswith("fuse.")
    if network and folder not in _warned:
        _warned.add(folder)
        _logger.warning(
            "%s lies on a network file system (%s), where a lock may not reach other machines: "
            "run this study from one machine at a time, or keep it in PostgreSQL (--storage)",
            folder,
            kind,
        )


def _file_system(folder: Path, *, mounts: Path = Path("/proc/mounts")) -> str:
    """Return the kind of the file system that a folder is on; empty where it is not known."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    kinds = {}
    for _, point, kind, *_ in (line.split(" ") for line in lines if line.count(" ") >= 3):
        kinds[Path(point.replace("\\040", " "))] = kind  # of two at one place the later is seen
    return next((kinds[place] for place in (folder, *folder.parents) if place in kinds), "")


def _forget_after_fork() -> None:
    """Leave the locks to the parent, whose death must free them though its children live on."""
    global _guard
    _guard = threading.Lock()
    for held in _held.values():
        if isinstance(held.lock, _PostgresLock):
            held.lock.leave_to_parent()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
