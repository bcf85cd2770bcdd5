"""How studies stand, in a terminal: one of them, live if wanted, or all of a folder."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.parameters import split_parameters
from latent_spaces_by_example.study.overview import (
    Overview,
    open_records,
    overview_of,
    studies_below,
    studies_in,
)


def show_status(folder: str | None, *, storage: Any, name: str | None, every: float | None) -> None:
    """Print how a study stands; with ``every``, again after so many seconds until Ctrl-C."""
    console = Console()
    records = open_records(folder, storage=storage, name=name)
    shown = status_table(overview_of(records))
    if every is None:
        console.print(shown)
        return
    try:
        with Live(shown, console=console, auto_refresh=False) as live:
            while True:
                time.sleep(every)
                live.update(status_table(overview_of(records)), refresh=True)
    except KeyboardInterrupt:
        return  # that is how one stops looking


def show_list(folder: str, *, storage: Any) -> None:
    """Print one line a study."""
    console = Console()
    found = list(studies_below(folder) if storage is None else studies_in(storage))
    if not found:
        where = f"below {folder}" if storage is None else "in the storage"
        console.print(f"there is no study {escape(where)}")
        return
    table = Table("study", "what", "trials", "best", "last done")
    table.columns[0].overflow = table.columns[1].overflow = "fold"
    for place, overview in found:
        table.add_row(escape(str(place)), *_line(overview))
    console.print(table)
    for place, overview in found:
        if isinstance(overview, StudyError):
            console.print(f"{escape(str(place))} cannot be read: {escape(str(overview))}")


def status_table(overview: Overview) -> RenderableType:
    """The state of one study, and of each worker where trials name theirs."""
    settings = overview.settings
    facts = Table.grid(padding=(0, 2))
    done = min(overview.done, settings.budget)
    rows: list[tuple[str, RenderableType]] = [
        ("study", escape(overview.name)),
        ("generator", escape(split_parameters(settings.generator)[0])),
        ("objective", escape(split_parameters(settings.objective)[0])),
        (
            "trials",
            f"{overview.finished} finished, {overview.failed} failed, {overview.pending} open, "
            f"of {settings.budget}",
        ),
        ("", ProgressBar(total=settings.budget, completed=done, width=40)),
        ("best", _best(overview)),
        ("rate", _rate(overview)),
        ("last done", _ago(overview.last)),
    ]
    if overview.oldest_pending is not None:
        rows.append(("longest open", f"since {_ago(overview.oldest_pending)}"))
    for label, value in rows:
        facts.add_row(f"[bold]{label}[/bold]", value)
    parts: list[RenderableType] = [facts]
    if any(worker.name for worker in overview.workers):
        parts.append(_workers_table(overview))
    return Group(*parts)


def _workers_table(overview: Overview) -> Table:
    table = Table("worker", "finished", "failed", "open", "seconds each", "last done")
    for worker in overview.workers:
        table.add_row(
            escape(worker.name) or "not named",
            str(worker.finished),
            str(worker.failed),
            str(worker.pending),
            "" if worker.seconds is None else f"{worker.seconds:.3g}",
            _ago(worker.last),
        )
    return table


def _line(overview: Overview | StudyError) -> list[str]:
    if isinstance(overview, StudyError):
        return ["cannot be read", "", "", ""]
    settings = overview.settings
    failed = f", {overview.failed} failed" if overview.failed else ""
    waiting = f", {overview.pending} open" if overview.pending else ""
    return [
        escape(
            f"{split_parameters(settings.generator)[0]}, {split_parameters(settings.objective)[0]}"
        ),
        f"{overview.done} of {settings.budget}{failed}{waiting}",
        _best_score(overview),
        _ago(overview.last),
    ]


def _best_score(overview: Overview) -> str:
    if overview.settings.score_names:
        return "several"
    if overview.best_score is None:
        return ""
    return f"{overview.best_score:.4g}" if overview.feasible else "none feasible"


def _best(overview: Overview) -> str:
    if overview.settings.score_names:
        return f"several scores: {', '.join(overview.settings.score_names)}"
    if overview.best_score is None:
        return "none yet"
    if not overview.feasible:
        return "none meets every constraint yet"
    luck = "; scores are noisy, so it is in part luck" if overview.settings.noisy else ""
    return f"{overview.best_score:.6g} (trial {overview.best_number}{luck})"


def _rate(overview: Overview) -> str:
    if overview.per_minute is None:
        return "not known yet"
    text = f"{overview.per_minute:.3g} a minute"
    if overview.seconds is not None:
        text += f", {overview.seconds:.3g} s each"
    left = overview.settings.budget - overview.done
    if left > 0 and overview.pending and overview.per_minute > 0:
        text += f", about {timedelta(seconds=round(60 * left / overview.per_minute))} left"
    return text


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return "never"
    # a clock may have been set back since
    seconds = max(0.0, (datetime.now() - moment).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"
