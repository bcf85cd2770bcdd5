"""Pictures of sections, reached only when one is asked for."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from PIL import Image, ImageDraw

_WIDTH, _HEIGHT = 800, 320
_MARGIN = 0.02  # to either side, in chords
_FINER = 3  # drawn so many times larger and made smaller again, which smooths its edges
_FILL, _LINE, _CHORD = "#cfe3f5", "#1f4e79", "#999999"


def draw_section(section: Float64[np.ndarray, "127 2"]) -> Image.Image:
    """Draw the outline, filled, with equal scales on both axes: 800 x 320 pixels."""
    scale = _FINER * _WIDTH / (1 + 2 * _MARGIN)
    middle = 0.5 * (section[:, 1].max() + section[:, 1].min())
    across = (section[:, 0] + _MARGIN) * scale
    down = _FINER * _HEIGHT / 2 - (section[:, 1] - middle) * scale
    points = [(float(x), float(y)) for x, y in zip(across, down, strict=True)]
    large = Image.new("RGB", (_FINER * _WIDTH, _FINER * _HEIGHT), "white")
    pen = ImageDraw.Draw(large)
    chord = _FINER * _HEIGHT / 2 + middle * scale
    pen.line([(_MARGIN * scale, chord), ((1 + _MARGIN) * scale, chord)], _CHORD, width=_FINER)
    pen.polygon(points, fill=_FILL)
    pen.line([*points, points[0]], _LINE, width=2 * _FINER, joint="curve")
    return large.resize((_WIDTH, _HEIGHT), Image.Resampling.BOX)
