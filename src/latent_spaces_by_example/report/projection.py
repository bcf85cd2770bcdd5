"""Many dimensions in two pictures: angles to the best, and the two widest directions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.report.convergence import trial_legend
from latent_spaces_by_example.report.formatting import shown
from latent_spaces_by_example.report.plot import Axes, ColourBar, Dot, Figure, dot_sample, levels_of
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study import Trial

_SIZE = (480, 400)
_FEWEST = 3


def projection_figures(snapshot: Snapshot) -> tuple[Figure, ...]:
    """Return the score by angle to the best, and the two widest directions; none of two trials."""
    best = snapshot.best
    if len(snapshot.finished) < _FEWEST or best is None:
        return ()
    widest = _widest(snapshot)
    return (_by_angle(snapshot, best), *([] if widest is None else [widest]))


def _by_angle(snapshot: Snapshot, best: Trial) -> Figure:
    cosines = snapshot.points @ snapshot.points[snapshot.place(best)]
    angles = np.degrees(np.arccos(cosines.clip(-1, 1)))
    low, high = snapshot.useful_range(snapshot.scores)
    widest = max(float(angles.max()), 1.0)
    labels = ("degrees from the best", "score")
    axes = Axes.between((-0.02 * widest, 1.02 * widest), (low, high), labels=labels, size=_SIZE)
    # failed trials stand at the bad end
    scores = np.nan_to_num(snapshot.scores, nan=high if snapshot.minimise else low)
    marks = _marks(snapshot, axes.x(angles), axes.y(scores.clip(low, high)))
    beyond = int(((snapshot.scores < low) | (snapshot.scores > high)).sum())
    caption = (
        "How far each latent is from the best one, as an angle: two prior draws are about 90 "
        "degrees apart, and what looks alike is near."
    )
    if beyond:
        caption += f" {beyond} lie outside the plot and stand on its edge."
    alt = "Score of each trial by the angle between its latent and the best"
    legend = ((dot_sample("best", radius=5.0), "the best"), *trial_legend(snapshot))
    return Figure(axes.plot(*marks, alt=alt), caption, legend)


def _widest(snapshot: Snapshot) -> Figure | None:
    points = snapshot.points[snapshot.scored]
    middle = points.mean(axis=0)
    _, spreads, directions = np.linalg.svd(points - middle, full_matrices=False)
    if len(spreads) < 2 or spreads[1] < 1e-9:
        return None
    share = spreads**2 / (spreads**2).sum()
    places = (snapshot.points - middle) @ directions[:2].T
    low, high = places.min(axis=0), places.max(axis=0)
    half = 0.55 * float((high - low).max())
    (x, y) = (low + high) / 2
    axes = Axes.between(
        (x - half, x + half),
        (y - half, y + half),
        labels=(f"first component, {share[0]:.0%}", f"second component, {share[1]:.0%}"),
        size=_SIZE,
    )
    bounds = snapshot.useful_range(snapshot.scores, margin=0.0)
    levels = levels_of(snapshot.scores, bounds=bounds)
    marks = _marks(snapshot, axes.x(places[:, 0]), axes.y(places[:, 1]), levels=levels)
    dims = int((spreads > 1e-9).sum())
    caption = (
        f"The {shown(len(points))} scored latents, in {dims} dimensions, along the two in which "
        f"they vary most: {share[:2].sum():.0%} of their variance. The rest is not seen here, so "
        "neighbours in this picture may be far apart."
    )
    plot = axes.plot(*marks, alt="The trials along the two widest directions among them")
    return Figure(plot, caption, bar=ColourBar("score", *bounds))


def _marks(
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
        yield Dot(x[i], y[i], kind, snapshot.told(trial), radius, level)
