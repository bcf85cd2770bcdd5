"""The picture of a diagnosis: norms, how odd each figure is, and correlations."""

from __future__ import annotations

from os import PathLike

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from scipy.special import gammaincinv

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.validity.diagnosis import Diagnosis

_INK, _BAD, _LAW, _SOFT = "#4a5568", "#c2410c", "#bfdbfe", "#e2e8f0"
_SHADES = ("#f7f7f7", "#d4d4d8", "#fdba74", "#ea580c", "#7c2d12")
_MOST_NAMED = 24


def save_picture(diagnosis: Diagnosis, path: str | PathLike[str]) -> None:
    """Write the picture of ``diagnosis``; the ending of ``path`` says in which format.

    Raises:
        ArgumentError: the file cannot be written, or its ending names no kind of picture.
    """
    several = len(diagnosis.latents) > 1
    rows = min(max(len(diagnosis.latents), 3), _MOST_NAMED)
    # without pyplot: the figures of a notebook that asks for it are not touched
    figure = Figure(figsize=(15.0 if several else 10.0, 3.2 + 0.28 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 3 if several else 2, width_ratios=[3, 4, 3.5][: 2 + several])
    _norms(panels[0], diagnosis)
    _oddness(panels[1], diagnosis)
    if several:
        _correlations(panels[2], diagnosis)
    figure.suptitle(_wrapped(diagnosis.verdict), fontsize=11, x=0.01, ha="left", parse_math=False)
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise ArgumentError(f"the picture cannot be written to {str(path)!r}: {error}") from error


def _norms(axes: Axes, diagnosis: Diagnosis) -> None:
    d, share = diagnosis.num_inner_dims, diagnosis.level / 2.0
    low, high = (float(np.sqrt(2.0 * gammaincinv(d / 2.0, q) / d)) for q in (share, 1.0 - share))
    axes.axvspan(
        low, high, color=_LAW, label=f"{100 * (1 - diagnosis.level):.4g} % of the law's draws"
    )
    axes.axvline(1.0, color=_SOFT, linewidth=1)
    for place, latent in enumerate(diagnosis.latents):
        axes.plot(latent.relative_norm, place, "o", color=_INK if latent.ok else _BAD)
    if len(diagnosis.latents) > 1:
        for (rule, middle), mark in zip(diagnosis.middle.items(), "xD", strict=True):
            if middle is not None:
                axes.axvline(
                    middle.centre,
                    color=_INK,
                    linewidth=1,
                    linestyle=":" if mark == "x" else "--",
                    label=f"middle of the space, {rule} rule",
                )
    axes.set(xlabel="norm / expected", title="Norms")
    axes.legend(fontsize=7, framealpha=0.8)
    _name_rows(axes, diagnosis)


def _oddness(axes: Axes, diagnosis: Diagnosis) -> None:
    """Decimal digits of the adjusted p-values, so that what counts against a latent is coloured."""
    names = list(dict.fromkeys(f.name for latent in diagnosis.latents for f in latent.figures))
    digits: np.ndarray = np.full((len(diagnosis.latents), len(names)), np.nan)
    for row, latent in zip(digits, diagnosis.latents, strict=True):
        for figure in latent.figures:
            row[names.index(figure.name)] = -np.log10(figure.adjusted)
    limit = -float(np.log10(diagnosis.level))
    bounds = [0.0, limit / 2.0, limit, 2.0 * limit, 5.0 * limit]
    colours = ListedColormap(_SHADES[:-1]).with_extremes(over=_SHADES[-1], bad="white")
    norm = BoundaryNorm(bounds, ncolors=len(bounds) - 1)
    shown = axes.imshow(digits, aspect="auto", cmap=colours, norm=norm)
    bar = axes.get_figure().colorbar(shown, ax=axes, extend="max")  # type: ignore[union-attr]
    bar.set_label(f"-log10(adjusted p)\nabove {limit:.3g}: at fault", fontsize=8)
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=8)
    axes.set(title="Tests of each latent")
    _name_rows(axes, diagnosis)


def _correlations(axes: Axes, diagnosis: Diagnosis) -> None:
    off_diagonal = diagnosis.correlation - np.eye(len(diagnosis.latents))
    # at least four standard deviations of independent directions, or noise would look dramatic
    noise = 4.0 / float(np.sqrt(diagnosis.num_inner_dims))
    largest = max(noise, float(np.abs(off_diagonal).max()))
    shown = axes.imshow(off_diagonal, cmap="RdBu_r", vmin=-largest, vmax=largest)
    axes.get_figure().colorbar(shown, ax=axes, shrink=0.8)  # type: ignore[union-attr]
    axes.set(title=f"Cosines (effective rank {diagnosis.effective_rank:.2f})")
    _name_rows(axes, diagnosis)


def _name_rows(axes: Axes, diagnosis: Diagnosis) -> None:
    count = len(diagnosis.latents)
    axes.set_ylim(count - 0.5, -0.5)
    if count > _MOST_NAMED:
        axes.set_ylabel("latent")
        return
    names = [
        latent.name if len(latent.name) < 25 else latent.name[:22] + "..."
        for latent in diagnosis.latents
    ]
    axes.set_yticks(range(count), names, fontsize=8, parse_math=False)


def _wrapped(text: str) -> str:
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) > 120:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return "\n".join([*lines, line])
