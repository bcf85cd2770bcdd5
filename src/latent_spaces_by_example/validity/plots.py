"""Plots of a diagnosis and of a description; matplotlib is loaded with this file and not before."""

from __future__ import annotations

import io
from collections.abc import Sequence
from os import PathLike
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from scipy.stats import chi

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space.typicality import norm_interval
from latent_spaces_by_example.validity.stationarity import Stationarity
from latent_spaces_by_example.validity.statistic import LatentDiagnosis

if TYPE_CHECKING:
    from latent_spaces_by_example.validity.diagnosis import Diagnosis

_INK, _FIRST, _SECOND, _PALE = "#4a5568", "#1d4ed8", "#c2410c", "#94a3b8"
_LAW, _SOFT = "#bfdbfe", "#e2e8f0"
_SHADES = ("#f7f7f7", "#d4d4d8", "#fdba74", "#ea580c", "#7c2d12")
_MOST_NAMED = 24


def save_diagnosis_plot(path: str | PathLike[str], diagnosis: Diagnosis) -> None:
    """Draw norms, adjusted p-values and correlations of latents to a file.

    Args:
        path: its ending chooses the format.
        diagnosis: of the latents.

    Raises:
        ArgumentError: the file cannot be written, or its ending names no kind of picture.
    """
    latents, level, num_dims = diagnosis.latents, diagnosis.level, diagnosis.num_inner_dims
    several = len(latents) > 1
    rows = min(max(len(latents), 3), _MOST_NAMED)
    figure = _figure(width=15.0 if several else 10.0, height=3.2 + 0.28 * rows)
    panels = figure.subplots(1, 3 if several else 2, width_ratios=[3, 4, 3.5][: 2 + several])
    _draw_norms(panels[0], latents, num_dims, level)
    _draw_p_values(panels[1], latents, level)
    if several:
        for (rule, norms), style in zip(diagnosis.middle.items(), (":", "--"), strict=True):
            if norms is not None:
                label = f"middle of the space, {rule} rule"
                panels[0].axvline(norms.centre, color=_INK, lw=1, linestyle=style, label=label)
        _draw_correlation(panels[2], diagnosis.correlation, num_dims)
    panels[0].legend(fontsize=7, framealpha=0.8)
    for axes in panels:
        _name_rows(axes, [latent.name for latent in latents])
    figure.suptitle(
        "\n".join(wrap(diagnosis.verdict, width=120)),
        fontsize=11,
        x=0.01,
        ha="left",
        parse_math=False,
    )
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise ArgumentError(f"the picture cannot be written to {str(path)!r}: {error}") from error


def _draw_norms(
    axes: Axes, latents: Sequence[LatentDiagnosis], num_dims: int, level: float
) -> None:
    low, high = norm_interval(num_dims, level=level)
    axes.axvspan(low, high, color=_LAW, label=f"{100 * (1 - level):.4g} % of the law's draws")
    axes.axvline(1.0, color=_SOFT, linewidth=1)
    for place, latent in enumerate(latents):
        axes.plot(latent.relative_norm, place, "o", color=_INK if latent.ok else _SECOND)
    axes.set(xlabel="norm / expected", title="Norms")


def _draw_p_values(axes: Axes, latents: Sequence[LatentDiagnosis], level: float) -> None:
    """Colour decimal digits of the adjusted p-values, so that faults stand out."""
    names = list(dict.fromkeys(s.name for latent in latents for s in latent.statistics))
    digits: np.ndarray = np.full((len(latents), len(names)), np.nan)
    for row, latent in zip(digits, latents, strict=True):
        for statistic in latent.statistics:
            row[names.index(statistic.name)] = -np.log10(statistic.adjusted)
    limit = -float(np.log10(level))
    colours = ListedColormap(_SHADES[:-1]).with_extremes(over=_SHADES[-1], bad="white")
    bounds = [0.0, limit / 2.0, limit, 2.0 * limit, 5.0 * limit]
    norm = BoundaryNorm(bounds, ncolors=len(bounds) - 1)
    shown = axes.imshow(digits, aspect="auto", cmap=colours, norm=norm)
    bar = axes.get_figure().colorbar(shown, ax=axes, extend="max")  # type: ignore[union-attr]
    bar.set_label(f"-log10(adjusted p)\nabove {limit:.3g}: at fault", fontsize=8)
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=8)
    axes.set(title="Tests of each latent")


def _draw_correlation(axes: Axes, correlation: np.ndarray, num_dims: int) -> None:
    off_diagonal = correlation - np.eye(len(correlation))
    # at least four standard deviations of independent directions, or noise would look dramatic
    largest = max(4.0 / float(np.sqrt(num_dims)), float(np.abs(off_diagonal).max()))
    shown = axes.imshow(off_diagonal, cmap="RdBu_r", vmin=-largest, vmax=largest)
    axes.get_figure().colorbar(shown, ax=axes, shrink=0.8)  # type: ignore[union-attr]
    rank = len(correlation) ** 2 / float((correlation**2).sum())
    axes.set(title=f"Cosines (effective rank {rank:.2f})")


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_ylim(len(names) - 0.5, -0.5)
    if len(names) > _MOST_NAMED:
        axes.set_ylabel("latent")
        return
    short = [name if len(name) < 25 else name[:22] + "..." for name in names]
    axes.set_yticks(range(len(names)), short, fontsize=8, parse_math=False)


def validity_plot(
    relative_norms: Float64[np.ndarray, " n"], *, num_latent_dims: int, seed_norms: Sequence[float]
) -> bytes:
    """Return a PNG: norms at random points of a space, and the law of the model's own draws."""
    figure = _figure(width=6.4, height=3.0)
    axes = figure.add_subplot()
    low, high = norm_interval(num_latent_dims, level=2e-4)
    x, root = np.linspace(low, high, 300), np.sqrt(num_latent_dims)
    law = chi(num_latent_dims).pdf(x * root) * root
    axes.fill_between(x, law, color=_PALE, alpha=0.5, lw=0, label="the model's own draws")
    span = max(float(np.ptp(relative_norms)), 0.02 * (high - low))
    ends = relative_norms.min() - 0.02 * span, relative_norms.max() + 0.02 * span
    bins = np.linspace(*ends, 31).tolist()
    axes.hist(
        relative_norms, bins, density=True, color=_FIRST, alpha=0.7, label="points of the space"
    )
    for index, norm in enumerate(seed_norms[:12]):
        label = None if index else "seed latents"
        axes.axvline(norm, color=_SECOND, lw=1.0, ymax=0.06, label=label)
    axes.set(xlabel="norm of the latent over the expected one", yticks=[])
    axes.spines["left"].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def uniqueness_plot(rows: Sequence[Stationarity]) -> bytes:
    """Return a PNG: how far a latent moves per unit of u, over all pairs, for each chart."""
    figure = _figure(width=6.4, height=3.0)
    axes = figure.add_subplot()
    ratios = [row.latent_distances / row.u_distances for row in rows]
    highest = max(float(values.max()) for values in ratios)
    low = max(min(float(values.min()) for values in ratios), 1e-3 * highest)
    bins = np.geomspace(low, highest, 61).tolist()
    for row, values, colour in zip(rows, ratios, (_FIRST, _SECOND, _INK), strict=False):
        style: dict[str, Any] = {"histtype": "step", "color": colour, "lw": 1.6}
        axes.hist(np.maximum(values, low), bins, label=row.name, **style)
    # both axes in logarithms: what matters is the few pairs at the left
    axes.set(xscale="log", yscale="log", ylabel="pairs of points")
    axes.set_xlabel("distance of latents over distance in u")
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    return _png(figure)


def stationarity_plot(rows: Sequence[Stationarity]) -> bytes:
    """Return a PNG: distances in u, weights and latents against those of outputs, by chart."""
    figure = _figure(width=8.6, height=2.5 * len(rows))
    grid = figure.subplots(len(rows), 3, squeeze=False, sharey=True)
    for line, row in zip(grid, rows, strict=True):
        outputs = row.output_distances
        columns = (
            ("distance in u", row.u_distances, row.by_u),
            ("angle between weights", row.weight_distances, row.by_weights),
            ("distance of latents", row.latent_distances, row.by_latents),
        )
        for axes, (label, distances, correlation) in zip(line, columns, strict=True):
            if distances is None or correlation is None:
                axes.axis("off")
                continue
            _draw_against(axes, distances, row.latent_distances if outputs is None else outputs)
            axes.set_xlabel(label, fontsize=8)
            axes.set_title(f"rank correlation {correlation:.2f}", fontsize=8, color=_INK)
        target = "latents" if outputs is None else "outputs"
        line[0].set_ylabel(f"{row.name}\ndistance of {target}", fontsize=8)
    return _png(figure)


def _draw_against(
    axes: Axes, distances: Float64[np.ndarray, " pairs"], target: Float64[np.ndarray, " pairs"]
) -> None:
    """Draw a sample of the pairs, with the median and the middle nine tenths in twelve bins."""
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
    # without pyplot, which would touch the figures of a notebook
    figure = Figure(figsize=(width, height), dpi=144, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _png(figure: Figure) -> bytes:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
