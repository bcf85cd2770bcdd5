"""One driver at a time for each study: who holds it, and what a second one is told.

The lock lasts for a run, an ask or a tell. Beside a SQLite file it is a lock of the operating
system's, in PostgreSQL an advisory lock of a connection of its own; both end with the process that
holds them, however it ends.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from optuna.storages import RDBStorage
from sqlalchemy.engine import URL

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.database import StorageLike, database_url, sqlite_file
from latent_spaces_by_example.study.lock_kinds import (
    UNKNOWN,
    DriverLock,
    Holder,
    MemoryLock,
    PostgresLock,
    SqliteLock,
    this_process,
    url_text,
)

_POLL_SECONDS = 0.05


@dataclass
class _Held:
    lock: DriverLock
    thread: int
    owner: Holder
    depth: int = 1


# of this process, by study: a second Study object of it nests in the same thread
_held: dict[str, _Held] = {}
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
    key = _key(storage, study_name)
    end = time.monotonic() + wait
    while not (held := _take(key, storage, study_name=study_name)):
        if time.monotonic() >= end:
            raise StudyError(
                f"study {study_name!r}{_place(folder)} is being run by "
                f"{holder(storage, study_name=study_name) or UNKNOWN}; "
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
        _held[key] = _Held(lock, thread=threading.get_ident(), owner=this_process())
        return _held[key]


def _lock(storage: StorageLike, *, study_name: str) -> DriverLock:
    file = sqlite_file(storage)
    if file is not None:
        return SqliteLock(file, study_name=study_name)
    url = _postgres_url(storage)
    return MemoryLock() if url is None else PostgresLock(url, study_name=study_name)


def _key(storage: StorageLike, study_name: str) -> str:
    file = sqlite_file(storage)
    if file is not None:
        return f"{file.resolve()}\0{study_name}"
    url = _postgres_url(storage)
    place = f"memory {id(storage)}" if url is None else f"{url.host}:{url.port}/{url.database}"
    return f"{place}\0{study_name}"


def _postgres_url(storage: StorageLike) -> URL | None:
    if isinstance(storage, RDBStorage):
        storage = url_text(storage.engine.url)
    if not isinstance(storage, str):
        return None
    url = database_url(storage)
    return url if url.get_backend_name() == "postgresql" else None


def _place(folder: str | os.PathLike[str] | None) -> str:
    return "" if folder is None else f" in {os.fspath(folder)}"


def _forget_after_fork() -> None:
    """Leave the locks to the parent, whose death must free them though its children live on."""
    global _guard
    _guard = threading.Lock()
    for held in _held.values():
        if isinstance(held.lock, PostgresLock):
            held.lock.leave_to_parent()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
