"""``lsbe status``: how a study stands, once or kept up to date."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from latent_spaces_by_example.cli.console import plain, say, shortened, width
from latent_spaces_by_example.cli.hints import resumption
from latent_spaces_by_example.cli.options import Place, study_options

if TYPE_CHECKING:
    from latent_spaces_by_example.study.overview import Overview
    from latent_spaces_by_example.study.records import Records

_BAR, _LABEL = 40, 11  # characters
_EVERY = 2.0  # seconds between two looks


@click.command()
@study_options(folder_required=False, generator=False)
@click.option("--watch", is_flag=True, help="Keep the table up to date until Ctrl-C.")
def status(place: Place, *, watch: bool) -> None:
    """Say how the study in run folder FOLDER, or in a storage, stands.

    It reads the database alone, and changes nothing.

    \b
    lsbe status runs/wing --watch
    lsbe status --storage postgresql://... --study wing
    """
    records = place.records()
    if not watch:
        say(_look(records, place))
        return
    from rich.live import Live
    from rich.text import Text

    try:
        with Live(Text(plain(_look(records, place))), auto_refresh=False) as live:
            while True:
                time.sleep(_EVERY)
                live.update(Text(plain(_look(records, place))), refresh=True)
    except KeyboardInterrupt:
        return  # that is how one stops looking


def _look(records: Records, place: Place) -> str:
    from latent_spaces_by_example.study.lock import holder
    from latent_spaces_by_example.study.overview import overview_of

    running = holder(records.storage, study_name=records.name)
    return "\n".join(status_lines(overview_of(records), running=running, place=place))


def status_lines(overview: Overview, *, running: str | None, place: Place) -> list[str]:
    """Return how a study stands, line by line.

    Args:
        overview: of the study.
        running: the process that runs it, or None.
        place: where it is, for hints.
    """
    settings = overview.settings
    budget = settings.budget
    counts = f"{overview.finished} finished, {overview.failed} failed, {overview.pending} open"
    asked = f"{overview.asked} trials wait for their results to be told" if overview.asked else ""
    objective, room = settings.objective or "none: results are told by hand", width() - _LABEL
    rows = [
        ("study", overview.name),
        ("generator", shortened(settings.generator, most=room)),
        ("objective", shortened(objective, most=room)),
        ("trials", counts if budget is None else f"{counts}, of {budget}"),
        ("", "" if budget is None else _bar(overview.done, budget)),
        ("best", _best(overview)),
        ("rate", _rate(overview, is_running=running is not None)),
        ("last done", ago(overview.last)),
        ("asked", asked),
        ("running", _running(overview, running=running, place=place)),
    ]
    return [f"{label:<{_LABEL}}{value}" for label, value in rows if value]


def _best(overview: Overview) -> str:
    settings, trials = overview.settings, overview.trials
    words = overview.ranking.best_in_words(trials)
    best = overview.ranking.best(trials)
    if settings.score_names or best is None or not best.feasible:
        return words
    luck = "; scores are noisy, so it is in part luck" if settings.noisy else ""
    lower = ", lower is better" if settings.directions[0] == "minimise" else ""
    return f"{words} (trial {best.number}{lower}{luck})"


def ago(moment: datetime | None) -> str:
    """Return how long ago something was, roughly.

    >>> ago(None), ago(datetime.now() - timedelta(minutes=5))
    ('never', '5 min ago')
    """
    if moment is None:
        return "never"
    # a clock may have been set back since
    seconds = max(0.0, (datetime.now() - moment).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def _bar(done: int, budget: int) -> str:
    filled = min(_BAR, round(_BAR * done / budget))
    return "█" * filled + "░" * (_BAR - filled)


def _rate(overview: Overview, *, is_running: bool) -> str:
    if overview.per_minute is None:
        return ""
    text = f"{overview.per_minute:.3g} a minute"
    if overview.seconds is not None:
        text += f", {overview.seconds:.3g} s each"
    left = (overview.settings.budget or 0) - overview.done
    if is_running and left > 0 and overview.per_minute > 0:
        minutes = left / overview.per_minute
        clock = str(timedelta(seconds=round(60 * min(minutes, 2880))))
        text += f", about {f'{minutes / 1440:.0f} days' if minutes > 2880 else clock} left"
    return text


def _running(overview: Overview, *, running: str | None, place: Place) -> str:
    if running is not None:
        since = ago(overview.oldest_pending)
        longest = "" if overview.oldest_pending is None else f"; the longest open trial: {since}"
        return f"{running}{longest}"
    settings = overview.settings
    if settings.budget is None or overview.done >= settings.budget - overview.asked:
        return "nothing is running"
    return f"nothing is running; go on: {resumption(place, settings)}"
