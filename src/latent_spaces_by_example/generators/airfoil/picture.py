"""Pictures of sections; reached only when one is asked for, since it needs matplotlib."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from jaxtyping import Float64
from matplotlib.figure import Figure
from PIL import Image


def draw_section(section: Float64[np.ndarray, "127 2"]) -> Image.Image:
    """Draw the outline, filled, with equal scales on both axes: 800 x 320 pixels."""
    figure = Figure(figsize=(8.0, 3.2), dpi=100)
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.96))
    axes.fill(section[:, 0], section[:, 1], facecolor="#cfe3f5", edgecolor="#1f4e79", lw=1.5)
    axes.plot([0.0, 1.0], [0.0, 0.0], color="0.6", lw=0.6, zorder=0)
    middle = 0.5 * (section[:, 1].max() + section[:, 1].min())
    axes.set(xlim=(-0.02, 1.02), ylim=(middle - 0.208, middle + 0.208), aspect="equal")
    axes.axis("off")
    drawn = BytesIO()
    figure.savefig(drawn, format="png")  # Agg, whatever the user's own backend is
    return Image.open(drawn).convert("RGB")
