"""The pictures of a report, each as PNG bytes."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from latent_spaces_by_example.charts import KnotheRosenblattChart
from latent_spaces_by_example.search.latent_gp import predicted_scores
from latent_spaces_by_example.study import Study

_INK, _BEST, _CORNER = "#4a5568", "#c2410c", "#1d4ed8"
_GRID = 61


def convergence(study: Study) -> bytes:
    """Score of every trial, and the best so far, by number of evaluations."""
    scores = study.scores
    number = np.arange(1, len(scores) + 1)
    figure, axes = _figure(width=7.0, height=3.6)
    axes.plot(number, scores, ".", color=_INK, alpha=0.5, label="each evaluation")
    best = np.fmax.accumulate(scores)
    axes.step(number, best, where="post", color=_BEST, linewidth=2, label="best so far")
    num_examples = len(study.settings.examples)
    if num_examples:
        corners = slice(0, num_examples)
        axes.plot(number[corners], scores[corners], "s", color=_CORNER, label="the examples")
    axes.set(xlabel="evaluations", ylabel="score", ylim=_useful_range(scores))
    axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def can_map(study: Study) -> bool:
    """Whether the space is a square that a map can show: three seed latents, and no way out."""
    return study.settings.within_span and study.seeds.num_given == 3


def score_map(study: Study) -> bytes:
    """Expected score over u for three seed latents, with the search's path and the corners.

    The colours are the mean of a Gaussian process given all scores: nothing more is evaluated.
    """
    chart = KnotheRosenblattChart()
    side = np.linspace(0, 1, _GRID)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    mean = predicted_scores(study.history(), chart.forward(grid)).reshape(_GRID, _GRID)
    path = chart.inverse(study.weights)
    figure, axes = _figure(width=6.4, height=5.2)
    low, high = _useful_range(study.scores)
    shown = axes.contourf(side, side, mean.clip(low, high), levels=24, cmap="viridis")
    figure.colorbar(shown, ax=axes, label="score expected from all evaluations")
    axes.plot(*path.T, "-", color="white", linewidth=0.5, alpha=0.25)
    axes.plot(*path.T, "o", color="white", markersize=3, markeredgecolor=_INK, label="evaluated")
    best = path[study.best_trial.number]
    axes.plot(*best, "*", color=_BEST, markersize=15, markeredgecolor="white", label="best found")
    _mark_corners(axes, study)
    axes.set(xlabel="$u_1$", ylabel="$u_2$", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, frameon=False, fontsize=8)
    return _png(figure)


def rendered(generator: Any, output: Any) -> bytes | None:
    """One output as the generator draws it; None where it cannot."""
    if not hasattr(generator, "render"):
        return None
    buffer = io.BytesIO()
    generator.render(output).save(buffer, format="PNG")
    return buffer.getvalue()


def _mark_corners(axes: Axes, study: Study) -> None:
    # the whole edge u_1 = 0 is the first seed latent: the chart collapses there
    for place, index in [((0.0, 0.5), 0), ((1.0, 0.0), 1), ((1.0, 1.0), 2)]:
        axes.plot(*place, "s", color=_CORNER, markeredgecolor="white", clip_on=False)
        axes.annotate(
            study.seeds.name(index),
            place,
            xytext=(8 if index == 0 else -8, (0, 10, -10)[index]),
            textcoords="offset points",
            ha="left" if index == 0 else "right",
            va="center",
            color="white",
            fontweight="bold",
            parse_math=False,
        )


def _useful_range(scores: Float64[np.ndarray, " n"]) -> tuple[float, float]:
    # penalised scores can be far below the rest; they must not flatten what matters
    known = scores[np.isfinite(scores)]
    low, high = float(np.quantile(known, 0.1)), float(known.max())
    room = max(high - low, 1e-9 * max(1.0, abs(high)))
    return max(float(known.min()), low - room) - 0.05 * room, high + 0.05 * room


def _figure(*, width: float, height: float) -> tuple[Figure, Axes]:
    # without pyplot: a report must not touch the figures of a notebook that asks for it
    figure = Figure(figsize=(width, height), dpi=144, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
