"""The contour plot: scores over the plane, with the seed latents and the paths of searches."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.report.plane.grid import Plane
from latent_spaces_by_example.study import Study

_INK, _BEST, _SEED = "#4a5568", "#c2410c", "#1d4ed8"
_BOX: dict[str, Any] = {"boxstyle": "round,pad=0.2", "fc": _SEED, "ec": "none", "alpha": 0.75}
_LEVELS = 16
_POINTS = "offset points"
_EDGE = 1e-6
# The whole edge u_1 = 0 is the first seed latent: the chart collapses there.
_SEEDS = [
    ((0.0, 0.5), (9, 0), "left"),
    ((1.0, 0.0), (-9, 11), "right"),
    ((1.0, 1.0), (-9, -11), "right"),
]


def save_contours(
    plane: Plane,
    studies: Mapping[str, Study],
    path: str | os.PathLike[str],
    *,
    label: str = "score",
) -> None:
    """Draw the scores of a plane, with where each of the studies looked, one panel a study.

    Args:
        plane: what :func:`evaluate_plane` returned.
        studies: what to call a panel -> the study; at least one.
        path: of the picture, such as "contour.png".
        label: what the colours say.

    Raises:
        ArgumentError: no study was given, or one has left the plane.
    """
    if not studies:
        raise ArgumentError("studies is empty; give at least one")
    figure = Figure(figsize=(4.6 * len(studies) + 0.9, 5.0), dpi=144, layout="constrained")
    FigureCanvasAgg(figure)  # without pyplot, which would touch the figures of a notebook
    panels = figure.subplots(1, len(studies), squeeze=False, sharey=True)[0]
    low, high = float(np.nanmin(plane.scores)), float(np.nanmax(plane.scores))
    room = max(high - low, 1e-9 * max(1.0, abs(high)))
    levels = MaxNLocator(_LEVELS).tick_values(low, low + room)
    for axes, (name, study) in zip(panels, studies.items(), strict=True):
        shown = axes.contourf(plane.side, plane.side, plane.scores, levels=levels, cmap="viridis")
        _draw_path(axes, plane, study)
        _draw_seeds(axes, plane)
        title = f"{name}: best {study.best_score:.4g} of {len(study.finished_trials)} evaluations"
        axes.set_title(title, fontsize=10, parse_math=False)
        axes.set(xlabel="$u_1$", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
    panels[0].set_ylabel("$u_2$")
    figure.colorbar(shown, ax=list(panels), label=label, shrink=0.8, format="%.4g")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    figure.savefig(path)


def _draw_path(axes: Axes, plane: Plane, study: Study) -> None:
    path = plane.path(study)
    path[path[:, 0] < _EDGE, 1] = _SEEDS[0][0][1]  # anywhere on that edge is the first seed latent
    axes.plot(*path.T, "-", color="white", linewidth=0.7, alpha=0.45)
    best, order = path[study.best_trial.number], "evaluated, joined in their order"
    dots: dict[str, Any] = {
        "c": "white",
        "s": 14,
        "edgecolors": _INK,
        "linewidths": 0.6,
        "zorder": 3,
    }
    axes.scatter(path[:, 0], path[:, 1], label=order, **dots)
    (star,) = axes.plot(*best, "*", color=_BEST, markersize=16, zorder=5, label="best found")
    star.set(markeredgecolor="white", linestyle="none")


def _draw_seeds(axes: Axes, plane: Plane) -> None:
    for number, (place, offset, side) in enumerate(_SEEDS):
        label = None if number else "seed latents"
        (square,) = axes.plot(*place, "s", color=_SEED, zorder=4, label=label)
        square.set(markeredgecolor="white", clip_on=False, linestyle="none")
        name = axes.annotate(plane.seed_names[number], place, offset, textcoords=_POINTS, bbox=_BOX)
        name.set(
            parse_math=False, ha=side, va="center", color="white", fontsize=9, fontweight="bold"
        )
