"""Storages by name, patience with those that do not answer, and passwords kept out of sight."""

from __future__ import annotations

import re
import sqlite3
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage, get_storage
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError, StudyError
from latent_spaces_by_example.study.passwords import shown_storage, without_password

_LOCKED_SECONDS = 60
_TABLES_TRIED = 20
PATIENCE = 600.0  # seconds that a running study waits for a storage that does not answer
OPENING_PATIENCE = 15.0
_LONGEST_PAUSE = 30.0
# an OperationalError that waiting does not mend
_FOR_GOOD = re.compile(
    r"readonly|read-only|unable to open database file|no such (table|column)|authentication|"
    r"role .* does not exist|database .* does not exist|permission denied|not a database|"
    r"malformed|Name or service not known|parse error",
    re.IGNORECASE,
)

T = TypeVar("T")


def open_storage(storage: str | BaseStorage | None) -> BaseStorage:
    """The storage of a URL: of a database, ``journal:FILE`` or ``grpc://HOST:PORT``.

    None is one in memory, and an Optuna storage is itself.

    Raises:
        StudyError: it cannot be opened; it is asked for some seconds if it does not answer.
        MissingPackageError: the driver is not installed.
    """
    if storage is None:
        return InMemoryStorage()
    if not isinstance(storage, str):
        return get_storage(storage)
    shown = shown_storage(storage)
    try:
        return patiently(lambda: _opened(storage), shown=shown, patience=OPENING_PATIENCE)
    except (LookupError, ImportError) as error:
        if isinstance(error, MissingPackageError):
            raise
        raise StudyError(_cannot(shown, error, storage)) from None
    except (SQLAlchemyError, StorageInternalError, ValueError, OSError, RuntimeError) as error:
        if isinstance(error, ArgumentError):
            raise
        raise StudyError(_cannot(shown, error, storage)) from None


def patiently(call: Callable[[], T], *, shown: str, patience: float = PATIENCE) -> T:
    """What ``call`` returns, called again with growing pauses while the storage does not answer.

    Warns when it begins to wait.

    Raises:
        StudyError: the storage has not answered within ``patience`` seconds.
    """
    start, pauses = time.monotonic(), _pauses()
    while True:
        try:
            return call()
        except Exception as error:
            if not is_passing(error):
                raise
            waited, pause = time.monotonic() - start, next(pauses)
            if waited + pause > patience:
                raise StudyError(
                    f"the storage {shown} has not answered for {waited:.0f} seconds "
                    f"({_first_line(error)}); every evaluation stored before is there: "
                    "go on with lsbe resume or lsbe worker once it answers"
                ) from None
            if pause == _FIRST_PAUSE:
                # not at once: a connection that has idled for hours may just need another
                message = f"the storage {shown} does not answer ({_first_line(error)}); waiting"
                warnings.warn(message, RuntimeWarning, stacklevel=3)
            time.sleep(pause)


def is_passing(error: BaseException | None) -> bool:
    """Whether a storage's error may pass by itself: a lost connection, a lock, a full disk."""
    while error is not None:
        if isinstance(error, (OperationalError, InterfaceError, PoolTimeoutError)):
            return not _FOR_GOOD.search(str(error))
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return True
        if type(error).__module__.startswith("grpc"):
            code = getattr(error, "code", None)
            return code is not None and code().name in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
        if isinstance(error, OSError) and not isinstance(
            error, (PermissionError, FileNotFoundError, IsADirectoryError, ImportError)
        ):
            return True
        error = error.__cause__
    return False


_FIRST_PAUSE = 0.25


def _pauses() -> Iterator[float]:
    yield 0.0
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE)


def _opened(storage: str) -> BaseStorage:
    scheme, _, rest = storage.partition(":")
    if scheme == "journal":
        return _journal(rest)
    if scheme == "grpc":
        return _grpc_proxy(rest)
    if scheme == "sqlite":
        # whoever looks at a running study locks the file for a moment; that must not end it
        arguments = {"timeout": _LOCKED_SECONDS, "factory": _DurableConnection}
        return _database(storage, {"connect_args": arguments})
    if scheme in {"postgres", "postgresql"}:
        storage = f"postgresql+psycopg:{rest}"
    if storage.startswith("postgresql+psycopg:"):
        _require("psycopg", extra="postgres", what="a PostgreSQL storage")
    return _database(storage, {})


class _DurableConnection(sqlite3.Connection):
    """Commits so that a power cut undoes nothing.

    A commit ends with the removal of its journal. As SQLite comes, a power cut before that reaches
    the disk brings the journal back, which undoes the commit; EXTRA waits for it. The write-ahead
    log would wait once for a commit and not five times, but a database of that kind cannot be read
    in a read-only folder, nor copied as one file after a kill.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute("PRAGMA synchronous = EXTRA").close()


def _database(url: str, options: dict[str, Any]) -> BaseStorage:
    backend = _with_tables(url, options)
    storage = get_storage(backend)
    # connections left open for the garbage collector are warned about
    weakref.finalize(storage, backend.engine.dispose)
    return storage


def _with_tables(url: str, options: dict[str, Any]) -> RDBStorage:
    for _ in range(_TABLES_TRIED):
        try:
            return RDBStorage(url, engine_kwargs=options)
        except (OperationalError, ProgrammingError, IntegrityError) as error:
            # whoever opens a new database makes its tables; two may do so at once
            if "already exists" not in str(error) and not isinstance(error, IntegrityError):
                raise
            time.sleep(0.1)
    return RDBStorage(url, engine_kwargs=options)


def _journal(path: str) -> BaseStorage:
    from optuna.storages.journal import JournalFileBackend, JournalStorage

    if not path.strip("/"):
        raise ArgumentError("a journal storage is journal:FILE; the file is missing")
    place = path[2:] if path.startswith("//") else path
    return JournalStorage(JournalFileBackend(place))


def _grpc_proxy(address: str) -> BaseStorage:
    _require("grpc", extra="grpc", what="a gRPC storage")
    from optuna.storages import GrpcStorageProxy

    found = re.fullmatch(r"//([^:/]+|\[[^]]+\]):(\d+)/?", address)
    if found is None:
        raise ArgumentError("a gRPC storage is grpc://HOST:PORT, of a running Optuna proxy server")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        proxy = GrpcStorageProxy(host=found.group(1), port=int(found.group(2)))
    proxy.get_all_studies()  # that there is nobody there shows only when it is asked
    return proxy


def _require(package: str, *, extra: str, what: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise MissingPackageError(
            f"{what} needs {package}; install it with: "
            f"pip install 'latent-spaces-by-example[{extra}]'"
        )


def _cannot(shown: str, error: BaseException, storage: str) -> str:
    return f"storage={shown} cannot be opened: {without_password(str(error), storage)}"


def _first_line(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
