"""A run on the command line: where it evaluates, how it is stopped, how it ends."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from latent_spaces_by_example.cli.console import say
from latent_spaces_by_example.cli.options import Place
from latent_spaces_by_example.cli.outcome import show_examples, show_outcome
from latent_spaces_by_example.errors import (
    ArgumentError,
    LatentSpacesError,
    StudyError,
)
from latent_spaces_by_example.plugins import missing_packages_named
from latent_spaces_by_example.study import Patience, Study, Trial
from latent_spaces_by_example.study.settings import name_of

_DASK_SECONDS = 5.0


def run_and_show(
    study: Study,
    objective: Any,
    *,
    budget: int,
    place: Place,
    names: tuple[str | None, str | None],
    dask: str | None,
    patience: int | None,
    search: str | None = None,
    **options: Any,
) -> None:
    """Run a study, then show the result and write the run folder, however the run ended.

    Args:
        study: that is to run.
        objective: scores its outputs.
        budget: trials in all.
        place: where the study is, for hints.
        names: what generator and objective were loaded from, for workers.
        dask: address of a scheduler, or None.
        patience: trials in a row without a better one that end the run.
        search: specification of another search than the study's.
        **options: of :meth:`Study.run`.

    Raises:
        SystemExit: 128 plus the signal's number after SIGTERM or Ctrl-C; 1 if every evaluation of
            the run failed.
        LatentSpacesError: what ended the run otherwise.
    """
    show_examples(study)
    before = {trial.number for trial in study.trials if not trial.pending}
    callbacks: list[Any] = [_say_of_faults]
    if patience is not None:
        callbacks.append(Patience(patience))
    is_here = dask is None and options["workers"] == 1 and options["timeout"] is None
    started, failure = time.monotonic(), None
    with Stop(options["grace"], interrupts=is_here).listening() as stop:
        try:
            with _cluster(dask) as cluster:
                study.run(
                    objective,
                    budget=budget,
                    search=search,
                    executor=cluster,
                    callbacks=callbacks,
                    progress=True,
                    stop=stop,
                    names=names,
                    **options,
                )
        except KeyboardInterrupt:
            pass
        except StudyError:  # another process runs it, or its database is gone
            raise
        except LatentSpacesError as error:
            failure = error
    if stop.is_set():
        say("stopped; every finished evaluation is kept", err=True)
    seconds = time.monotonic() - started
    report = save_and_report(study)
    new = [t for t in study.trials if not t.pending and t.number not in before]
    stored = study.settings.objective
    show_outcome(
        study,
        num_new=len(new),
        seconds=seconds,
        report=report,
        place=place,
        search=search,
        objective=stored if name_of(objective) == stored else names[1],
    )
    if failure is not None:
        raise failure
    if stop.signal_number is not None:
        raise SystemExit(128 + stop.signal_number)
    if new and all(trial.error is not None for trial in new):
        raise SystemExit(1)


def save_and_report(study: Study, **options: Any) -> Path | None:
    """Write the run folder's files; return the path of the report, None without a folder.

    Raises:
        StudyError: the folder cannot be written.
    """
    from latent_spaces_by_example.report import write_report

    if study.folder is None:
        return None
    study.save()
    return write_report(study, study.folder.report, **options)


class Stop:
    """Set by the first SIGTERM or Ctrl-C; the second one, or the end of the grace, interrupts.

    Args:
        grace: in seconds.
        interrupts: whether its end interrupts this process; otherwise the driver itself waits for
            evaluations that run elsewhere.
    """

    def __init__(self, grace: float, *, interrupts: bool) -> None:
        self.signal_number: int | None = None
        self._grace, self._interrupts = grace, interrupts
        self._timer: threading.Timer | None = None

    def is_set(self) -> bool:
        """Return whether a signal has come."""
        return self.signal_number is not None

    @contextmanager
    def listening(self) -> Iterator[Stop]:
        """Take the signals while the block runs."""
        if threading.current_thread() is not threading.main_thread():
            yield self  # signals reach the main thread alone
            return
        before = {
            number: signal.signal(number, self._receive)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield self
        finally:
            if self._timer is not None:
                self._timer.cancel()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _receive(self, number: int, _: FrameType | None) -> None:
        if self.signal_number is not None:
            raise KeyboardInterrupt
        self.signal_number = number
        message = f"\nstopping; what is under way has {self._grace:g} seconds (again: at once)\n"
        os.write(2, message.encode())  # printing is not safe within a signal handler
        if self._interrupts:
            main = threading.main_thread().ident
            self._timer = threading.Timer(self._grace, signal.pthread_kill, (main, number))
            self._timer.daemon = True
            self._timer.start()


def _say_of_faults(_: Study, trial: Trial) -> None:
    if trial.invalid is not None:
        say(f"the latent of trial {trial.number} is not valid: {trial.invalid}", err=True)
    if trial.warning is not None:
        say(f"trial {trial.number}: {trial.warning}", err=True)


@contextmanager
def _cluster(address: str | None) -> Iterator[Any]:
    """Connect to a Dask scheduler.

    Raises:
        ArgumentError: nothing answers there.
        MissingPackageError: Dask is not installed.
    """
    if address is None:
        yield None
        return
    with missing_packages_named("--dask", extra="dask"):
        from distributed import Client
    connect: Any = Client
    try:
        client = connect(address, timeout=_DASK_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ArgumentError(
            f"--dask {address}: no scheduler answers there ({type(error).__name__}: {error}); "
            "start one by `dask scheduler`, and give the address that it prints"
        ) from error
    with client:
        yield client
