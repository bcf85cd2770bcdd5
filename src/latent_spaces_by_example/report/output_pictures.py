"""Pictures of outputs as a page holds them: in RGB, of a bounded size, as PNG or JPEG."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

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
        kind, data = _encoded(image)
        uri = f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
        return Source(uri, *image.size, crisp=max(image.size) <= _PIXELS_SHOW)


def _encoded(image: Image.Image) -> tuple[str, bytes]:
    """Return PNG for drawings, JPEG for photographs: whichever is smaller once it matters."""
    png = io.BytesIO()
    image.save(png, format="PNG", optimize=True)
    if png.tell() <= _LARGE_PNG or image.mode != "RGB":
        return "png", png.getvalue()
    jpeg = io.BytesIO()
    image.save(jpeg, format="JPEG", quality=_JPEG_QUALITY)
    return ("jpeg", jpeg.getvalue()) if jpeg.tell() < png.tell() else ("png", png.getvalue())
