"""Progress of a run: a bar in a terminal or notebook, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_EVERY_TRIALS = 10
_EVERY_SECONDS = 60.0


@contextmanager
def progress_of(study: Any, *, budget: int, shown: bool | None) -> Iterator[Callable[[], object]]:
    """Show a run's progress on standard error; yield what is called after each trial.

    Args:
        study: that runs.
        budget: how many trials it is to have.
        shown: None for a bar in a terminal or notebook, and nothing elsewhere; True for plain
            lines elsewhere.
    """
    interactive = sys.stderr.isatty() or _in_notebook()
    if shown is False or (shown is None and not interactive):
        yield lambda: None
        return
    with (_bar if interactive else _lines)(study, budget) as update:
        yield update


@contextmanager
def _bar(study: Any, budget: int) -> Iterator[Callable[[], object]]:
    """Show a bar with the best score so far, elapsed and remaining time."""
    from rich import progress
    from rich.console import Console

    with progress.Progress(
        progress.TextColumn("evaluations"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("best [bold]{task.fields[best]}"),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bar:
        task = bar.add_task(
            "", total=budget, completed=_done(study), best=study.ranking.best_in_words(study.trials)
        )
        yield lambda: bar.update(
            task, completed=_done(study), best=study.ranking.best_in_words(study.trials)
        )


@contextmanager
def _lines(study: Any, budget: int) -> Iterator[Callable[[], object]]:
    """Print a line for every tenth trial, and for one that ends a minute after the last line."""
    last = time.monotonic()

    def update() -> None:
        nonlocal last
        done, now = _done(study), time.monotonic()
        if done % _EVERY_TRIALS == 0 or done in (1, budget) or now - last >= _EVERY_SECONDS:
            last = now
            best = study.ranking.best_in_words(study.trials)
            print(f"{done} of {budget} evaluations, best {best}", file=sys.stderr, flush=True)

    yield update


def _done(study: Any) -> int:
    return sum(not trial.pending for trial in study.records.trials())


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    get = getattr(shell, "get_ipython", None)
    return get is not None and type(get()).__name__ == "ZMQInteractiveShell"
