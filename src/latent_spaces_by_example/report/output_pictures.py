"""Pictures of outputs: those that the study kept, and a bounded number made again in its time."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from latent_spaces_by_example.generators.default_pictures import picture_of

_LARGE_PNG = 40_000
_JPEG_QUALITY = 86
_WIDE = 1.5
_PIXELS_SHOW = 200
_NUMBERS = ("I", "F")  # modes of more than 8 bits


@dataclass(frozen=True)
class Source:
    """The data of a picture at the size it is shown at.

    Attributes:
        uri: with the data in it.
        width, height: in pixels.
        crisp: whether it is so small that its pixels are to be seen.
    """

    uri: str
    width: int
    height: int
    crisp: bool


@dataclass(frozen=True)
class Picture:
    """One output as its generator draws it, ``image`` being in RGB."""

    image: Image.Image

    @classmethod
    def of(cls, drawn: Image.Image) -> Picture:
        """Return a picture in RGB, on white where it was transparent."""
        if drawn.mode.startswith(_NUMBERS):  # which Pillow would clip at 255
            drawn = picture_of(np.asarray(drawn)) or drawn
        if "A" not in drawn.getbands() and "transparency" not in drawn.info:
            return cls(drawn.convert("RGB"))
        layer = drawn.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return cls(Image.alpha_composite(paper, layer).convert("RGB"))

    @property
    def wide(self) -> bool:
        """True if the picture needs a row of its own."""
        return self.image.width > _WIDE * self.image.height

    def source(self, side: int) -> Source:
        """Return its data at a size of at most ``side`` pixels, as PNG or JPEG."""
        image = self.image
        if max(image.size) > side:
            image = image.copy()
            image.thumbnail((side, side), Image.Resampling.LANCZOS)
        return source_of(image)


def source_of(image: Image.Image) -> Source:
    """Return the data of an image at its own size, as PNG or JPEG."""
    kind, data = _encoded(image)
    uri = f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
    return Source(uri, *image.size, crisp=max(image.size) <= _PIXELS_SHOW)


@dataclass(frozen=True)
class Drawn:
    """Pictures of outputs.

    Attributes:
        pictures: by trial number.
        missing: why some have none; empty if all have, or if outputs are of no kind that is drawn.
        outputs: those that were made again, by trial number.
    """

    pictures: dict[int, Picture]
    missing: str
    outputs: dict[int, Any]


def draw_outputs(
    numbers: Sequence[int],
    *,
    kept: Callable[[int], Image.Image | None],
    make: Callable[[int], Any] | None,
    render: Callable[[Any], Image.Image | None],
    most: int,
    seconds: float | int,
) -> Drawn:
    """Gather pictures of trials' outputs: kept ones, else made again one after another.

    Args:
        numbers: of the trials, those that matter most first.
        kept: number -> the picture that the study kept; None where it kept none.
        make: number -> output; None where the study was opened without its generator.
        render: output -> picture; None where there is no way to draw it.
        most: how many outputs to make again at most.
        seconds: none is begun after so many; the first one is made in any case.
    """
    start = time.monotonic()
    pictures: dict[int, Picture] = {}
    outputs: dict[int, Any] = {}
    failures: list[str] = []
    left = made = 0
    for number in numbers:
        try:
            drawn = kept(number)
            if drawn is None and make is not None:
                if made == most or (made and time.monotonic() - start > seconds):
                    left += 1
                    continue
                made += 1
                outputs[number] = make(number)
                drawn = render(outputs[number])
            if drawn is not None:
                pictures[number] = Picture.of(drawn)
        except Exception as error:  # a page without one picture is better than no page
            failures.append(f"trial {number} ({type(error).__name__}: {error})")
    if made and not pictures and not failures:
        left = 0  # outputs of this kind are not drawn
    return Drawn(pictures, " ".join(_reasons(failures, left=left, made=made)), outputs)


def _reasons(failures: list[str], *, left: int, made: int) -> Iterator[str]:
    if left:
        yield f"{made} outputs were made again for this page, {left} more were not, to save time."
    if failures:
        yield f"Could not be drawn: {'; '.join(failures)}."


def _encoded(image: Image.Image) -> tuple[str, bytes]:
    """Return PNG for drawings, JPEG for photographs: whichever is smaller once it matters."""
    png = io.BytesIO()
    image.save(png, format="PNG", optimize=True)
    if png.tell() <= _LARGE_PNG or image.mode != "RGB":
        return "png", png.getvalue()
    jpeg = io.BytesIO()
    image.save(jpeg, format="JPEG", quality=_JPEG_QUALITY)
    return ("jpeg", jpeg.getvalue()) if jpeg.tell() < png.tell() else ("png", png.getvalue())
