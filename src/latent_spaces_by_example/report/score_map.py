"""The panel of the space: all of it between two or three seed latents, a projection of more."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from contourpy import FillType, contour_generator
from jaxtyping import Float64

from latent_spaces_by_example.report.markup import Html, figure, joined, section, shown, text
from latent_spaces_by_example.report.octant import edges, from_plane, to_plane
from latent_spaces_by_example.report.projection import projection
from latent_spaces_by_example.report.snapshot import Snapshot, expected_of, useful_range
from latent_spaces_by_example.report.svg import (
    LEVELS,
    Chart,
    Scale,
    colour_bar,
    dot,
    drawing,
    key,
    label_at,
    outline,
    path,
    shortened,
)
from latent_spaces_by_example.search.latent_gp import ScoreModel

_GRID = 81
_WIDTH = 520
_FEWEST_TO_MODEL = 5


def space_panel(snapshot: Snapshot) -> Html:
    """A map where the space can be drawn, else what a picture can keep of it."""
    if len(snapshot.finished) < 2:
        return Html()
    dims = _flat_dims(snapshot)
    enough = len(snapshot.finished) >= _FEWEST_TO_MODEL
    if dims == 2 and enough:
        return section("The space that was searched", _triangle(snapshot), anchor="space")
    if dims == 1 and enough:
        return section("The space that was searched", _arc(snapshot), anchor="space")
    return section("The space that was searched", *projection(snapshot), anchor="space")


def _flat_dims(snapshot: Snapshot) -> int:
    """Dimension of the space where every trial is between the given seed latents, else 0."""
    weights = snapshot.history.weights
    num_given = snapshot.study.settings.num_given
    between = weights.shape[1] == num_given and (weights >= -1e-9).all()
    return num_given - 1 if between and num_given > 0 else 0


def _triangle(snapshot: Snapshot) -> Html:
    model = ScoreModel.of(snapshot.history)
    outer = edges()
    (left, low), (right, high) = outer.min(axis=0), outer.max(axis=0)
    size = (_WIDTH - 60) / (right - left)
    across = Scale(left, right, 30.0, _WIDTH - 30.0)
    bottom = 34 + size * (high - low)
    up = Scale(low, high, bottom, 34.0)
    bounds = useful_range(snapshot.history.scores, margin=0.0)
    sides = np.linspace(left, right, _GRID), np.linspace(low, high, _GRID)
    grid = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    mean = model.mean(from_plane(grid)).reshape(_GRID, _GRID)
    border = outline(across(outer[:, 0]), up(outer[:, 1])) + "Z"
    marks = [
        Html(f'<clipPath id="octant"><path d="{border}"/></clipPath><g clip-path="url(#octant)">'),
        *_filled(across(sides[0]), up(sides[1]), mean, bounds=bounds),
        Html("</g>"),
        path(border, kind="axis"),
        *_on_the_map(snapshot, across, up),
    ]
    alt = f"Map of the score between {', '.join(_names(snapshot))}; {_best_in_words(snapshot)}"
    return figure(
        drawing(*marks, size=(_WIDTH, round(bottom) + 8), alt=alt),
        joined(
            [
                "Every mixture of the three seed latents: each corner is one of them, each edge "
                "the mixtures of two, and equal areas hold equal shares of what could be drawn.",
                _of_the_model(model),
            ],
            by=" ",
        ),
        legend=joined([colour_bar(*bounds, label="expected score"), _key(snapshot)]),
        class_="plot map",
    )


def _filled(
    x: Float64[np.ndarray, " n"],
    y: Float64[np.ndarray, " n"],
    mean: Float64[np.ndarray, "n n"],
    *,
    bounds: tuple[float, float],
) -> list[str]:
    low, high = bounds
    contours: Any = contour_generator(x, y, mean.clip(low, high), fill_type=FillType.OuterOffset)
    painted: list[str] = [
        path(f"M{x[0]:.0f} {y[0]:.0f}H{x[-1]:.0f}V{y[-1]:.0f}H{x[0]:.0f}Z", kind="q0")
    ]
    for level in range(1, LEVELS):
        # each level lies over the one below it, so that no seam can show between two
        regions, offsets = contours.filled(low + (high - low) * level / LEVELS, high + 1.0)
        rings = [
            outline(*points[start:end].T) + "Z"
            for points, starts in zip(regions, offsets, strict=True)
            for start, end in pairwise(starts)
        ]
        if rings:
            painted.append(path("".join(rings), kind=f"q{level} contour"))
    return painted


def _on_the_map(snapshot: Snapshot, across: Scale, up: Scale) -> list[str]:
    places = to_plane(snapshot.history.weights / _norms(snapshot.history.weights))
    x, y = across(places[:, 0]), up(places[:, 1])
    marks = trial_marks(snapshot, x, y)
    for corner, (name, (a, b)) in enumerate(
        zip(_names(snapshot), to_plane(np.eye(3)), strict=True)
    ):
        left, top = across.at(a), up.at(b)
        told = dot(left, top, kind="example", told=name, radius=5.0)
        x_label, y_label = ((left, top - 14), (2.0, top + 28), (_WIDTH - 2.0, top + 28))[corner]
        anchor = ("middle", "start", "end")[corner]
        marks += [
            told,
            label_at(x_label, y_label, shortened(name, most=22), anchor=anchor, kind="corner"),
        ]
    return marks


def trial_marks(
    snapshot: Snapshot, x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]
) -> list[str]:
    """A dot for each trial at its place, a cross where it failed, the best one on top."""
    marks: list[str] = []
    for trial, left, top in zip(snapshot.trials, x, y, strict=True):
        if trial.error is not None:
            told = f"trial {trial.number}: failed"
            marks.append(dot(left, top, kind="failed", told=told))
        elif trial.score is not None and trial is not snapshot.best:
            told = f"trial {trial.number}: {shown(trial.score)}{expected_of(trial)}"
            marks.append(dot(left, top, kind="trial on-colour", told=told, radius=2.8))
    best = snapshot.best
    if best is not None:
        told = f"the best, trial {best.number}: {shown(best.score)}{expected_of(best)}"
        marks.append(
            dot(
                x[snapshot.place(best)], y[snapshot.place(best)], kind="best", told=told, radius=6.0
            )
        )
    return marks


def _arc(snapshot: Snapshot) -> Html:
    model = ScoreModel.of(snapshot.history)
    angles = np.linspace(0, np.pi / 2, 121)
    weights = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    mean, spread = model.mean(weights), 2 * model.uncertainty(weights)
    low, high = useful_range(snapshot.history.scores)
    room = high - low
    low, high = low - 0.1 * room, high + 0.1 * room
    first, second = (shortened(name) for name in _names(snapshot))
    chart = Chart.of(
        (0.0, 90.0), (low, high), labels=(f"degrees from {first} to {second}", "score")
    )
    degrees = np.degrees(angles)
    marks: list[str] = [
        chart.band(
            degrees, (mean - spread).clip(low, high), (mean + spread).clip(low, high), kind="prior"
        ),
        chart.line(degrees, mean.clip(low, high), kind="prior"),
    ]
    weights = snapshot.history.weights
    at = np.degrees(np.arctan2(weights[:, 1], weights[:, 0]))
    scores = np.nan_to_num(snapshot.history.scores, nan=low).clip(low, high)
    marks += trial_marks(snapshot, chart.x(at), chart.y(scores))
    said = (
        "Every mixture of the two seed latents, by the angle of its weights. The line is what the "
        "model expects, the band two standard deviations to either side."
    )
    return figure(
        chart.html(*marks, alt=f"Score between the two seed latents; {_best_in_words(snapshot)}"),
        joined([said, _of_the_model(model)], by=" "),
        legend=key(
            ("prior line", "expected score"),
            ("trial on-colour", "an evaluation"),
            ("best", "the best"),
        ),
    )


def _key(snapshot: Snapshot) -> Html:
    entries = [("example", "a seed latent"), ("trial on-colour", "an evaluation")]
    if any(trial.error is not None for trial in snapshot.trials):
        entries.append(("failed", "failed"))
    return key(*entries, ("best", "the best"))


def _of_the_model(model: ScoreModel) -> Html:
    errors = model.left_out_errors()
    return text(
        "The expectation is that of the library's Gaussian process given these evaluations; "
        "nothing more was evaluated. Leaving out one evaluation at a time, it is off by "
        f"{shown(float(np.sqrt(np.mean(errors**2))))} (root mean square), where the scores "
        f"themselves vary by {shown(float(model.scores.std()))}."
    )


def _names(snapshot: Snapshot) -> list[str]:
    return [snapshot.study.seeds.name(i) for i in range(snapshot.study.settings.num_given)]


def _best_in_words(snapshot: Snapshot) -> str:
    best = snapshot.best
    if best is None:
        return ""
    mixed = zip(_names(snapshot), best.weights**2, strict=False)
    shares = ", ".join(f"{share:.0%} {name}" for name, share in mixed)
    return f"the best, trial {best.number}, is {shares} by squared weight."


def _norms(weights: Float64[np.ndarray, "n K"]) -> Float64[np.ndarray, "n 1"]:
    return np.linalg.norm(weights, axis=1, keepdims=True)
