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

from optuna.storages import RDBStorage

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.database import StorageLike, database_url, sqlite_file
from latent_spaces_by_example.study.lock_kinds import (
    UNKNOWN,
    DriverLock,
    Holder,
    PostgresLock,
    SqliteLock,
    this_process,
)

_POLL_SECONDS = 0.05


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
                f"{holder(storage, study_name=study_name) or UNKNOWN}; wait for it, or stop it"
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


def holder(storage: StorageLike, *, study_name: str) -> Holder | None:
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


def _forget_after_fork() -> None:
    """Leave the locks to the parent, whose death must free them though its children live on."""
    global _guard
    _guard = threading.Lock()
    for held in _held.values():
        held.leave_to_parent()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
