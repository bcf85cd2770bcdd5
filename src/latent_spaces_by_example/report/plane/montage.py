"""The montage: a picture of every point of the grid, as the contour plot lies, with its score."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.report.plane.grid import Plane, small_picture
from latent_spaces_by_example.study import Study

_PAPER, _INK, _SOFT, _BEST, _SEED = "#ffffff", "#1a202c", "#4a5568", "#c2410c", "#1d4ed8"
_GAP, _FRAME, _LINE = 8, 4, 16
_SPACE = 40  # above the row of what the studies found


def save_montage(plane: Plane, studies: Mapping[str, Study], path: str | os.PathLike[str]) -> None:
    """Lay out the pictures of a plane, u_1 to the right and u_2 upwards, each above its score.

    Seed latents are framed blue, the best of the grid orange. Below is the best that each of the
    studies found, generated again.

    Args:
        plane: what :func:`evaluate_plane` returned.
        studies: what to call it -> the study; may be empty.
        path: of the picture, such as "montage.png".

    Raises:
        ArgumentError: the generator draws no pictures.
    """
    if not plane.pictures:
        raise ArgumentError(
            "the plane has no pictures: its generator has no render(output), and its outputs are "
            "neither images nor arrays"
        )
    width, height = np.max([picture.size for picture in plane.pictures.values()], axis=0).tolist()
    bests = {
        name: small_picture(study.generator, study.best_output, size=max(width, height))
        for name, study in studies.items()
    }
    size = len(plane.side)
    step = width + 2 * _FRAME + _GAP, height + 2 * _FRAME + 2 * _LINE + _GAP
    below = _SPACE + step[1] if bests else 0
    columns = max(size, len(bests))
    sheet = Image.new("RGB", (columns * step[0] + _GAP, size * step[1] + below + _GAP), _PAPER)
    for i in range(size):
        for j in range(size):
            corner = (_GAP + j * step[0], _GAP + (size - 1 - i) * step[1])
            colour, words = _mark(plane, i, j)
            lines = (f"{plane.scores[i, j]:.4g}", words)
            picture = plane.pictures.get((i, j))
            _tile(sheet, picture, corner=corner, size=(width, height), colour=colour, lines=lines)
    top = _GAP + size * step[1]
    if bests:
        text = "best found, by search"
        ImageDraw.Draw(sheet).text((_GAP, top + _GAP), text, fill=_INK, font=_font(16))
    for column, (name, picture) in enumerate(bests.items()):
        corner = (_GAP + column * step[0], top + _SPACE)
        lines = (f"{studies[name].best_score:.4g}", name)
        _tile(sheet, picture, corner=corner, size=(width, height), colour=_BEST, lines=lines)
    sheet.save(path)


def _mark(plane: Plane, i: int, j: int) -> tuple[str, str]:
    """Return the colour of a frame, and the words beside the score."""
    seed = plane.seed_at(i, j)
    names = [] if seed is None else [plane.seed_names[seed]]
    best = plane.scores[i, j] == plane.scores[plane.best]
    if best:
        names.append("best of grid")
    return (_BEST if best else _PAPER if seed is None else _SEED), ", ".join(names)


def _tile(
    sheet: Image.Image,
    picture: Image.Image | None,
    *,
    corner: tuple[int, int],
    size: tuple[int, int],
    colour: str,
    lines: tuple[str, str],
) -> None:
    draw = ImageDraw.Draw(sheet)
    (x, y), (width, height) = corner, size
    far = (x + width + 2 * _FRAME - 1, y + height + 2 * _FRAME - 1)
    draw.rectangle((corner, far), fill=colour)
    if picture is None:
        draw.rectangle((x + _FRAME, y + _FRAME, far[0] - _FRAME, far[1] - _FRAME), fill="#e2e8f0")
    else:
        sheet.paste(picture, (x + _FRAME, y + _FRAME))
    ink = _SOFT if colour == _PAPER else colour
    for number, line in enumerate(lines):
        place = (x + _FRAME, y + height + 2 * _FRAME + number * _LINE)
        draw.text(place, _fitting(line, width), fill=_INK if number == 0 else ink, font=_font(12))


def _fitting(text: str, width: int) -> str:
    """Return as much of the text as there is room for."""
    font = _font(12)
    while text and font.getlength(text) > width:
        text = text[:-2].rstrip() + "…" if len(text) > 2 else ""
    return text


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
