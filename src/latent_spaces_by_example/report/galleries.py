"""The panels of what was found: the steps on the way, and the best that are not alike."""

from __future__ import annotations

from collections.abc import Sequence

from latent_spaces_by_example.report.markup import (
    Html,
    element,
    joined,
    note,
    section,
    shown,
    shown_alike,
    table,
)
from latent_spaces_by_example.report.outputs import tile
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study import Trial

_SIDE = 300
_MOST_FIGURES = 6


def way_panel(snapshot: Snapshot) -> Html:
    """Outputs that were each better than all before them."""
    if len(snapshot.improvements) < 2:
        return Html()
    skipped = len(snapshot.improvements) - len(snapshot.way)
    few = f" {len(snapshot.way)} of {len(snapshot.improvements)} such steps." if skipped else ""
    return section(
        "The way there",
        note(f"Each was the best when it was found.{few}"),
        _gallery(snapshot, snapshot.way, numbered=False),
        anchor="way",
    )


def top_panel(snapshot: Snapshot) -> Html:
    """The best outputs among those that differ."""
    if len(snapshot.top) < 2:
        return Html()
    return section(
        "The best that differ",
        note(
            "In order of score, leaving out what is nearer than 15 degrees of angle to a better "
            "one shown: neighbours of the best look much like it."
        ),
        _gallery(snapshot, snapshot.top, numbered=True),
        anchor="top",
    )


def _gallery(snapshot: Snapshot, trials: Sequence[Trial], *, numbered: bool) -> Html:
    drawn = [trial for trial in trials if snapshot.picture(trial) is not None]
    if not drawn:
        return _as_table(trials)
    scores = shown_alike([trial.score for trial in trials])
    tiles = []
    for place, (trial, score) in enumerate(zip(trials, scores, strict=True), 1):
        rank = f"{place}. " if numbered else ""
        kind = "best" if trial is snapshot.best else ""
        number = f"trial {trial.number}"
        named = snapshot.example_names.get(trial.number, number)
        where = element("span", named, class_="where" if named == number else None)
        caption = joined([rank, element("b", score), " ", where])
        alt = f"Output of trial {trial.number}, score {shown(trial.score)}"
        picture = snapshot.picture(trial)
        if picture is None:
            caption = joined([caption, element("span", "not drawn", class_="where")], by=" ")
        tiles.append(tile(picture, caption, alt=alt, side=_SIDE, kind=kind))
    wide = any(p.wide for t in drawn if (p := snapshot.picture(t)) is not None)
    return element("div", *tiles, class_="gallery wide" if wide else "gallery")


def _as_table(trials: Sequence[Trial]) -> Html:
    figures = list(dict.fromkeys(key for t in trials for key in t.figures))[:_MOST_FIGURES]
    columns = [shown_alike([t.score for t in trials])]
    columns += [shown_alike([t.figures.get(name) for t in trials]) for name in figures]
    rows = [[f"trial {t.number}", *cells] for t, *cells in zip(trials, *columns, strict=True)]
    return table(["", "score", *figures], rows, label="Scores and figures of these trials")
