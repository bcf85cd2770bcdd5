"""The map of the space between two or three seed latents; of more, the angles to the best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from contourpy import FillType, contour_generator
from jaxtyping import Float64

from latent_spaces_by_example.report.convergence import trial_legend
from latent_spaces_by_example.report.formatting import shortened
from latent_spaces_by_example.report.octant import edges, from_plane, to_plane
from latent_spaces_by_example.report.plot import (
    LEVELS,
    Axes,
    ColourBar,
    Dot,
    Figure,
    Label,
    Mark,
    Path,
    Plot,
    Scale,
    Thumbnail,
    dot_sample,
    line_sample,
    outline,
)
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study import Trial

_GRID = 81
_WIDTH, _SIDE = 520, 30.0
_FEWEST_TO_MODEL, _FEWEST_TO_COMPARE = 5, 3
_THUMBNAIL = 110  # its longer side, in user units
_PIXELS = 240


@dataclass(frozen=True)
class Space:
    """The plot of the space, and what its caption needs.

    Attributes:
        figure: the score between two or three seed latents, else by angle to the best.
        kind: "map" between three seed latents, "arc" between two, "angle" otherwise.
        spread: standard deviation of the scores that the plot shows.
    """

    figure: Figure
    kind: str
    spread: float


def space_section(snapshot: Snapshot) -> Space | None:
    """Return the map where the space can be drawn, else the scores by angle to the best."""
    if len(snapshot.finished) < 2:
        return None
    dims = _flat_dims(snapshot)
    low, high = snapshot.useful_range(snapshot.scores)
    spread = float(snapshot.scores[snapshot.scored].clip(low, high).std())
    if dims in (1, 2) and len(snapshot.finished) >= _FEWEST_TO_MODEL:
        figure, kind = (_arc(snapshot), "arc") if dims == 1 else (map_figure(snapshot), "map")
        return Space(figure, kind, spread)
    if snapshot.best is None or len(snapshot.finished) < _FEWEST_TO_COMPARE:
        return None
    return Space(_by_angle(snapshot, snapshot.best), "angle", spread)


def _flat_dims(snapshot: Snapshot) -> int:
    """Return the space's dimension if every trial is between the given seed latents, else 0."""
    num_given = snapshot.settings.num_given
    between = snapshot.weights.shape[1] == num_given and (snapshot.weights >= -1e-9).all()
    return num_given - 1 if between and num_given > 0 else 0


def map_figure(snapshot: Snapshot) -> Figure:
    """Return the map of all mixtures of three seed latents, an eighth of a sphere."""
    outer = edges()
    (left, low), (right, high) = outer.min(axis=0), outer.max(axis=0)
    thumbnails = [_thumbnail(snapshot, corner) for corner in range(3)]
    top = 34.0 + (thumbnails[0].height + 8 if thumbnails[0] else 0)
    size = (_WIDTH - 2 * _SIDE) / (right - left)
    bottom = top + size * (high - low)
    across, up = Scale(left, right, _SIDE, _WIDTH - _SIDE), Scale(low, high, bottom, top)
    below = max((t.height + 40 for t in thumbnails[1:] if t), default=8)
    bounds = snapshot.useful_range(snapshot.scores, margin=0.0)
    sides = np.linspace(left, right, _GRID), np.linspace(low, high, _GRID)
    grid = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    mean = snapshot.expected(from_plane(grid)).reshape(_GRID, _GRID)
    border = outline(across(outer[:, 0]), up(outer[:, 1])) + "Z"
    names = snapshot.given_names
    plot = Plot(
        _WIDTH,
        round(bottom + below),
        f"Map of the score between {', '.join(names)}; {_best_in_words(snapshot)}",
        (Path(border, "axis"), *_on_the_map(snapshot, across, up, thumbnails)),
        clipped=tuple(_filled(across(sides[0]), up(sides[1]), mean, bounds=bounds)),
        clip=border,
    )
    legend = ((dot_sample("example", radius=4.5), "a seed latent"), *_legend(snapshot))
    bar = ColourBar("expected score", *bounds)
    return Figure(plot, legend, bar, "map")


def _filled(
    x: Float64[np.ndarray, " n"],
    y: Float64[np.ndarray, " n"],
    mean: Float64[np.ndarray, "n n"],
    *,
    bounds: tuple[float, float],
) -> Iterator[Path]:
    low, high = bounds
    contours: Any = contour_generator(x, y, mean.clip(low, high), fill_type=FillType.OuterOffset)
    yield Path(f"M{x[0]:.0f} {y[0]:.0f}H{x[-1]:.0f}V{y[-1]:.0f}H{x[0]:.0f}Z", "contour q0")
    for level in range(1, LEVELS):
        # each level lies over the one below it, so that no seam can show between two
        regions, offsets = contours.filled(low + (high - low) * level / LEVELS, high + 1.0)
        rings = [
            outline(*points[start:end].T) + "Z"
            for points, starts in zip(regions, offsets, strict=True)
            for start, end in pairwise(starts)
        ]
        if rings:
            yield Path("".join(rings), f"contour q{level}")


def _thumbnail(snapshot: Snapshot, corner: int) -> Thumbnail | None:
    """Return the picture of a seed latent, to be put at its corner."""
    trial = snapshot.alone.get(corner)
    picture = None if trial is None else snapshot.picture(trial)
    if picture is None:
        return None
    width, height = picture.image.size
    scale = _THUMBNAIL / max(width, height)
    title = snapshot.settings.seed_name(corner)
    return Thumbnail(0.0, 0.0, scale * width, scale * height, picture.source(_PIXELS), title)


def _on_the_map(
    snapshot: Snapshot, across: Scale, up: Scale, thumbnails: list[Thumbnail | None]
) -> Iterator[Mark]:
    norms = np.linalg.norm(snapshot.weights, axis=1, keepdims=True)
    places = to_plane(snapshot.weights / norms)
    yield from _trial_marks(snapshot, across(places[:, 0]), up(places[:, 1]))
    corners = zip(snapshot.given_names, to_plane(np.eye(3)), thumbnails, strict=True)
    for corner, (name, (a, b), thumbnail) in enumerate(corners):
        left, top = across.at(a), up.at(b)
        trial = snapshot.alone.get(corner)
        unmet = trial is not None and trial.score is not None and not trial.feasible
        yield Dot(left, top, "example infeasible" if unmet else "example", name, 5.0)
        anchor = ("middle", "start", "end")[corner]
        x = (left, 2.0, _WIDTH - 2.0)[corner]
        yield Label(x, top + (28 if corner else -14), shortened(name, most=22), anchor, "corner")
        if thumbnail is not None:
            width, height = thumbnail.width, thumbnail.height
            x = (left - width / 2, 2.0, _WIDTH - 2.0 - width)[corner]
            y = top + 36 if corner else top - 34 - height
            yield Thumbnail(x, y, width, height, thumbnail.source, thumbnail.title)


def _trial_marks(
    snapshot: Snapshot,
    x: Float64[np.ndarray, " n"],
    y: Float64[np.ndarray, " n"],
    *,
    on_colour: bool = True,
) -> Iterator[Dot]:
    """Yield a mark for each trial at its place, better ones over worse ones.

    On a coloured ground an example is marked as what else it is: a corner of the map shows it.
    """
    failed = [trial for trial in snapshot.trials if trial.error is not None]
    for trial in [*failed, *reversed(snapshot.ranking.ranked(snapshot.finished))]:
        kind, place = snapshot.mark_of(trial) or "", snapshot.place(trial)
        radius = 4.5 if "example" in kind else 3.0
        if trial is snapshot.best:
            radius = 6.0
        elif on_colour and trial.error is None:
            kind = "trial on-colour" if trial.feasible else "infeasible on-colour"
            radius = 2.8
        yield Dot(x[place], y[place], kind, snapshot.tooltip(trial), radius)


def _arc(snapshot: Snapshot) -> Figure:
    angles = np.linspace(0, np.pi / 2, 121)
    weights = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    mean, spread = snapshot.expected(weights), 2 * snapshot.model.uncertainty(weights)
    low, high = snapshot.useful_range(snapshot.scores)
    room = 0.1 * (high - low)
    first, second = (shortened(name) for name in snapshot.given_names)
    labels = (f"degrees from {first} to {second}", "score")
    axes = Axes.between((0.0, 90.0), (low - room, high + room), labels=labels)
    degrees = np.degrees(angles)
    at = np.degrees(np.arctan2(snapshot.weights[:, 1], snapshot.weights[:, 0]))
    scores = np.nan_to_num(snapshot.scores, nan=low).clip(axes.y.low, axes.y.high)
    plot = axes.plot(
        axes.band(degrees, mean - spread, mean + spread, kind="prior"),
        axes.line(degrees, mean, kind="prior"),
        *_trial_marks(snapshot, axes.x(at), axes.y(scores)),
        alt=f"Score between the two seed latents; {_best_in_words(snapshot)}",
    )
    legend = ((line_sample("prior"), "expected score"), *_legend(snapshot))
    return Figure(plot, legend)


def _by_angle(snapshot: Snapshot, best: Trial) -> Figure:
    cosines = snapshot.points @ snapshot.points[snapshot.place(best)]
    angles = np.degrees(np.arccos(cosines.clip(-1, 1)))
    low, high = snapshot.useful_range(snapshot.scores)
    widest = max(float(angles.max()), 1.0)
    labels = ("degrees from the best", "score")
    axes = Axes.between((-0.02 * widest, 1.02 * widest), (low, high), labels=labels)
    # failed trials stand at the bad end
    scores = np.nan_to_num(snapshot.scores, nan=high if snapshot.minimise else low)
    marks = _trial_marks(snapshot, axes.x(angles), axes.y(scores.clip(low, high)), on_colour=False)
    alt = "Score of each trial by the angle between its latent and the best"
    legend = ((dot_sample("best", radius=5.0), "the best"), *trial_legend(snapshot))
    return Figure(axes.plot(*marks, alt=alt), legend)


def _legend(snapshot: Snapshot) -> Iterator[tuple[Mark, str]]:
    for mark, words in trial_legend(snapshot, kind="trial on-colour"):
        if words != "an example":
            yield mark, words
    yield dot_sample("best", radius=5.0), "the best"


def _best_in_words(snapshot: Snapshot) -> str:
    best = snapshot.best
    if best is None:
        return ""
    mixed = zip(snapshot.given_names, best.weights**2, strict=False)
    shares = ", ".join(f"{share:.0%} {name}" for name, share in mixed)
    return f"the best, trial {best.number}, is {shares} by squared weight."
