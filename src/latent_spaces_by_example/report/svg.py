"""Charts as inline SVG: small, sharp at any size, and coloured by the page's own style."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.report.markup import MINUS, Html, element, joined, shown_alike, text

_WIDE = 600  # above this a phone shows a chart's letters at about half their size
LEVELS = 9  # of the colour ramp, classes q0 to q8 of the style


@dataclass(frozen=True)
class Scale:
    """Numbers from ``low`` to ``high`` as places from ``start`` to ``end``, in user units."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """The places of values."""
        share = (values - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def at(self, value: float) -> float:
        """The place of one value."""
        return float(self(np.array([float(value)]))[0])


def ticks(low: float, high: float, *, most: int = 5) -> list[float]:
    """Round numbers in a range, at most so many.

    >>> ticks(0.0, 100.0)
    [0.0, 25.0, 50.0, 75.0, 100.0]
    """
    size = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (size * m for m in (1, 2, 2.5, 5, 10, 20, 25, 50)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [step * i for i in range(first, last + 1)]
    return []


@dataclass(frozen=True)
class Chart:
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
    def of(
        cls,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        labels: tuple[str, str],
        size: tuple[int, int] = (720, 380),
        whole: bool = False,
    ) -> Chart:
        """A chart with room for the labels of its ticks, as large as on a phone."""
        width, height = size
        longest = max(map(len, _tick_labels(ticks(*y))), default=0)
        left = 20.0 + longest * (12.5 if width > _WIDE else 9.5)
        return cls(
            width,
            height,
            Scale(*x, left, width - 14.0),
            Scale(*y, height - 56.0, 34.0),
            *labels,
            whole,
        )

    def html(self, *marks: str, alt: str) -> Html:
        """The chart with marks drawn between its axes."""
        return drawing(self._axes(), *marks, size=(self.width, self.height), alt=alt)

    def line(
        self, x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], *, kind: str
    ) -> Html:
        """A line through points."""
        return path(outline(self.x(x), self.y(y)), kind=f"line {kind}")

    def steps(
        self, x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], *, kind: str
    ) -> Html:
        """A line that holds each value until the next."""
        return self.line(np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1], kind=kind)

    def band(
        self,
        x: Float64[np.ndarray, " n"],
        low: Float64[np.ndarray, " n"],
        high: Float64[np.ndarray, " n"],
        *,
        kind: str,
    ) -> Html:
        """What lies between two lines."""
        around = outline(
            self.x(np.concatenate([x, x[::-1]])), self.y(np.concatenate([low, high[::-1]]))
        )
        return path(f"{around}Z", kind=f"band {kind}")

    def dot(self, x: float, y: float, *, kind: str, told: str, radius: float = 3.0) -> Html:
        """A dot that says what it is when one points at it."""
        return dot(self.x.at(x), self.y.at(y), kind=kind, told=told, radius=radius)

    def level(self, y: float, *, kind: str, label: str) -> Html:
        """A horizontal line with a label at its right end."""
        place = self.y.at(y)
        line = path(f"M{self.x.start:.1f} {place:.1f}H{self.x.end:.1f}", kind=f"line {kind}")
        named = label_at(self.x.end, place - 6, label, anchor="end", kind=kind)
        return joined([line, named])

    def _axes(self) -> Html:
        left, bottom = self.x.start, self.y.start
        parts: list[str] = []
        xs = ticks(self.x.low, self.x.high)
        if self.whole:
            xs = [x for x in xs if x == round(x)]
        for value, named in zip(xs, _tick_labels(xs), strict=True):
            place = self.x.at(value)
            parts.append(path(f"M{place:.1f} {bottom:.1f}v5", kind="axis"))
            anchor = "end" if place > self.x.end - 10 else "middle"
            parts.append(label_at(place, bottom + 22, named, anchor=anchor))
        ys = ticks(self.y.low, self.y.high)
        for value, named in zip(ys, _tick_labels(ys), strict=True):
            place = self.y.at(value)
            parts.append(path(f"M{left:.1f} {place:.1f}H{self.x.end:.1f}", kind="grid"))
            parts.append(label_at(left - 8, place, named, anchor="end", middle=True))
        parts.append(path(f"M{left:.1f} {bottom:.1f}H{self.x.end:.1f}", kind="axis"))
        parts.append(
            label_at(self.x.end, self.height - 6.0, self.x_label, anchor="end", kind="name")
        )
        parts.append(label_at(4.0, 18.0, self.y_label, anchor="start", kind="name"))
        return joined(parts)


def drawing(*parts: str, size: tuple[int, int], alt: str) -> Html:
    """An SVG picture with what it shows in words."""
    return Html(
        f'<svg viewBox="0 0 {size[0]} {size[1]}" role="img" aria-label="{text(alt)}">'
        f"{joined(parts)}</svg>"
    )


def outline(x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]) -> str:
    """Points as the data of a path."""
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))


def path(data: str, *, kind: str) -> Html:
    """A path of a class that the style knows."""
    return Html(f'<path class="{text(kind)}" d="{data}"/>')


def dot(x: float, y: float, *, kind: str, told: str, radius: float = 3.0) -> Html:
    """A circle; an example is a square, and what failed a cross."""
    title = element("title", told)
    kind = text(kind)
    if kind.startswith("example"):
        a = 1.8 * radius
        place = f'x="{x - a / 2:.1f}" y="{y - a / 2:.1f}" width="{a:.1f}" height="{a:.1f}"'
        return Html(f'<rect class="{kind}" {place}>{title}</rect>')
    if kind.startswith("failed"):
        a = 2 * radius
        start = f"{x - radius:.1f} {y - radius:.1f}"
        cross = f"M{start}l{a:.1f} {a:.1f}m0 {-a:.1f}l{-a:.1f} {a:.1f}"
        return Html(f'<path class="{kind}" d="{cross}">{title}</path>')
    return Html(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}">{title}</circle>')


def label_at(
    x: float, y: float, label: str, *, anchor: str, kind: str = "tick", middle: bool = False
) -> Html:
    """A text at a place."""
    shift = ' dominant-baseline="central"' if middle else ""
    return Html(
        f'<text class="{text(kind)}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{shift}>'
        f"{text(label)}</text>"
    )


def key(*entries: tuple[str, str]) -> Html:
    """A legend in the words of the page: marks of a class, and what they are."""
    items = [
        element("span", element("i", class_=f"mark {kind}"), label, class_="entry")
        for kind, label in entries
    ]
    return element("span", *items, class_="key")


def colour_bar(low: float, high: float, *, label: str) -> Html:
    """The colour ramp with its ends, and what it shows."""
    left, right = shown_alike([float(low), float(high)])
    steps = [element("i", class_=f"q{level}") for level in range(LEVELS)]
    ramp = element("span", *steps, class_="ramp")
    return element("span", label, " ", left, ramp, right, class_="bar-of-colours")


def levels_of(scores: Float64[np.ndarray, " n"], *, bounds: tuple[float, float]) -> list[str]:
    """Class of the colour of each score."""
    low, high = bounds
    place = np.clip((scores - low) / (high - low), 0, 1 - 1e-9)
    return [f"q{int(level)}" for level in place * LEVELS]


def shortened(name: str, *, most: int = 18) -> str:
    """A name that fits beside a mark."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _tick_labels(values: Iterable[float]) -> list[str]:
    values = list(values)
    if not values:
        return []
    step = min(np.diff(values), default=1.0)
    largest = max(map(abs, values))
    if largest >= 1e6 or largest < 1e-3:
        return [f"{value:.3g}".replace("-", MINUS) for value in values]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if abs(round(step * 10**decimals) - step * 10**decimals) > 1e-6:
        decimals += 1
    return [f"{value:.{decimals}f}".replace("-", MINUS) for value in values]
