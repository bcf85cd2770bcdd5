"""Several scores: every evaluation by two of them at a time, and the outputs on the front."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from latent_spaces_by_example.report.blocks import UNMET, Table
from latent_spaces_by_example.report.convergence import trial_legend
from latent_spaces_by_example.report.formatting import shown, shown_alike
from latent_spaces_by_example.report.galleries import Gallery, gallery_of, tile_of
from latent_spaces_by_example.report.plot import Axes, Figure, dot_sample
from latent_spaces_by_example.report.scores import useful_range
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study import Trial

_MOST_ROWS = 40
_MOST_PAIRS = 3


@dataclass(frozen=True)
class Front:
    """The section of several scores.

    Attributes:
        figures: every evaluation, by two scores at a time.
        examples: pictures of the examples to beat that are not on the front; None without any.
        gallery: pictures along the front; None where no output has one.
        table: the scores of the trials on the front; None where nothing is feasible.
        note: what the pictures and the table leave out.
    """

    figures: tuple[Figure, ...]
    examples: Gallery | None
    gallery: Gallery | None
    table: Table | None
    note: str


def front_section(snapshot: Snapshot) -> Front | None:
    """Return the section of several scores; None in a study of one score."""
    names = snapshot.settings.score_names
    if not names or not snapshot.finished:
        return None
    pairs = list(combinations(names, 2))[:_MOST_PAIRS]
    figures = tuple(_figure(snapshot, *pair) for pair in pairs)
    examples = _gallery(snapshot, snapshot.example_front)
    front = snapshot.front
    if not front:
        return Front(figures, examples, None, None, "Nothing found meets every constraint.")
    columns = [shown_alike([t.scores[name] for t in front]) for name in names]
    named = [f"{t.number} {snapshot.example_names.get(t.number, '')}".rstrip() for t in front]
    rows = list(zip(named, *columns, strict=True))
    table = Table("The front", ("trial", *names), tuple(rows[:_MOST_ROWS]))
    gallery = _gallery(snapshot, snapshot.spread_front)
    return Front(figures, examples, gallery, table, " ".join(_left_out(snapshot, gallery)))


def _left_out(snapshot: Snapshot, gallery: Gallery | None) -> Iterator[str]:
    more = len(snapshot.front) - _MOST_ROWS
    if more > 0:
        yield f"{more} more are on it."
    if gallery is not None and snapshot.missing:
        yield snapshot.missing


def _gallery(snapshot: Snapshot, trials: list[Trial]) -> Gallery | None:
    names = snapshot.settings.score_names
    columns = [shown_alike([t.scores[name] for t in trials]) for name in names]
    tiles = []
    for trial, *scores in zip(trials, *columns, strict=True):
        name = snapshot.example_names.get(trial.number, f"trial {trial.number}")
        words = [
            f"{score}\N{NO-BREAK SPACE}{value}" for score, value in zip(names, scores, strict=True)
        ]
        alt = ", ".join([name, *words])
        tiles.append(tile_of(snapshot, trial, title=name, words=words, alt=alt))
    return gallery_of(tiles)


def _figure(snapshot: Snapshot, first: str, second: str) -> Figure:
    bounds = []
    directions = dict(zip(snapshot.settings.score_names, snapshot.ranking.directions, strict=True))
    for name in (first, second):
        values = np.array([trial.scores[name] for trial in snapshot.finished])
        bounds.append(useful_range(values, minimise=directions[name] == "minimise"))
    axes = Axes.between(*bounds, labels=(first, second))
    front = {trial.number for trial in snapshot.front}
    examples = snapshot.example_names
    marks = []
    for trial in sorted(snapshot.finished, key=lambda t: (t.number in front, t.number in examples)):
        on_it = trial.number in front
        kind = "best" if on_it else snapshot.mark_of(trial) or "trial"
        scores = ", ".join(f"{name} {shown(value)}" for name, value in trial.scores.items())
        called = f", {examples[trial.number]}" if trial.number in examples else ""
        unmet = "" if trial.feasible else f", {UNMET}"
        title = f"trial {trial.number}{called}: {scores}{unmet}"
        x = min(max(trial.scores[first], axes.x.low), axes.x.high)
        radius = 5.0 if on_it else 4.5 if "example" in kind else 2.5
        marks.append(axes.dot(x, trial.scores[second], kind=kind, title=title, radius=radius))
    counted = f"{len(front)} of {len(snapshot.finished)} evaluations"
    alt = f"{counted} are on the front of {first} and {second}"
    legend = ((dot_sample("best", radius=4.0), "on the front"), *trial_legend(snapshot))
    return Figure(axes.plot(*marks, alt=alt), legend)
