"""The kinds of lock that a study has: of its SQLite file, of PostgreSQL, of nothing but memory."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shlex
import socket
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.database import KEEPALIVES
from latent_spaces_by_example.study.passwords import shown_storage, without_password

_logger = logging.getLogger(__name__)
_NETWORK_KINDS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs",
                  "beegfs", "glusterfs")  # fmt: skip
_LONGEST_NAME = 63  # bytes that PostgreSQL keeps of an application's name
_warned: set[Path] = set()


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


UNKNOWN = Holder(host="another process", pid=0)


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


class SqliteLock(DriverLock):
    """A lock file beside the database, and a note beside that which says who has it."""

    def __init__(self, database: Path, *, study_name: str) -> None:
        # a run folder's database holds one study, any other may hold several
        digest = hashlib.sha256(study_name.encode(errors="surrogatepass")).hexdigest()[:12]
        middle = "" if database.name == "study.db" else f".{digest}"
        self._path = database.with_name(f"{database.name}{middle}.lock")
        self._note = self._path.with_name(f"{self._path.name}.json")
        self._lock = FileLock(self._path, thread_local=False)

    def acquire(self) -> bool:
        """Lock the file, and write the note."""
        _warn_of_network(self._path.parent)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            raise StudyError(f"{str(self._path)!r} cannot be locked: {error}") from error
        with suppress(OSError):  # the note is a courtesy; a full disk shows where it matters
            partial = self._note.with_name(f".{self._note.name}.{os.getpid()}")
            partial.write_text(json.dumps(asdict(this_process())), encoding="utf-8")
            os.replace(partial, self._note)
        return True

    def release(self) -> None:
        """Remove the note, and unlock the file, which stays."""
        with suppress(OSError):
            self._note.unlink(missing_ok=True)
        self._lock.release()

    def holder(self) -> Holder | None:
        """Return the process that the note names, if the file is locked."""
        if not self._path.exists():
            return None
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return self._noted() or UNKNOWN
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


class PostgresLock(DriverLock):
    """An advisory lock of a session, which ends with its connection."""

    def __init__(self, url: URL, *, study_name: str) -> None:
        self._url, self._name = url, study_name
        digest = hashlib.sha256(f"lsbe:{study_name}".encode(errors="surrogatepass")).digest()
        self._key = int.from_bytes(digest[:8], "big", signed=True)
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        """Connect, and ask the server for the lock."""
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
                f"the connection to {shown_storage(url_text(self._url))} was lost, and study "
                f"{self._name!r} is now being run by {self.holder() or UNKNOWN}"
            )

    def release(self) -> None:
        """Unlock, and close the connection."""
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
        """Return the process whose session has the lock."""
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
            return replace(UNKNOWN, since=since)
        return Holder(host, int(pid), command=command, since=since)

    def _connect(self) -> Connection:
        me = this_process()
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
            url = url_text(self._url)
            reason = without_password(str(getattr(error, "orig", None) or error), storage=url)
            raise StudyError(f"storage={shown_storage(url)} cannot be locked: {reason}") from None


class MemoryLock(DriverLock):
    """A lock of nothing outside this process, whose threads the caller keeps apart."""

    def acquire(self) -> bool:
        """Return True: nobody else can have it."""
        return True

    def release(self) -> None:
        """Do nothing."""

    def holder(self) -> Holder | None:
        """Return None: nobody else can have it."""
        return None


def url_text(url: URL) -> str:
    """Return a URL as text, with its password."""
    return url.render_as_string(hide_password=False)


def this_process() -> Holder:
    """Return this process as the holder of a lock that it takes now."""
    program = Path(sys.argv[0]).name if sys.argv else ""
    if program == "__main__.py":
        program = "lsbe"
    command = without_password(shlex.join([program, *sys.argv[1:]]))
    since = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Holder(socket.gethostname(), os.getpid(), command=command.strip("' "), since=since)


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
