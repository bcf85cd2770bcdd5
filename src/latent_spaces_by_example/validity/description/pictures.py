"""The pictures of a description, each as PNG bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.stats import chi

if TYPE_CHECKING:
    from latent_spaces_by_example.validity.description.result import Description

_INK, _FIRST, _SECOND, _PALE = "#4a5568", "#1d4ed8", "#c2410c", "#94a3b8"


def validity(description: Description) -> bytes:
    """Norms of the latents at random points, and the law that the model's own draws follow."""
    d = description.num_latent_dims
    norms = description.validity.relative_norms
    figure = _figure(width=6.4, height=3.0)
    axes = figure.add_subplot()
    law = chi(d)
    low, high = law.ppf([1e-4, 1 - 1e-4]) / np.sqrt(d)
    x = np.linspace(low, high, 300)
    axes.fill_between(x, law.pdf(x * np.sqrt(d)) * np.sqrt(d), color=_PALE, alpha=0.5, lw=0)
    axes.plot([], [], color=_PALE, lw=8, alpha=0.5, label="the model's own draws")
    span = max(float(np.ptp(norms)), 0.02 * (high - low))
    bins = np.linspace(norms.min() - 0.02 * span, norms.max() + 0.02 * span, 31).tolist()
    axes.hist(norms, bins, density=True, color=_FIRST, alpha=0.7, label="points of the space")
    for likeness in description.seed_latents[:12]:
        axes.axvline(likeness.relative_norm, color=_SECOND, lw=1.0, ymax=0.06)
    if description.seed_latents:
        axes.plot([], [], color=_SECOND, lw=1.0, label="seed latents")
    axes.set(xlabel="norm of the latent over the expected one", yticks=[])
    axes.spines["left"].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def uniqueness(description: Description) -> bytes:
    """How far a latent moves per unit of u, over all pairs of points, for each chart."""
    figure = _figure(width=6.4, height=3.0)
    axes = figure.add_subplot()
    ratios = [row.latent_distances / row.u_distances for row in description.stationarity]
    everything = np.concatenate(ratios)
    low = max(float(everything.min()), 1e-3 * float(everything.max()))
    bins = np.geomspace(low, float(everything.max()), 61).tolist()
    for row, values, colour in zip(
        description.stationarity, ratios, (_FIRST, _SECOND, _INK), strict=False
    ):
        axes.hist(
            np.maximum(values, low), bins, histtype="step", color=colour, lw=1.6, label=row.name
        )
    # both axes in logarithms: what matters is the few pairs at the left
    axes.set(xscale="log", yscale="log", ylabel="pairs of points")
    axes.set_xlabel("distance of latents over distance in u")
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    return _png(figure)


def stationarity(description: Description) -> bytes:
    """Distance in u, in weights and in latents against distance of outputs, a row for a chart."""
    rows = description.stationarity
    columns = ["distance in u", "angle between weights", "distance of latents"]
    figure = _figure(width=8.6, height=2.5 * len(rows))
    grid = figure.subplots(len(rows), 3, squeeze=False, sharey=True)
    for line, row in zip(grid, rows, strict=True):
        target = row.latent_distances if row.output_distances is None else row.output_distances
        kinds = (
            (row.u_distances, row.by_u),
            (row.weight_distances, row.by_weights),
            (row.latent_distances, row.by_latents),
        )
        for axes, (distances, correlation), label in zip(line, kinds, columns, strict=True):
            if distances is None or (distances is row.latent_distances and correlation is None):
                axes.axis("off")
                continue
            _against(axes, distances, target)
            axes.set_xlabel(label, fontsize=8)
            axes.set_title(f"rank correlation {correlation:.2f}", fontsize=8, color=_INK)
        made = "outputs" if description.has_outputs else "latents"
        line[0].set_ylabel(f"{row.name}\ndistance of {made}", fontsize=8)
    return _png(figure)


def _against(
    axes: Axes, distances: Float64[np.ndarray, " pairs"], target: Float64[np.ndarray, " pairs"]
) -> None:
    """A sample of the pairs, with the median and the middle nine tenths in twelve bins."""
    every = max(1, len(distances) // 3000)
    axes.plot(distances[::every], target[::every], ",", color=_PALE, alpha=0.6)
    edges = np.unique(np.quantile(distances, np.linspace(0.0, 1.0, 13)))
    if len(edges) > 2:
        bins = np.clip(np.searchsorted(edges, distances, side="right") - 1, 0, len(edges) - 2)
        bands = [np.quantile(target[bins == b], [0.05, 0.5, 0.95]) for b in range(len(edges) - 1)]
        low, middle, high = np.transpose(bands)
        centres = (edges[1:] + edges[:-1]) / 2.0
        axes.fill_between(centres, low, high, color=_FIRST, alpha=0.15, lw=0)
        axes.plot(centres, middle, "-", color=_FIRST, lw=1.6)
    axes.tick_params(labelsize=7)


def _figure(*, width: float, height: float) -> Figure:
    # without pyplot: a description must not touch the figures of a notebook that asks for it
    figure = Figure(figsize=(width, height), dpi=144, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _png(figure: Figure) -> bytes:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
