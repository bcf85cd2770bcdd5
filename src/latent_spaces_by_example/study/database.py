"""Opening the database of a study, and patience while it does not answer.

Trials are kept in an Optuna storage: a SQLite file, a PostgreSQL database, or this process's
memory. Everything here goes through Optuna's public names.
"""

from __future__ import annotations

import logging
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from alembic.util import CommandError
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError as UrlError
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from latent_spaces_by_example.errors import (
    ArgumentError,
    LatentSpacesError,
    StudyError,
)
from latent_spaces_by_example.plugins import missing_packages_named
from latent_spaces_by_example.study.passwords import shown_storage as shown_storage
from latent_spaces_by_example.study.passwords import without_password

if TYPE_CHECKING:
    StorageLike = str | BaseStorage | None
else:
    # run-time type checkers must leave a caller's mistake to this library's own message
    StorageLike = Any

_URLS = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
Access = Literal["create", "write", "read"]
T = TypeVar("T")

_logger = logging.getLogger(__name__)
_OPENING_PATIENCE = 15.0
# A commit ends with the removal of its journal. By default a power cut before that reaches the disk
# brings the journal back, which undoes the commit; EXTRA waits for it. A write-ahead log would wait
# once for a commit and not five times, but then the database could not be read in a read-only
# folder, nor be copied as one file after a kill.
SYNCHRONOUS = "EXTRA"
_BUSY_SECONDS = 15.0  # that SQLite itself waits for another writer
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 10.0
_SQLITE_HEAD = b"SQLite format 3\0"
# without these TCP takes two hours to notice a dead server or client
_KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "connect_timeout": 10,
}
# parts of an OperationalError's message that no waiting mends
_PERMANENT = (
    "readonly", "read-only", "unable to open database file", "no such table", "no such column",
    "authentication", "does not exist", "permission denied", "not a database", "malformed",
    "name or service not known", "could not translate host", "failed to resolve host",
)  # fmt: skip
_NO_TABLES = ("no such table", "UndefinedTable")
_DATABASE_ERRORS = (SQLAlchemyError, StorageInternalError, sqlite3.Error, OSError)


def open_storage(storage: StorageLike, *, access: Access = "create") -> BaseStorage:
    """Return the Optuna storage of a URL.

    Args:
        storage: ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/NAME``; None for a new
            storage in memory. An Optuna storage is returned as it is.
        access: "create" makes the file and the tables where they are missing, "write" and "read"
            need both, and "read" can change nothing.

    Raises:
        ArgumentError: the storage is of another kind, or is no URL.
        StudyError: it cannot be opened, holds no tables of Optuna's, or those of a newer one.
        MissingPackageError: PostgreSQL's driver is not installed.
    """
    if storage is None:
        return InMemoryStorage()
    if isinstance(storage, BaseStorage):
        return storage
    url, shown = database_url(storage), shown_storage(storage)
    file = sqlite_file(storage)
    if file is not None:
        _check_file(file, shown=shown, access=access)
    try:
        with storage_errors(storage, doing="opened"):
            opened = patiently(
                lambda: _opened(url, access=access), shown=shown, patience=_OPENING_PATIENCE
            )
    except StudyError as error:
        raise StudyError(without_password(str(error), storage)) from None
    # connections that are left to the garbage collector are warned about
    weakref.finalize(opened, opened.engine.dispose)
    return opened


def patiently(call: Callable[[], T], *, shown: str, patience: float = 60.0) -> T:
    """Return ``call()``, called again with growing pauses while the database does not answer.

    A lost connection, a lock, a full disk and a vanished file are waited for, and logged once;
    whatever waiting does not mend is raised at once.

    Args:
        call: reads from or writes to the database, and may be repeated.
        shown: the storage, as :func:`shown_storage` returns it.
        patience: in seconds.

    Raises:
        StudyError: the database refuses, or has not answered within ``patience`` seconds.
    """
    start, pause = time.monotonic(), 0.0
    file = sqlite_file(shown)
    while True:
        try:
            return call()
        except _DATABASE_ERRORS as error:
            reason = without_password(_reason(error))
            is_gone = file is not None and not file.exists()
            if not is_gone and not is_passing(error):
                raise StudyError(f"storage={shown} refuses: {reason}") from None
            waited = time.monotonic() - start
            if waited + pause > patience:
                lost = (
                    f"the database of storage={shown} is gone, since {waited:.0f} seconds or "
                    "longer, and what was stored in it with it; put the file back from a copy, or "
                    "start a new study"
                )
                away = (
                    f"storage={shown} has not answered for {waited:.0f} seconds ({reason}); every "
                    "evaluation stored before is there: go on with lsbe resume once it answers"
                )
                raise StudyError(lost if is_gone else away) from None
            if pause == _FIRST_PAUSE:
                # not at once: a connection that has idled for hours may just need another
                _logger.warning("the storage %s does not answer (%s); waiting", shown, reason)
            time.sleep(pause)
            pause = min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)


def is_passing(error: BaseException | None) -> bool:
    """Return whether an error may pass by itself: a lost connection, a lock, a full disk."""
    while error is not None:
        if isinstance(error, (OperationalError, InterfaceError, PoolTimeoutError, sqlite3.Error)):
            text = str(error).lower()
            return not any(words in text for words in _PERMANENT)
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return True
        if isinstance(error, OSError):
            return not isinstance(error, (PermissionError, FileNotFoundError, IsADirectoryError))
        error = error.__cause__
    return False


def database_url(storage: StorageLike) -> URL:
    """Return a storage's URL, parsed, with its driver and with an absolute path.

    Raises:
        ArgumentError: it is no URL, or of a database other than SQLite and PostgreSQL.
    """
    shown = shown_storage(storage)
    path = str(storage)
    looks_like_path = path.endswith((".db", ".sqlite", ".sqlite3")) and ":" not in path
    expected = f"sqlite:///{path}" if looks_like_path else _URLS
    if not isinstance(storage, str):
        raise ArgumentError(f"storage={storage!r}; expected a URL: {expected}")
    try:
        url = make_url(storage)
        kind = url.get_backend_name()
    except (UrlError, ValueError):
        kind = storage.partition(":")[0] if ":" in storage else ""
        if kind in ("postgresql", "postgres", "sqlite", ""):
            raise ArgumentError(
                f"storage={shown} is no URL of a database; expected {expected}"
            ) from None
    if kind == "sqlite":
        file = sqlite_file(storage)
        return url if file is None else url.set(database=str(file))
    if kind in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise ArgumentError(
        f"storage={shown}: studies are kept in SQLite or PostgreSQL, not in {kind}; "
        f"expected {expected}"
    )


def sqlite_file(storage: Any) -> Path | None:
    """Return the absolute path of a storage's SQLite file; None where it has none."""
    if isinstance(storage, RDBStorage):
        url = storage.engine.url
    elif isinstance(storage, str) and storage.startswith(("sqlite:", "sqlite+")):
        try:
            url = make_url(storage)
        except (UrlError, ValueError):
            return None
    else:
        return None
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database)).expanduser().absolute()


@contextmanager
def storage_errors(storage: StorageLike, *, doing: str) -> Iterator[None]:
    """Turn the errors of a database in this block into the library's own, without passwords.

    Args:
        storage: as it was given.
        doing: the verb of the message: "opened", "read", "written".

    Raises:
        StudyError: in place of the database's error.
    """
    try:
        yield
    except LatentSpacesError:
        raise
    except (*_DATABASE_ERRORS, CommandError, ImportError, ValueError, RuntimeError) as error:
        reason = without_password(_reason(error), storage)
        raise StudyError(f"storage={shown_storage(storage)} cannot be {doing}: {reason}") from None


def keepalives(url: URL) -> dict[str, Any]:
    """Return options by which a PostgreSQL connection notices within a minute that it is dead."""
    return {name: value for name, value in _KEEPALIVES.items() if name not in url.query}


class _Storage(RDBStorage):
    """Optuna's storage, which leaves no connection open when it cannot be made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().__init__(*args, **kwargs)
        except BaseException:
            if hasattr(self, "scoped_session"):
                self.remove_session()
                self.engine.dispose()
            raise


def _opened(url: URL, *, access: Access) -> RDBStorage:
    # Optuna fills in {SCHEMA_VERSION}; other braces, in a password say, are meant
    text = url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
    options = _engine_options(url, access=access)
    return _Storage(text, engine_kwargs=options, skip_table_creation=access != "create")


def _engine_options(url: URL, *, access: Access) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        if sqlite_file(str(url)) is None:
            return {}
        pragma = "query_only = ON" if access == "read" else f"synchronous = {SYNCHRONOUS}"

        def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            connection = sqlite3.Connection(*args, **kwargs)
            connection.execute(f"PRAGMA {pragma}").close()
            return connection

        return {"connect_args": {"timeout": _BUSY_SECONDS, "factory": connect}}
    with missing_packages_named("a PostgreSQL storage", extra="postgres"):
        import psycopg  # noqa: F401
    only = {"postgresql_readonly": True} if access == "read" else {}
    return {"connect_args": keepalives(url), "execution_options": only}


def _check_file(file: Path, *, shown: str, access: Access) -> None:
    """Refuse a SQLite file that SQLite would make anew, or fill, where that is not asked for."""
    if access == "create":
        if not file.parent.is_dir():
            raise StudyError(f"storage={shown}: there is no folder {str(file.parent)!r}")
        return
    try:
        with open(file, "rb") as opened:
            head = opened.read(len(_SQLITE_HEAD))
    except FileNotFoundError:
        raise StudyError(f"storage={shown}: there is no database {str(file)!r}") from None
    except OSError as error:
        raise StudyError(f"storage={shown} cannot be read: {error}") from None
    if head != _SQLITE_HEAD:
        what = "is no SQLite database" if head else "is empty: no study was stored in it"
        raise StudyError(f"storage={shown}: {str(file)!r} {what}")


def _reason(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    if any(words in str(error) + type(error).__name__ for words in _NO_TABLES):
        return "it holds no study: Optuna's tables are missing"
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
