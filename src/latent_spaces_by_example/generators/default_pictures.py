"""Draw and save the outputs of a generator that has no ``render`` or ``save`` of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from latent_spaces_by_example.arrays import host_array

if TYPE_CHECKING:
    from PIL.Image import Image

_CHANNELS = (1, 3, 4)
_MOST_PIXELS = 1024  # along a side; a larger array is thinned out first
_LINE_SIZE, _MARGIN, _INK = (800, 320), 16, "#1f4e79"


def picture_of(output: Any) -> Image | None:
    """Return a picture of an output, or None where there is no usual way to draw it.

    Drawn are PIL images as they are; arrays of shape (height, width) in grey; arrays of shape
    (height, width, c) or (c, height, width) with c = 1, 3 or 4 in colour; arrays of shape (n,) as
    a line. Arrays may be of NumPy, PyTorch or JAX. Whole numbers of 8 or 16 bits and truth values
    keep their brightness, and so do floats in [0, 1] in colour; other numbers are stretched over
    the range that they have.

    Args:
        output: one output of a generator, of any type.

    >>> picture_of(np.eye(4)).size
    (4, 4)
    >>> picture_of("MKV") is None
    True
    """
    from PIL import Image

    if isinstance(output, Image.Image):
        return output
    values = _numbers(output)
    if values is None or 0 in values.shape:
        return None
    if values.ndim == 1:
        return _line(values)
    if values.ndim == 3 and values.shape[2] not in _CHANNELS and values.shape[0] in _CHANNELS:
        values = np.moveaxis(values, 0, 2)
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in _CHANNELS):
        return None
    step_down, step_across = (-(-side // _MOST_PIXELS) for side in values.shape[:2])
    levels = _levels(values[::step_down, ::step_across])
    if levels is None:
        return None
    return Image.fromarray(levels[..., 0] if levels.shape[2:] == (1,) else levels)


def save_output(output: Any, path: Path) -> Path | None:
    """Write an output as ``.png`` if it is an image, as ``.npy`` if it is an array of numbers.

    Args:
        output: one output of a generator, of any type.
        path: of the file without its ending, which is added.

    Returns:
        The path of the file, or None where the output is neither and nothing was written.
    """
    from PIL import Image

    if isinstance(output, Image.Image):
        target = path.with_name(f"{path.name}.png")
        output.save(target)
        return target
    values = _numbers(output)
    if values is None:
        return None
    target = path.with_name(f"{path.name}.npy")
    np.save(target, values, allow_pickle=False)
    return target


def _numbers(output: Any) -> np.ndarray | None:
    """Return the array of numbers that an output is, or None."""
    try:
        values = host_array(output)
    except (TypeError, ValueError):  # rows of different lengths, say
        return None
    return values if values.ndim and values.dtype.kind in "biuf" else None


def _levels(values: np.ndarray) -> np.ndarray | None:
    """Return brightness from 0 to 255, or None if no number is finite."""
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.uint16:
        return (values >> 8).astype(np.uint8)
    floats = values.astype(np.float64)
    known = floats[np.isfinite(floats)]
    if not known.size:
        return None
    low, high = float(known.min()), float(known.max())
    if values.ndim == 3 and values.dtype.kind == "f" and low >= 0.0 and high <= 1.0:
        low, high = 0.0, 1.0
    elif high == low:
        low, high = low - 1.0, high + 1.0
    filled = np.nan_to_num(floats, nan=low, posinf=high, neginf=low)
    # halves, because the width of a range of huge numbers may be no float any more
    share = (filled / 2 - low / 2) / (high / 2 - low / 2)
    return np.round(255 * share.clip(0, 1)).astype(np.uint8)


def _line(values: np.ndarray) -> Image | None:
    from PIL import Image, ImageDraw

    heights = values.astype(np.float64)
    if len(heights) > 2 * _MOST_PIXELS:  # of each stretch its lowest and its highest
        stretches = np.array_split(heights, _MOST_PIXELS)
        heights = np.ravel([(stretch.min(), stretch.max()) for stretch in stretches])
    known = np.isfinite(heights)
    if not known.any():
        return None
    scale = float(np.abs(heights[known]).max()) or 1.0
    heights = heights / scale
    low, high = float(heights[known].min()), float(heights[known].max())
    room = high - low or 1.0
    (width, height), finer = _LINE_SIZE, 2
    across = np.linspace(_MARGIN, width - _MARGIN, len(heights))
    down = height - _MARGIN - (heights - low) / room * (height - 2 * _MARGIN)
    drawn = Image.new("RGB", (finer * width, finer * height), "white")
    pen = ImageDraw.Draw(drawn)
    points = [(finer * float(x), finer * float(y)) for x, y in zip(across, down, strict=True)]
    for first in range(len(points) - 1):
        if known[first] and known[first + 1]:
            pen.line(points[first : first + 2], _INK, width=2 * finer)
    if len(points) == 1:
        pen.ellipse((points[0][0] - 6, points[0][1] - 6, points[0][0] + 6, points[0][1] + 6), _INK)
    return drawn.resize(_LINE_SIZE, Image.Resampling.BOX)
