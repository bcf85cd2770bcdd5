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
from latent_spaces_by_example.report.snapshot import Snapshot, expected_of
from latent_spaces_by_example.study import Trial

_SIDE = 300
_MOST_FIGURES = 6


def way_panel(snapshot: Snapshot) -> Html:
    """Outputs that were each better than all before them."""
    if len(snapshot.improvements) < 2:
        return Html()
    skipped = len(snapshot.improvements) - len(snapshot.way)
    by = ", by what is expected now" if snapshot.is_noisy else ""
    few = f" {len(snapshot.way)} of {len(snapshot.improvements)} such steps." if skipped else ""
    return section(
        "The way there",
        note(f"Each was the best when it was found{by}.{few}"),
        _gallery(snapshot, snapshot.way, numbered=False),
        anchor="way",
    )


def top_panel(snapshot: Snapshot) -> Html:
    """The best outputs among those that differ."""
    if len(snapshot.top) < 2:
        return Html()
    what = "expected score" if snapshot.is_noisy else "score"
    return section(
        "The best that differ",
        note(
            f"In order of {what}, leaving out what is nearer than 15 degrees of angle to a better "
            "one shown: neighbours of the best look much like it."
        ),
        _gallery(snapshot, snapshot.top, numbered=True),
        anchor="top",
    )


def _gallery(snapshot: Snapshot, trials: Sequence[Trial], *, numbered: bool) -> Html:
    drawn = [trial for trial in trials if snapshot.picture(trial) is not None]
    if not drawn:
        return _as_table(trials)
    scores = shown_alike([trial.worth for trial in trials])
    tiles = []
    for place, (trial, score) in enumerate(zip(trials, scores, strict=True), 1):
        rank = f"{place}. " if numbered else ""
        kind = "best" if trial is snapshot.best else ""
        number = f"trial {trial.number}"
        named = snapshot.example_names.get(trial.number, number)
        where = element("span", named, class_="where" if named == number else None)
        caption = joined([rank, element("b", score), " ", where])
        alt = f"Output of trial {trial.number}, score {shown(trial.score)}{expected_of(trial)}"
        picture = snapshot.picture(trial)
        if picture is None:
            caption = joined([caption, element("span", "not drawn", class_="where")], by=" ")
        tiles.append(tile(picture, caption, alt=alt, side=_SIDE, kind=kind))
    wide = any(p.wide for t in drawn if (p := snapshot.picture(t)) is not None)
    return element("div", *tiles, class_="gallery wide" if wide else "gallery")


def _as_table(trials: Sequence[Trial]) -> Html:
    figures = list(dict.fromkeys(key for t in trials for key in t.figures))[:_MOST_FIGURES]
    head, columns = ["score"], [shown_alike([t.score for t in trials])]
    if any(t.expected_score is not None for t in trials):
        head = ["expected score", *head]
        columns.insert(0, shown_alike([t.worth for t in trials]))
    columns += [shown_alike([t.figures.get(name) for t in trials]) for name in figures]
    rows = [[f"trial {t.number}", *cells] for t, *cells in zip(trials, *columns, strict=True)]
    return table(["", *head, *figures], rows, label="Scores and figures of these trials")
