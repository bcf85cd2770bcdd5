"""The kinds of lock that a study has: of its SQLite file, of PostgreSQL, of nothing but memory."""

from __future__ import annotations

import hashlib
import logging
import os
import shlex
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec
from filelock import FileLock, Timeout
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.database import keepalives, patiently
from latent_spaces_by_example.study.passwords import shown_storage, without_password

_logger = logging.getLogger(__name__)
_NETWORK_KINDS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs",
                  "beegfs", "glusterfs")  # fmt: skip
_LONGEST_NAME = 63  # bytes that PostgreSQL keeps of an application's name
_TAKE = text("SELECT pg_try_advisory_lock(:key)")
_GIVE_BACK = text("SELECT pg_advisory_unlock_all()")
_HOLDER = text(
    "SELECT a.application_name, a.backend_start FROM pg_locks l "
    "LEFT JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
    "AND (l.classid::bigint << 32) | l.objid::bigint = :key "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
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


class DriverLock:
    """The lock of a study in memory; its subclasses keep out other processes too.

    Attributes:
        key: names the study in this process, whose threads :func:`driver_lock` keeps apart.
        owner: this process, once it holds the lock.
        thread: of this process that holds it.
        depth: how often that thread has taken it.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.owner, self.thread, self.depth = UNKNOWN, 0, 0

    def acquire(self) -> bool:
        """Take the lock if it is free, and return whether it was."""
        return True

    def release(self) -> None:
        """Give the lock back."""

    def holder(self) -> Holder | None:
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
            self._note.write_bytes(msgspec.json.encode(this_process()))
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
            return msgspec.json.decode(self._note.read_bytes(), type=Holder)
        except (OSError, ValueError, msgspec.MsgspecError):
            return None


class PostgresLock(DriverLock):
    """An advisory lock of a session, which ends with its connection."""

    def __init__(self, url: URL, *, study_name: str) -> None:
        super().__init__(f"{url.host}:{url.port}/{url.database}\0{study_name}")
        self._name, self._shown = study_name, shown_storage(url.render_as_string())
        digest = hashlib.sha256(f"lsbe:{study_name}".encode(errors="surrogatepass")).digest()
        self._number = {"key": int.from_bytes(digest[:8], "big", signed=True)}
        me = this_process()
        name = f"{me.host}:{me.pid} {me.command}".encode("ascii", "replace")[:_LONGEST_NAME]
        self._engine = create_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={**keepalives(url), "application_name": name.decode().strip()},
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
                f"run by {self.holder() or UNKNOWN}"
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

    def holder(self) -> Holder | None:
        """Return the process whose session has the lock."""

        def ask() -> Any:
            with self._engine.connect() as connection:
                return connection.execute(_HOLDER, self._number).first()

        row = patiently(ask, shown=self._shown)
        if row is None:
            return None
        # "host:pid command", as it was named; a role without the right sees nothing of it
        process, _, command = (row[0] or "").partition(" ")
        host, _, pid = process.rpartition(":")
        since = "" if row[1] is None else row[1].isoformat()
        if not host or not pid.isdigit():
            return replace(UNKNOWN, since=since)
        return Holder(host, int(pid), command=command, since=since)


def this_process() -> Holder:
    """Return this process as the holder of a lock that it takes now."""
    program = Path(sys.argv[0]).name if sys.argv else ""
    if program == "__main__.py":
        program = "lsbe"
    command = without_password(shlex.join([program, *sys.argv[1:]]))
    since = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Holder(socket.gethostname(), os.getpid(), command=command.strip("' "), since=since)


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
    # of two at one place the later is seen
    kinds = {line.split()[1].replace("\\040", " "): line.split()[2] for line in lines}
    return next((kinds[str(at)] for at in (folder, *folder.parents) if str(at) in kinds), "")
