"""Who works on which trial: claims, and how one notices that its worker is dead.

A claim is an attribute of a pending trial and names its worker. It changes hands only by
:func:`set_under_claim`, which gives it to one of those who want it. Nobody's clock is compared with
another's: a worker counts how long it has seen no sign of life of another one, on its own clock.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage, InMemoryStorage
from optuna.trial import FrozenTrial

from latent_spaces_by_example.study.database import compare_and_set, database_of

CLAIM = "lsbe:claim"
HEARTBEAT = "lsbe:heartbeat"

BEAT_SECONDS = 10.0
SILENT_SECONDS = 60.0
MOST_ATTEMPTS = 10
# where a storage knows no compare-and-set, a claim is written, and read again after this long
_SETTLE_SECONDS = 0.5

_running: set[str] = set()
_in_memory = threading.Lock()


@dataclass(frozen=True)
class Worker:
    """One loop of one process on one machine.

    Attributes:
        host: its name, for people.
        machine: tells machines (and containers) apart, until they boot again.
        pid: of the process.
        started: when the process began, in its machine's own count; tells processes of one pid
            apart. None where the system does not say.
        loop: tells the loops of one process apart.
    """

    host: str
    machine: str
    pid: int
    started: str | None
    loop: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    @classmethod
    def here(cls) -> Worker:
        """A new loop of this process."""
        pid = os.getpid()
        return cls(host=socket.gethostname(), machine=_machine(), pid=pid, started=_started(pid))

    def register(self) -> None:
        """Count as alive for the other loops of this process."""
        _running.add(self.loop)

    def unregister(self) -> None:
        """Count as dead from now on."""
        _running.discard(self.loop)


@dataclass(frozen=True)
class Claim:
    """What a pending trial says of its worker.

    Attributes:
        by: the worker's attributes; None where the trial is free.
        attempt: how often its evaluation has begun and not ended.
        alone: whether it must not be evaluated in a batch, since one that it was in hung.
    """

    by: Mapping[str, Any] | None = None
    attempt: int = 0
    alone: bool = False

    @classmethod
    def of(cls, trial: FrozenTrial) -> Claim:
        """The claim on a trial; one that says nothing is free."""
        return cls(**(trial.user_attrs.get(CLAIM) or {}))

    def to_json(self) -> dict[str, Any]:
        """The claim as JSON values."""
        by = None if self.by is None else dict(self.by)
        return {"by": by, "attempt": self.attempt, "alone": self.alone}

    def is_of_dead_process(self) -> bool:
        """Whether its worker is known to be dead, being or having been one of this machine."""
        by = self.by
        if by is None:
            return True
        if by["machine"] != _machine():
            return False
        if by["pid"] == os.getpid() and by["started"] == _started(os.getpid()):
            return by["loop"] not in _running
        return not _is_running(by["pid"], started=by["started"])


class Watch:
    """Notices claims that give no sign of life.

    A trial is silent after ``silent_seconds`` in which neither its claim nor its heartbeat has
    changed, on this process's own clock. Time in which nobody looked counts for half of that at
    most, so that an outage of the storage, or a long evaluation, condemns nobody.
    """

    def __init__(
        self,
        silent_seconds: float = SILENT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._silent_seconds = silent_seconds
        self._clock = clock
        self._looked = clock()
        self._seen: dict[int, tuple[str, float]] = {}

    def look(self, pending: list[FrozenTrial]) -> None:
        """Take note of the signs of life of every pending trial."""
        now = self._clock()
        passed = min(max(now - self._looked, 0.0), self._silent_seconds / 2)
        self._looked = now
        before, self._seen = self._seen, {}
        for trial in pending:
            signs = json.dumps([trial.user_attrs.get(key) for key in (CLAIM, HEARTBEAT)])
            old, quiet = before.get(trial.number, (signs, -passed))
            self._seen[trial.number] = (signs, quiet + passed if old == signs else 0.0)

    def is_silent(self, trial: FrozenTrial) -> bool:
        """Whether the worker of a trial has been silent for too long."""
        _, quiet = self._seen.get(trial.number, ("", 0.0))
        return quiet >= self._silent_seconds


def set_under_claim(
    storage: BaseStorage, trial_id: int, *, claim: Any, values: Mapping[str, Any]
) -> bool:
    """Set attributes of a pending trial, the claim too, if its claim is still this one.

    One transaction in a database. Elsewhere the claim is read before; a claim that is written is
    read again after half a second, and holds if it is still there. That leaves a gap if a worker
    is stopped between reading and writing; what comes of it is a trial evaluated twice, of which
    the first result counts.

    Args:
        storage: which holds the trial.
        trial_id: the storage's.
        claim: as JSON values.
        values: JSON values by the attributes' names.

    Returns:
        Whether the claim was this one, and the trial pending.
    """
    if (database := database_of(storage)) is not None:
        return compare_and_set(database, trial_id, name=CLAIM, seen=claim, values=values)
    in_memory = isinstance(storage, InMemoryStorage)
    with _in_memory if in_memory else nullcontext():
        trial = storage.get_trial(trial_id)
        if trial.state.is_finished() or trial.user_attrs.get(CLAIM) != claim:
            return False
        for name, value in values.items():
            storage.set_trial_user_attr(trial_id, name, value)
    if in_memory or CLAIM not in values:
        return True
    time.sleep(_SETTLE_SECONDS)
    return bool(storage.get_trial(trial_id).user_attrs.get(CLAIM) == values[CLAIM])


@cache
def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot[:18]}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return f"{socket.gethostname()}/{uuid.getnode():x}"


def _started(pid: int) -> str | None:
    fields = _process(pid)
    return fields[19] if fields else None


def _is_running(pid: int, *, started: str | None) -> bool:
    if Path("/proc/self/stat").exists():
        fields = _process(pid)
        # Z and X: it has ended, and its parent has not asked how
        return fields is not None and fields[0] not in "ZX" and fields[19] == started
    if os.name == "nt":
        return True  # there is no question to ask that does no harm; heartbeats will tell
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _process(pid: int) -> list[str] | None:
    """Fields 3 and on of the process's line in /proc: its state first, its start 20th."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return line.rpartition(")")[2].split()
