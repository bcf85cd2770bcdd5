"""Several scores: every evaluation by two of them at a time, and the front."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from latent_spaces_by_example.report.blocks import Table
from latent_spaces_by_example.report.formatting import shown
from latent_spaces_by_example.report.plot import Axes, Dot, Figure, dot_sample
from latent_spaces_by_example.report.scores import useful_range
from latent_spaces_by_example.report.snapshot import Snapshot

_MOST_ROWS = 40
_MOST_PAIRS = 3


@dataclass(frozen=True)
class Front:
    """The section of several scores: plots, and a table of the trials on the front."""

    figures: tuple[Figure, ...]
    table: Table | None
    note: str


def front_section(snapshot: Snapshot) -> Front | None:
    """Return the section of several scores; None in a study of one score."""
    names = snapshot.settings.score_names
    if not names or not snapshot.finished:
        return None
    pairs = list(combinations(names, 2))[:_MOST_PAIRS]
    figures = tuple(_figure(snapshot, *pair) for pair in pairs)
    front = snapshot.front
    if not front:
        return Front(figures, None, "Nothing found meets every constraint.")
    rows = [(str(t.number), *(shown(t.scores[name]) for name in names)) for t in front]
    table = Table("The front", ("trial", *names), tuple(rows[:_MOST_ROWS]))
    more = len(rows) - _MOST_ROWS
    return Front(figures, table, f"{more} more are on it." if more > 0 else "")


def _figure(snapshot: Snapshot, first: str, second: str) -> Figure:
    bounds = []
    for name in (first, second):
        values = np.array([trial.scores[name] for trial in snapshot.finished])
        sign = -1.0 if snapshot.minimises(name) else 1.0
        low, high = sorted(sign * end for end in useful_range(sign * values))
        bounds.append((low, high))
    axes = Axes.between(*bounds, labels=(first, second))
    front = {trial.number for trial in snapshot.front}
    marks = []
    for trial in sorted(snapshot.finished, key=lambda t: t.number in front):
        kind = "best" if trial.number in front else "trial" if trial.feasible else "infeasible"
        scores = ", ".join(f"{name} {shown(value)}" for name, value in trial.scores.items())
        x = min(max(trial.scores[first], axes.x.low), axes.x.high)
        radius = 5.0 if kind == "best" else 2.5
        title = f"trial {trial.number}: {scores}"
        marks.append(axes.dot(x, trial.scores[second], kind=kind, title=title, radius=radius))
    counted = f"{len(front)} of {len(snapshot.finished)} evaluations"
    alt = f"{counted} are on the front of {first} and {second}"
    return Figure(axes.plot(*marks, alt=alt), _legend(snapshot))


def _legend(snapshot: Snapshot) -> tuple[tuple[Dot, str], ...]:
    entries = [("best", "on the front"), ("trial", "an evaluation")]
    if not all(trial.feasible for trial in snapshot.finished):
        entries.append(("infeasible", "violates a constraint"))
    return tuple((dot_sample(kind, radius=4.0), words) for kind, words in entries)
