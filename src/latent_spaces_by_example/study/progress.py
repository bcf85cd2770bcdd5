"""Progress of a run: a bar in a terminal or notebook, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any, TextIO

from latent_spaces_by_example.study.trial import Trial

_EVERY_TRIALS = 10
_EVERY_SECONDS = 60.0


class Progress:
    """Shows nothing; its subclasses show a bar or lines. Used with ``with``."""

    @staticmethod
    def of(study: Any, *, budget: int, shown: bool | None) -> Progress:
        """Return a display of a run's progress on standard error.

        Args:
            study: that runs.
            budget: how many trials it is to have.
            shown: None for a bar in a terminal or notebook, and nothing elsewhere; True for plain
                lines elsewhere.
        """
        interactive = sys.stderr.isatty() or _in_notebook()
        if shown is False or (shown is None and not interactive):
            return Progress()
        return (
            ProgressBar(study, budget=budget)
            if interactive
            else ProgressLines(study, budget=budget)
        )

    def update(self, study: Any, trial: Trial) -> None:
        """Show that a trial has a result."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class ProgressBar(Progress):
    """A bar with the best score so far, elapsed and remaining time."""

    def __init__(self, study: Any, *, budget: int) -> None:
        """Prepare the bar, at what the study has done already."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("evaluations"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("best [bold]{task.fields[best]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self._bar.add_task("", total=budget, completed=_done(study), best=best(study))

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, study: Any, trial: Trial) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=_done(study), best=best(study))


class ProgressLines(Progress):
    """A line for every tenth trial, and one a minute while nothing ends; flushed."""

    def __init__(self, study: Any, *, budget: int, stream: TextIO | None = None) -> None:
        """Prepare the lines, on standard error unless a stream is given."""
        self._stream = stream or sys.stderr
        self._budget = budget
        self._text = self._line(study)
        self._last = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._every_minute, daemon=True)

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def update(self, study: Any, trial: Trial) -> None:
        """Print a line if it is time for one."""
        done = _done(study)
        self._text = self._line(study)
        if done % _EVERY_TRIALS == 0 or done == self._budget or done == 1:
            self._print()

    def _every_minute(self) -> None:
        while not self._over.wait(1.0):
            if time.monotonic() - self._last >= _EVERY_SECONDS:
                self._print()

    def _line(self, study: Any) -> str:
        return f"{_done(study)} of {self._budget} evaluations, best {best(study)}"

    def _print(self) -> None:
        self._last = time.monotonic()
        print(self._text, file=self._stream, flush=True)


def best(study: Any) -> str:
    """Return the best score so far in a few characters."""
    trials = study.trials
    if all(trial.score is None for trial in trials):
        return "none yet"
    if study.scores_are_several:
        return f"{len(study.front())} on the front"
    top = study.ranking.best(trials)
    if not top.feasible:
        return "none feasible yet"
    return f"{top.expected_or_score:.4g}" + (" expected" if study.settings.noisy else "")


def _done(study: Any) -> int:
    return sum(not trial.pending for trial in study.records.trials())


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    get = getattr(shell, "get_ipython", None)
    return get is not None and type(get()).__name__ == "ZMQInteractiveShell"
