"""The panel of several scores: every evaluation by two of them, and the front."""

from __future__ import annotations

from itertools import combinations

from latent_spaces_by_example.report.markup import Html, figure, joined, note, shown, table
from latent_spaces_by_example.report.snapshot import useful_range
from latent_spaces_by_example.report.svg import Chart, key
from latent_spaces_by_example.study import Study
from latent_spaces_by_example.study.several_scores import objectives_of

_MOST_ROWS = 40
_MOST_PAIRS = 3


def front_panel(study: Study) -> str:
    """Markup of the front: a chart for each pair of scores, and a table; empty for one score."""
    names = study.settings.score_names
    finished = study.finished_trials
    if not names or not finished:
        return ""
    front = study.front()
    values = objectives_of(finished, names)
    on_front = {trial.number for trial in front}
    charts = []
    for a, b in list(combinations(range(len(names)), 2))[:_MOST_PAIRS]:
        x, y = values[:, a], values[:, b]
        labels = (names[a], names[b])
        chart = Chart.of(useful_range(x), useful_range(y), labels=labels)
        marks = []
        for trial, place in sorted(
            zip(finished, values[:, [a, b]], strict=True), key=lambda t: t[0].number in on_front
        ):
            kind = "best" if trial.number in on_front else "trial"
            kind = kind if trial.feasible else "failed"
            told = ", ".join(f"{name} {shown(trial.scores[name])}" for name in names)
            left, low = max(place[0], chart.x.low), max(place[1], chart.y.low)
            radius = 5.0 if kind == "best" else 2.5
            marks.append(
                chart.dot(left, low, kind=kind, told=f"trial {trial.number}: {told}", radius=radius)
            )
        alt = f"{len(front)} of {len(finished)} evaluations are on the front of {labels[0]} and "
        alt += labels[1]
        legend = key(("best", "on the front"), ("trial", "an evaluation"))
        if not all(trial.feasible for trial in finished):
            entries = [("best", "on the front"), ("trial", "an evaluation")]
            legend = key(*entries, ("failed", "violates a constraint"))
        caption = "Higher is better on both axes. What lies beyond them stands on the edge."
        charts.append(figure(chart.html(*marks, alt=alt), caption, legend=legend))
    rows = [[str(t.number), *(shown(t.scores[name]) for name in names)] for t in front]
    head = ["trial", *names]
    if not front:
        return joined([*charts, note("Nothing found meets every constraint.")])
    more = note(f"{len(rows) - _MOST_ROWS} more are on it.") if len(rows) > _MOST_ROWS else Html()
    listed = table(head, rows[:_MOST_ROWS], label="The front")
    return joined([*charts, listed, more])


def front_summary(study: Study) -> str:
    """The result in a sentence."""
    scores = " and ".join(study.settings.score_names)
    front, number = len(study.front()), len(study.finished_trials)
    if not front:
        return f"None of {number} evaluations meets every constraint."
    return f"Of {number} evaluations {front} are beaten by no other one in all of {scores}."
