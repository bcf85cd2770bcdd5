"""Plots as values: axes, and the marks between them. ``plot.html.j2`` writes them as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.report.formatting import MINUS
from latent_spaces_by_example.report.output_pictures import Source

_WIDE = 600  # above this a phone shows a plot's letters at about half their size
LEVELS = 9  # of the colour ramp, classes q0 to q8 of the style
# shape -> its corners for a radius of 1; of a cross the ends of its two strokes
_CORNERS = {
    "example": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "failed": ((-1, -1), (1, 1), (-1, 1), (1, -1)),
    "infeasible": ((0, -1.2), (1.2, 0.9), (-1.2, 0.9)),
}


@dataclass(frozen=True)
class Path:
    """A path of SVG, of a class that the style knows."""

    tag: ClassVar[str] = "path"
    data: str
    kind: str


@dataclass(frozen=True)
class Dot:
    """A mark at a place. Its shape tells apart what its colour does: a square is an example, a
    cross has failed, a triangle violates a constraint, a circle is the rest.

    Attributes:
        kind: classes of the style, the first of which decides the shape.
        title: the text shown to whoever points at it.
    """

    tag: ClassVar[str] = "dot"
    x: float
    y: float
    kind: str
    title: str = ""
    radius: float = 3.0

    @property
    def outline(self) -> str:
        """The data of its path; empty for a circle."""
        shape, r = self.kind.split()[0], self.radius
        corners = [(self.x + r * x, self.y + r * y) for x, y in _CORNERS.get(shape, ())]
        if shape == "failed":
            pairs = (corners[:2], corners[2:])
            return "".join(f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" for (a, b), (c, d) in pairs)
        return f"M{'L'.join(f'{x:.1f} {y:.1f}' for x, y in corners)}Z" if corners else ""


@dataclass(frozen=True)
class Label:
    """A text at a place; ``anchor`` is start, middle or end."""

    tag: ClassVar[str] = "label"
    x: float
    y: float
    text: str
    anchor: str = "middle"
    kind: str = "tick"
    central: bool = False


@dataclass(frozen=True)
class Thumbnail:
    """A small picture in a box."""

    tag: ClassVar[str] = "thumbnail"
    x: float
    y: float
    width: float
    height: float
    source: Source
    title: str


Mark = Path | Dot | Label | Thumbnail


@dataclass(frozen=True)
class Plot:
    """Marks on a canvas, later ones over earlier ones.

    Attributes:
        width, height: in user units.
        alt: what it shows, in words.
        clipped: marks that are cut off outside ``clip``, below all others.
        clip: the data of a path.
    """

    width: int | float
    height: int | float
    alt: str
    marks: tuple[Mark, ...]
    clipped: tuple[Mark, ...] = ()
    clip: str = ""


@dataclass(frozen=True)
class ColourBar:
    """The colour ramp with the numbers at its ends."""

    label: str
    low: float
    high: float


@dataclass(frozen=True)
class Figure:
    """A plot with its legend.

    Attributes:
        legend: marks around (0, 0) and what they are.
        kind: a further class of the style, such as "map".
    """

    plot: Plot
    legend: tuple[tuple[Mark, str], ...] = ()
    bar: ColourBar | None = None
    kind: str = ""


@dataclass(frozen=True)
class Scale:
    """Numbers from ``low`` to ``high`` as places from ``start`` to ``end``, in user units."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """Return the places of values."""
        share = (values - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def at(self, value: float) -> float:
        """Return the place of one value."""
        return float(self(np.array([float(value)]))[0])


@dataclass(frozen=True)
class Axes:
    """Two axes, and the places of points between them.

    Attributes:
        width, height: in user units.
        x, y: the scales.
        x_label, y_label: what they show.
        whole: whether x counts things, so that its ticks are whole numbers.
    """

    width: int
    height: int
    x: Scale
    y: Scale
    x_label: str
    y_label: str
    whole: bool = False

    @classmethod
    def between(
        cls,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        labels: tuple[str, str],
        size: tuple[int, int] = (720, 380),
        whole: bool = False,
    ) -> Axes:
        """Return axes with room for the labels of their ticks, as large as on a phone."""
        width, height = size
        longest = max(map(len, _tick_labels(ticks(*y))), default=0)
        left = 20.0 + longest * (12.5 if width > _WIDE else 9.5)
        horizontal, vertical = Scale(*x, left, width - 14.0), Scale(*y, height - 56.0, 34.0)
        return cls(width, height, horizontal, vertical, *labels, whole)

    def plot(self, *marks: Mark, alt: str) -> Plot:
        """Return the plot of marks between these axes."""
        return Plot(self.width, self.height, alt, (*self._marks(), *marks))

    def line(
        self, x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], *, kind: str
    ) -> Path:
        """Return a line through points; what is beyond the y axis runs along its end."""
        return Path(outline(self.x(x), self.y(y.clip(self.y.low, self.y.high))), f"line {kind}")

    def steps(
        self, x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], *, kind: str
    ) -> Path:
        """Return a line that holds each value until the next."""
        return self.line(np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1], kind=kind)

    def band(
        self,
        x: Float64[np.ndarray, " n"],
        low: Float64[np.ndarray, " n"],
        high: Float64[np.ndarray, " n"],
        *,
        kind: str,
    ) -> Path:
        """Return the area between two lines."""
        around, back = np.concatenate([x, x[::-1]]), np.concatenate([low, high[::-1]])
        return Path(f"{self.line(around, back, kind=kind).data}Z", f"band {kind}")

    def dot(self, x: float, y: float, *, kind: str, title: str, radius: float = 3.0) -> Dot:
        """Return a mark at a point, at the end of the y axis if it is beyond that."""
        y = min(max(y, self.y.low), self.y.high)
        return Dot(self.x.at(x), self.y.at(y), kind, title, radius)

    def level(self, y: float, *, kind: str, label: str) -> tuple[Path, Label]:
        """Return a horizontal line with a label at its right end."""
        place = self.y.at(min(max(y, self.y.low), self.y.high))
        line = Path(f"M{self.x.start:.1f} {place:.1f}H{self.x.end:.1f}", f"line {kind}")
        return line, Label(self.x.end, place - 6, label, "end", kind)

    def _marks(self) -> Iterable[Mark]:
        left, right, bottom = self.x.start, self.x.end, self.y.start
        xs = ticks(self.x.low, self.x.high)
        if self.whole:
            xs = [x for x in xs if x == round(x)]
        for value, name in zip(xs, _tick_labels(xs), strict=True):
            place = self.x.at(value)
            yield Path(f"M{place:.1f} {bottom:.1f}v5", "axis")
            yield Label(place, bottom + 22, name, "end" if place > right - 10 else "middle")
        ys = ticks(self.y.low, self.y.high)
        for value, name in zip(ys, _tick_labels(ys), strict=True):
            place = self.y.at(value)
            yield Path(f"M{left:.1f} {place:.1f}H{right:.1f}", "grid")
            yield Label(left - 8, place, name, "end", central=True)
        yield Path(f"M{left:.1f} {bottom:.1f}H{right:.1f}", "axis")
        yield Label(right, self.height - 6.0, self.x_label, "end", "name")
        yield Label(4.0, 18.0, self.y_label, "start", "name")


def outline(x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]) -> str:
    """Return points as the data of a path."""
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))


def ticks(low: float, high: float, *, most: int = 5) -> list[float]:
    """Return round numbers in a range, at most so many.

    >>> ticks(0.0, 100.0)
    [0.0, 25.0, 50.0, 75.0, 100.0]
    """
    size = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (size * m for m in (1, 2, 2.5, 5, 10, 20, 25, 50)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [step * i for i in range(first, last + 1)]
    return []


def dot_sample(kind: str, *, radius: float = 3.5) -> Dot:
    """Return a mark, for a legend."""
    return Dot(0.0, 0.0, kind, radius=radius)


def line_sample(kind: str) -> Path:
    """Return a short line, for a legend."""
    return Path("M-11 0H11", f"line {kind}")


def _tick_labels(values: Iterable[float]) -> list[str]:
    return [f"{value:.10g}".replace("-", MINUS) for value in values]
