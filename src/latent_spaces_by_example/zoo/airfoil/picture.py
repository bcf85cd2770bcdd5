"""Pictures of sections, reached only when one is asked for."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from PIL import Image, ImageDraw

_WIDTH, _HEIGHT = 800, 320
_MARGIN = 0.02  # to either side, in chords
_FINER = 3  # drawn so many times larger and made smaller again, which smooths its edges
_FILL, _LINE, _CHORD, _REFERENCE = "#cfe3f5", "#1f4e79", "#999999", "#b4410e"


def draw_sections(
    section: Float64[np.ndarray, "127 2"], reference: Float64[np.ndarray, "127 2"] | None = None
) -> Image.Image:
    """Draw a section, filled, and the outline of another over it; 800 x 320 pixels."""
    both = section if reference is None else np.concatenate([section, reference])
    scale = _FINER * _WIDTH / (1 + 2 * _MARGIN)
    middle = 0.5 * (both[:, 1].max() + both[:, 1].min())
    large = Image.new("RGB", (_FINER * _WIDTH, _FINER * _HEIGHT), "white")
    pen = ImageDraw.Draw(large)

    def points(shape: Float64[np.ndarray, "127 2"]) -> list[tuple[float, float]]:
        across = (shape[:, 0] + _MARGIN) * scale
        down = _FINER * _HEIGHT / 2 - (shape[:, 1] - middle) * scale
        outline = [(float(x), float(y)) for x, y in zip(across, down, strict=True)]
        return [*outline, outline[0]]

    chord = _FINER * _HEIGHT / 2 + middle * scale
    pen.line([(_MARGIN * scale, chord), ((1 + _MARGIN) * scale, chord)], _CHORD, width=_FINER)
    pen.polygon(points(section), fill=_FILL)
    pen.line(points(section), _LINE, width=2 * _FINER, joint="curve")
    if reference is not None:
        pen.line(points(reference), _REFERENCE, width=2 * _FINER, joint="curve")
    return large.reduce(_FINER)
