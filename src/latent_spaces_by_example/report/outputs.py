"""Pictures of outputs, made again from their latents: a bounded number, in a bounded time."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from latent_spaces_by_example.report.markup import Html, element, text
from latent_spaces_by_example.study import Study, Trial

_LARGE_PNG = 40_000
_JPEG_QUALITY = 86
_WIDE = 1.5
_PIXELS_SHOW = 200


@dataclass(frozen=True)
class Picture:
    """One output as its generator draws it.

    Attributes:
        image: in RGB.
    """

    image: Image.Image

    @classmethod
    def of(cls, drawn: Image.Image) -> Picture:
        """The picture that a generator drew, on white where it is transparent."""
        if "A" not in drawn.getbands() and "transparency" not in drawn.info:
            return cls(drawn.convert("RGB"))
        layer = drawn.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return cls(Image.alpha_composite(paper, layer).convert("RGB"))

    @property
    def wide(self) -> bool:
        """Whether it needs a row of its own."""
        return self.image.width > _WIDE * self.image.height

    def html(self, *, alt: str, side: int) -> Html:
        """An ``img`` that holds its data, at most ``side`` pixels wide and high."""
        image = self.image
        if max(image.size) > side:
            image = image.copy()
            image.thumbnail((side, side), Image.Resampling.LANCZOS)
        kind, data = _encoded(image)
        source = f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
        crisp = ' class="crisp"' if max(image.size) <= _PIXELS_SHOW else ""
        return Html(
            f'<img alt="{text(alt)}" width="{image.width}" height="{image.height}"'
            f'{crisp} src="{source}">'
        )


@dataclass(frozen=True)
class Drawn:
    """What came of making outputs again.

    Attributes:
        pictures: by trial number.
        missing: why some have none; empty where all have, or the generator draws nothing.
    """

    pictures: dict[int, Picture]
    missing: str = ""


def draw_outputs(
    study: Study, trials: Sequence[Trial], *, most: int, seconds: float | int
) -> Drawn:
    """Make the outputs of trials again, one after another, and have the generator draw them.

    Args:
        study: its generator and its seed latents make them.
        trials: those that matter most first.
        most: the most to make.
        seconds: no other one is begun after so many; the first one is made in any case.
    """
    if not hasattr(study.generator, "render"):
        return Drawn({})
    start = time.monotonic()
    pictures: dict[int, Picture] = {}
    failures: list[str] = []
    done = 0
    for trial in trials[:most]:
        if done and time.monotonic() - start > seconds:
            break
        done += 1
        try:
            pictures[trial.number] = Picture.of(_drawn(study, trial))
        except Exception as error:  # a page without one picture is better than no page
            failures.append(f"trial {trial.number} ({type(error).__name__}: {error})")
    return Drawn(pictures, " ".join(_reasons(failures, left=len(trials) - done, made=done)))


def _drawn(study: Study, trial: Trial) -> Any:
    output = study.generator.generate(study.latents(trial.weights[None]))[0]
    return study.generator.render(output)


def _reasons(failures: list[str], *, left: int, made: int) -> Iterator[str]:
    if left:
        yield f"{made} outputs were made again for this page, {left} more were not, to save time."
    if failures:
        yield f"Could not be drawn: {'; '.join(failures)}."


def _encoded(image: Image.Image) -> tuple[str, bytes]:
    """PNG for drawings, JPEG for photographs: whichever is smaller once it matters."""
    png = io.BytesIO()
    image.save(png, format="PNG", optimize=True)
    if png.tell() <= _LARGE_PNG:
        return "png", png.getvalue()
    jpeg = io.BytesIO()
    image.save(jpeg, format="JPEG", quality=_JPEG_QUALITY)
    return ("jpeg", jpeg.getvalue()) if jpeg.tell() < png.tell() else ("png", png.getvalue())


def tile(picture: Picture | None, *caption: str, alt: str, side: int, kind: str = "") -> Html:
    """A picture with a line or two below it, for a gallery."""
    drawn = Html() if picture is None else picture.html(alt=alt, side=side)
    return element("figure", drawn, element("figcaption", *caption), class_=f"tile {kind}".strip())
