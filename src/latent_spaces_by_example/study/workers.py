"""Workers of this machine: started, watched, stopped, and replaced when they die or hang.

A watching process that evaluates nothing is what makes a time limit certain: a hang in C code ends
with the process that it is in.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from typing import Any

from latent_spaces_by_example.errors import EvaluationError
from latent_spaces_by_example.study.claims import Claim, Worker
from latent_spaces_by_example.study.failures import FailureStreak
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.worker_process import Began, Ended, Said, Task, work

STOP_SECONDS = 20.0
MOST_DEATHS_IN_A_ROW = 3
_LOOK_SECONDS = 0.2
_LAST_PATIENCE = 5.0  # what a storage that does not answer is given at the end

OnMessage = Callable[[Any], object]


@dataclass
class _Child:
    process: Any
    pipe: Connection
    numbers: list[int] = field(default_factory=list)
    since: float = 0.0
    fatal: str | None = None


class Crew:
    """So many workers on one study, as processes of this machine.

    Args:
        task: what they work on.
        records: of the same study, to record what a worker that hung cannot.
        num_workers: at least 1.
        on_message: called with each :class:`Ended` and :class:`Said` of a worker.
        stop_seconds: how long a trial in hand may take to end when the crew is told to stop.
    """

    def __init__(
        self,
        task: Task,
        records: Records,
        *,
        num_workers: int,
        on_message: OnMessage,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self._task = task
        self._records = records
        self._on_message = on_message
        self._stop_seconds = stop_seconds
        # a forked process would share the GPU, the threads and the connections of this one
        self._context = multiprocessing.get_context("spawn")
        self._num_workers = num_workers
        self._children: list[_Child] = []
        self._deaths = 0
        self._streak = FailureStreak(records.trials)
        self._stopping = False

    def stop(self) -> None:
        """Let :meth:`run` end soon: trials in hand end within the time allowed, or are freed."""
        self._stopping = True

    def run(self) -> None:
        """Work until the study is done or :meth:`stop` is called, from a signal handler too.

        Raises:
            EvaluationError: a worker gave up, too many evaluations in a row failed (see
                :class:`FailureStreak`), or three workers in a row died without a result.
        """
        try:
            for _ in range(self._num_workers):
                self._start()
            while self._children and not self._stopping:
                self._look()
        finally:
            self._end()

    def _start(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(self._task, theirs))
        process.start()
        theirs.close()  # so that the pipe ends with the process
        self._children.append(_Child(process, ours))

    def _look(self) -> None:
        wait([child.pipe for child in self._children], timeout=_LOOK_SECONDS)
        for child in list(self._children):
            open_ = self._hear(child)
            if self._is_late(child):
                self._time_out(child)
            elif not open_:
                child.process.join()
                self._children.remove(child)
                self._after_end(child)

    def _hear(self, child: _Child) -> bool:
        """Read what a worker said; false once it has ended."""
        try:
            while child.pipe.poll():
                message = child.pipe.recv()
                if isinstance(message, Began):
                    child.numbers, child.since = list(message.numbers), time.monotonic()
                    continue
                if isinstance(message, Ended):
                    self._deaths = 0
                    child.numbers = [n for n in child.numbers if n != message.number]
                    self._count(message)
                elif isinstance(message, Said) and message.fatal:
                    child.fatal = message.text
                    continue
                self._on_message(message)
        except (EOFError, OSError):
            return False
        return True

    def _is_late(self, child: _Child) -> bool:
        limit = self._task.timeout
        if limit is None or not child.numbers:
            return False
        return time.monotonic() - child.since > limit * len(child.numbers)

    def _time_out(self, child: _Child) -> None:
        _kill(child)
        self._hear(child)
        self._children.remove(child)
        late, alone = child.numbers, len(child.numbers) == 1
        if alone:
            error = f"took longer than the {self._task.timeout:g} seconds allowed"
            if self._records.fail(late[0], error, seconds=time.monotonic() - child.since):
                ended = Ended(late[0], None, error)
                self._on_message(ended)
                self._count(ended)
        else:
            # one of the batch hangs, and only alone can be told which
            self._free(child, alone=True)
        self._deaths = 0
        self._start()

    def _count(self, ended: Ended) -> None:
        if not self._stopping:
            self._streak.count(ended.number, ended.error)

    def _after_end(self, child: _Child) -> None:
        if child.fatal is not None:
            raise EvaluationError(child.fatal)
        if child.process.exitcode == 0:
            return  # the study is done, or it was told to stop by a signal of its own
        self._free(child)
        self._deaths += 1
        on_trial = f" while it evaluated trial {child.numbers[0]}" if child.numbers else ""
        how = f"a worker died{on_trial} (exit code {child.process.exitcode})"
        if self._deaths >= MOST_DEATHS_IN_A_ROW:
            raise EvaluationError(
                f"{how}, the {self._deaths}th in a row without a result; what is finished is stored"
            )
        self._on_message(Said(f"{how}; another one takes its place"))
        self._start()

    def _end(self) -> None:
        self._stopping = True
        self._records.patience = min(self._records.patience, _LAST_PATIENCE)
        for child in self._children:
            try:
                child.pipe.send("stop")
            except OSError:
                continue
        deadline = time.monotonic() + self._stop_seconds
        for child in self._children:
            while child.process.is_alive() and time.monotonic() < deadline:
                child.process.join(_LOOK_SECONDS)
                self._hear(child)
            _kill(child)
            self._hear(child)
            self._free(child)
        self._children.clear()

    def _free(self, child: _Child, *, alone: bool = False) -> None:
        """Free what a dead worker had in hand: those on other machines cannot see that it died."""
        me = Worker.here()
        for entry in self._records.entries():
            claim = Claim.of(entry)
            if entry.state.is_finished() or claim.by is None:
                continue
            if (claim.by["machine"], claim.by["pid"]) == (me.machine, child.process.pid):
                attempt = claim.attempt - 1 if self._stopping or alone else claim.attempt
                freed = replace(claim, by=None, attempt=attempt, alone=alone or claim.alone)
                self._records.hand_over(entry, freed)


def _kill(child: _Child) -> None:
    if child.process.is_alive():
        child.process.kill()
    child.process.join()
