"""What a picture can keep of a space of many dimensions: angles to the best, and a projection."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.report.markup import Html, element, figure, joined, shown
from latent_spaces_by_example.report.snapshot import Snapshot, expected_of, useful_range
from latent_spaces_by_example.report.svg import Chart, colour_bar, dot, key, levels_of

_SIZE = (480, 400)
_FEWEST = 3


def projection(snapshot: Snapshot) -> list[Html]:
    """Two charts side by side: score by angle to the best, and the two widest directions."""
    if len(snapshot.finished) < _FEWEST or snapshot.best is None:
        return []
    plots = [_by_angle(snapshot), _widest(snapshot)]
    return [element("div", *(plot for plot in plots if plot), class_="pair")]


def _by_angle(snapshot: Snapshot) -> Html:
    best = snapshot.best
    if best is None:
        return Html()
    cosines = snapshot.points @ snapshot.points[snapshot.place(best)]
    angles = np.degrees(np.arccos(cosines.clip(-1, 1)))
    low, high = useful_range(snapshot.history.scores)
    widest = max(float(angles.max()), 1.0)
    chart = Chart.of(
        (-0.02 * widest, 1.02 * widest),
        (low, high),
        labels=("degrees from the best", "score"),
        size=_SIZE,
    )
    scores = np.nan_to_num(snapshot.history.scores, nan=low)
    marks = _marks(snapshot, chart.x(angles), chart.y(scores.clip(low, high)))
    below = int((snapshot.history.scores < low).sum())
    hidden = f" {below} lie below the picture and stand on its lower edge." if below else ""
    return figure(
        chart.html(*marks, alt="Score of each trial by the angle between its latent and the best"),
        "How far each latent is from the best one, as an angle: two prior draws are about 90 "
        f"degrees apart, and what looks alike is near.{hidden}",
        legend=_key(snapshot),
    )


def _widest(snapshot: Snapshot) -> Html:
    known = snapshot.history.finished
    middle = snapshot.points[known].mean(axis=0)
    _, spreads, axes = np.linalg.svd(snapshot.points[known] - middle, full_matrices=False)
    if len(spreads) < 2 or spreads[1] < 1e-9:
        return Html()
    share = spreads**2 / (spreads**2).sum()
    places = (snapshot.points - middle) @ axes[:2].T
    low, high = places.min(axis=0), places.max(axis=0)
    room = 1.1 * float((high - low).max())
    centre = (low + high) / 2
    chart = Chart.of(
        (centre[0] - room / 2, centre[0] + room / 2),
        (centre[1] - room / 2, centre[1] + room / 2),
        labels=(f"first component, {share[0]:.0%}", f"second component, {share[1]:.0%}"),
        size=_SIZE,
    )
    bounds = useful_range(snapshot.history.scores, margin=0.0)
    marks = _marks(snapshot, chart.x(places[:, 0]), chart.y(places[:, 1]), bounds=bounds)
    dims = int((spreads > 1e-9).sum())
    return figure(
        chart.html(*marks, alt="The trials along the two widest directions among them"),
        joined(
            [
                f"The {shown(int(known.sum()))} scored latents, in {dims} dimensions, along the "
                f"two in which they vary most: {share[:2].sum():.0%} of their variance. The rest "
                "is not seen here, so neighbours in this picture may be far apart."
            ]
        ),
        legend=colour_bar(*bounds, label="score"),
    )


def _marks(
    snapshot: Snapshot,
    x: Float64[np.ndarray, " n"],
    y: Float64[np.ndarray, " n"],
    *,
    bounds: tuple[float, float] | None = None,
) -> list[str]:
    colours = [""] * len(x)
    if bounds is not None:
        low, high = bounds
        colours = levels_of(np.nan_to_num(snapshot.history.scores, nan=low), bounds=(low, high))
    marks: list[str] = []
    ordered = sorted(snapshot.trials, key=lambda t: t.score if t.score is not None else -np.inf)
    for trial in ordered:
        i = snapshot.place(trial)
        example = snapshot.example_names.get(trial.number)
        named = f", {example}" if example else ""
        if trial.error is not None:
            marks.append(
                dot(x[i], y[i], kind="failed", told=f"trial {trial.number}{named}: failed")
            )
        elif trial is snapshot.best:
            told = (
                f"the best, trial {trial.number}{named}: {shown(trial.score)}{expected_of(trial)}"
            )
            marks.append(dot(x[i], y[i], kind="best", told=told, radius=6.0))
        elif trial.score is not None:
            shape = "example" if example else "trial"
            told = f"trial {trial.number}{named}: {shown(trial.score)}{expected_of(trial)}"
            size = 4.5 if named else 3.2
            kind = f"{shape} {colours[i]}".strip()
            marks.append(dot(x[i], y[i], kind=kind, told=told, radius=size))
    return marks


def _key(snapshot: Snapshot) -> Html:
    entries = [("best", "the best"), ("trial", "an evaluation")]
    if snapshot.examples:
        entries.append(("example", "an example"))
    if any(trial.error is not None for trial in snapshot.trials):
        entries.append(("failed", "failed"))
    return key(*entries)
