"""The map of the space: all of it between two or three seed latents, a projection of more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    levels_of,
    line_sample,
    outline,
)
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study import Trial

_GRID = 81
_WIDTH, _SIDE = 520, 30.0
_FEWEST_TO_MODEL, _FEWEST_TO_PROJECT = 5, 3
_SQUARE = (480, 400)
_THUMBNAIL = 110  # its longer side, in user units
_PIXELS = 240


@dataclass(frozen=True)
class Space:
    """The plots of the space, and what their captions need.

    Attributes:
        figures: one map; or the score by angle to the best, and the two widest directions.
        kind: "map" between three seed latents, "arc" between two, "projection".
        spread: standard deviation of the scores that the plots show.
        num_dims: how many dimensions the trials have; 0 where no projection is shown.
        share: of their variance that the projection keeps.
    """

    figures: tuple[Figure, ...]
    kind: str
    spread: float
    num_dims: int = 0
    share: float = 0.0


def space_section(snapshot: Snapshot) -> Space | None:
    """Return the map where the space can be drawn, else what a picture can keep of it."""
    if len(snapshot.finished) < 2:
        return None
    dims = _flat_dims(snapshot)
    low, high = snapshot.useful_range(snapshot.scores)
    spread = float(snapshot.scores[snapshot.scored].clip(low, high).std())
    if dims in (1, 2) and len(snapshot.finished) >= _FEWEST_TO_MODEL:
        figure, kind = (_arc(snapshot), "arc") if dims == 1 else (map_figure(snapshot), "map")
        return Space((figure,), kind, spread)
    return _projections(snapshot, spread)


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
    mean = snapshot.expectation.mean(from_plane(grid)).reshape(_GRID, _GRID)
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
    title = snapshot.seed_name(corner)
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
    snapshot: Snapshot, x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]
) -> Iterator[Dot]:
    """Yield a mark for each trial at its place, the best one on top."""
    best = None
    for trial, left, top in zip(snapshot.trials, x, y, strict=True):
        kind = snapshot.mark_of(trial)
        if kind is None:
            continue
        tooltip = snapshot.tooltip(trial)
        if trial is snapshot.best:
            best = Dot(left, top, kind, tooltip, 6.0)
        elif kind == "failed":
            yield Dot(left, top, kind, tooltip)
        else:
            kind = "trial on-colour" if trial.feasible else "infeasible on-colour"
            yield Dot(left, top, kind, tooltip, 2.8)
    if best is not None:
        yield best


def _arc(snapshot: Snapshot) -> Figure:
    angles = np.linspace(0, np.pi / 2, 121)
    weights = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    expected = snapshot.expectation
    mean, spread = expected.mean(weights), 2 * expected.uncertainty(weights)
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


def _projections(snapshot: Snapshot, spread: float) -> Space | None:
    """Return the score by angle to the best, and the two widest directions; None of two trials."""
    best = snapshot.best
    if len(snapshot.finished) < _FEWEST_TO_PROJECT or best is None:
        return None
    points = snapshot.points[snapshot.scored]
    middle = points.mean(axis=0)
    _, spreads, directions = np.linalg.svd(points - middle, full_matrices=False)
    num_dims = int((spreads > 1e-9).sum())
    if num_dims < 2:
        return Space((_by_angle(snapshot, best),), "projection", spread)
    share = spreads[:2] ** 2 / (spreads**2).sum()
    places = (snapshot.points - middle) @ directions[:2].T
    figures = (_by_angle(snapshot, best), _widest(snapshot, places, share))
    return Space(figures, "projection", spread, num_dims, float(share.sum()))


def _by_angle(snapshot: Snapshot, best: Trial) -> Figure:
    cosines = snapshot.points @ snapshot.points[snapshot.place(best)]
    angles = np.degrees(np.arccos(cosines.clip(-1, 1)))
    low, high = snapshot.useful_range(snapshot.scores)
    widest = max(float(angles.max()), 1.0)
    labels = ("degrees from the best", "score")
    axes = Axes.between((-0.02 * widest, 1.02 * widest), (low, high), labels=labels, size=_SQUARE)
    # failed trials stand at the bad end
    scores = np.nan_to_num(snapshot.scores, nan=high if snapshot.minimise else low)
    marks = _projected_marks(snapshot, axes.x(angles), axes.y(scores.clip(low, high)))
    alt = "Score of each trial by the angle between its latent and the best"
    legend = ((dot_sample("best", radius=5.0), "the best"), *trial_legend(snapshot))
    return Figure(axes.plot(*marks, alt=alt), legend)


def _widest(
    snapshot: Snapshot, places: Float64[np.ndarray, "n 2"], share: Float64[np.ndarray, " 2"]
) -> Figure:
    low, high = places.min(axis=0), places.max(axis=0)
    half = 0.55 * float((high - low).max())
    (x, y) = (low + high) / 2
    axes = Axes.between(
        (x - half, x + half),
        (y - half, y + half),
        labels=(f"first component, {share[0]:.0%}", f"second component, {share[1]:.0%}"),
        size=_SQUARE,
    )
    bounds = snapshot.useful_range(snapshot.scores, margin=0.0)
    levels = levels_of(snapshot.scores, bounds=bounds)
    marks = _projected_marks(snapshot, axes.x(places[:, 0]), axes.y(places[:, 1]), levels=levels)
    plot = axes.plot(*marks, alt="The trials along the two widest directions among them")
    return Figure(plot, bar=ColourBar("score", *bounds))


def _projected_marks(
    snapshot: Snapshot,
    x: Float64[np.ndarray, " n"],
    y: Float64[np.ndarray, " n"],
    *,
    levels: Sequence[int] | None = None,
) -> Iterator[Dot]:
    """Yield a mark for each trial, better ones over worse ones."""
    failed = [trial for trial in snapshot.trials if trial.error is not None]
    for trial in [*failed, *reversed(snapshot.ranking.ranked(snapshot.finished))]:
        kind, i = snapshot.mark_of(trial), snapshot.place(trial)
        if kind is None:
            continue
        example = trial.number in snapshot.example_names
        radius = 6.0 if trial is snapshot.best else 4.5 if example else 3.2
        coloured = levels is not None and kind in ("trial", "example", "infeasible")
        level = levels[i] if levels is not None and coloured else None
        yield Dot(x[i], y[i], kind, snapshot.tooltip(trial), radius, level)


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
