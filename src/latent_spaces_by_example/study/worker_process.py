"""One worker in a process of its own, and what it tells the process that watches it."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from latent_spaces_by_example.errors import LatentSpacesError


@dataclass(frozen=True)
class Task:
    """What a worker needs to rebuild a study; all of it strings that the user gave or agreed to.

    Attributes:
        storage: its URL; not shown, since it may hold a password.
        study: its name in the storage; None where there is only one.
        out: the run folder, where the seed latents are too large for the storage.
        generator: needed where the study's is not one of the library's own.
        objective: of the study, or the user's own.
        search: another search than the study's.
        timeout: seconds that an evaluation may take.
    """

    storage: str = field(repr=False)
    study: str | None
    objective: str
    out: str | None = None
    generator: str | None = None
    search: str | None = None
    timeout: float | None = None


@dataclass(frozen=True)
class Began:
    """The evaluation of these trials begins."""

    numbers: list[int]


@dataclass(frozen=True)
class Ended:
    """A trial has a result."""

    number: int
    score: float | None
    error: str | None


@dataclass(frozen=True)
class Said:
    """A warning, or with ``fatal`` the error that ended the worker."""

    text: str
    fatal: bool = False


def work(task: Task, pipe: Connection) -> None:
    """Run a study until it is done or the watching process says stop; for a process of its own.

    Ends at once when the watching process is gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the watching process decides
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=_listen, args=(pipe, stop), daemon=True).start()
    warnings.showwarning = lambda message, *_, **__: pipe.send(Said(str(message)))
    warnings.simplefilter("default")
    try:
        _run(task, pipe, stop)
    except LatentSpacesError as error:
        pipe.send(Said(str(error), fatal=True))
        raise SystemExit(3) from None


def open_task(task: Task) -> Any:
    """The study of a task.

    Raises:
        StudyError: see :func:`latent_spaces_by_example.study.open_study`.
    """
    from latent_spaces_by_example import generators
    from latent_spaces_by_example.study import open_study

    model = None if task.generator is None else generators.load(task.generator)
    return open_study(task.out, storage=task.storage, name=task.study, generator=model)


def _run(task: Task, pipe: Connection, stop: threading.Event) -> None:
    from latent_spaces_by_example import objectives

    study = open_task(task)

    def on_trial(_: Any, trial: Any) -> None:
        pipe.send(Ended(trial.number, trial.score, trial.error))

    study.run(
        objectives.load(task.objective),
        search=task.search,
        budget=study.settings.budget,
        on_begin=lambda numbers: pipe.send(Began(numbers)),
        on_trial=on_trial,
        stop=stop.is_set,
    )


def _listen(pipe: Connection, stop: threading.Event) -> None:
    try:
        while True:
            pipe.recv()
            stop.set()
    except (EOFError, OSError):
        # whoever could tell us to stop is gone; nobody should have to look for us
        os._exit(1)
