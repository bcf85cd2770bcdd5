"""The pictures of CARD.md."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from scipy.stats import chi, norm


def finish(figure: plt.Figure, path: Path, *, dpi: int = 80) -> None:
    figure.tight_layout(pad=0.6)
    figure.savefig(path, dpi=dpi)
    plt.close(figure)


def draw_samples(sections: np.ndarray, path: Path) -> None:
    """A sheet of sections, eight in a row, nothing picked."""
    figure, axes = plt.subplots(len(sections) // 8, 8, figsize=(14, 0.06 * len(sections) + 4))
    for axis, section in zip(axes.flat, sections, strict=False):
        axis.fill(*section.T, facecolor="#cfe3f5", edgecolor="#1f4e79", lw=0.8)
        axis.set(aspect="equal", xlim=(-0.02, 1.02), ylim=(-0.16, 0.2))
        axis.axis("off")
    finish(figure, path)


def draw_shapes(made: dict[str, np.ndarray], real: dict[str, np.ndarray], path: Path) -> None:
    """Distribution functions of samples and of the database."""
    figure, axes = plt.subplots(1, len(made), figsize=(3 * len(made), 3))
    for axis, name in zip(axes, made, strict=True):
        for values, label in ((real[name], "database"), (made[name], "samples")):
            axis.plot(np.sort(values), np.linspace(0, 1, len(values)), label=label)
        axis.set(title=name, xlim=np.quantile(real[name], [0.002, 0.99]))
    axes[0].legend()
    finish(figure, path)


def draw_latents(held_out: np.ndarray, training: np.ndarray, path: Path) -> None:
    """Norms against the chi law, and all numbers of the latents against N(0, 1)."""
    d = held_out.shape[1]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.5))
    grid = np.linspace(0.2, 2.2, 300)
    left.plot(grid, np.sqrt(d) * chi(d).pdf(grid * np.sqrt(d)), "k", lw=1, label="expected")
    levels = (np.arange(1, 400) - 0.5) / 399
    for z, label in ((held_out, "held out"), (training, "training")):
        norms = np.linalg.norm(z, axis=1) / np.sqrt(d)
        left.hist(np.clip(norms, 0, 2.2), 40, density=True, alpha=0.5, label=label)
        right.plot(norm.ppf(levels), np.quantile(z, levels), label=label)
    left.set(title="norm of the latents / sqrt(d)")
    left.legend()
    right.plot([-3.5, 3.5], [-3.5, 3.5], "k", lw=0.6)
    right.set(title="quantiles of latent numbers against N(0, 1)", ylim=(-4.5, 4.5))
    right.legend()
    finish(figure, path)


def draw_distances(distances: dict[str, np.ndarray], path: Path) -> None:
    """Distribution functions of the distance to the nearest training section."""
    figure, axis = plt.subplots(figsize=(7, 3.5))
    for name, values in distances.items():
        axis.plot(np.sort(values), np.linspace(0, 1, len(values)), label=name)
    axis.set(xscale="log", xlim=(1e-5, 3e-2), xlabel="RMS distance in ordinates, chords")
    axis.legend()
    finish(figure, path)
