"""HTML of a report: what is text is escaped, and only what says that it is markup is not."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from html import escape

# What no browser shows, or that changes how the text after it is shown: controls, halves of
# surrogate pairs, and the marks that reverse the direction of writing until they are closed.
_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
_LONG_WORD = 24
MINUS, _TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Html(str):
    """A string that is markup already; every other string is escaped on its way to the page."""


def text(value: object) -> Html:
    """The markup of a text: escaped, and with a mark in place of what cannot be shown.

    >>> text('<b> & "c"')
    '&lt;b&gt; &amp; &quot;c&quot;'
    >>> text(Html("<b>"))
    '<b>'
    """
    if isinstance(value, Html):
        return value
    return Html(escape(_UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", str(value))))


def joined(parts: Iterable[str], *, by: str = "") -> Html:
    """Parts one after another, each escaped unless it is markup."""
    return Html(by.join(text(part) for part in parts))


def element(tag: str, *content: str, **attributes: str | None) -> Html:
    """``<tag ...>content</tag>``; ``_`` in names of attributes is ``-``, ``class_`` is ``class``.

    >>> element("p", "a < b", class_="note")
    '<p class="note">a &lt; b</p>'
    """
    told = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{text(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Html(f"<{tag}{told}>{joined(content)}</{tag}>")


def section(title: str, *content: str, anchor: str) -> Html:
    """A section with its title; empty where it has no content.

    >>> section("The result", "", anchor="result")
    ''
    """
    shown = [part for part in content if part]
    if not shown:
        return Html()
    return element("section", element("h2", title), *shown, id=anchor)


def figure(content: str, *caption: str, legend: str = "", class_: str = "plot") -> Html:
    """Something with its legend and a numbered caption below it."""
    number = element("span", class_="number")
    said = element("figcaption", number, *caption)
    return element("figure", content, legend, said, class_=class_)


def note(*content: str) -> Html:
    """A paragraph that explains."""
    return element("p", *content, class_="note")


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    label: str,
    best_column: int | None = None,
    words: bool = False,
) -> Html:
    """A table that scrolls inside the page where it is too wide; its first column names the rows.

    Args:
        head: of each column.
        rows: cells of each row.
        label: what the table shows, for those who do not see it.
        best_column: one that is set off.
        words: whether the cells are sentences and not numbers.
    """

    def kind(column: int, cell: str) -> str | None:
        long = max(map(len, cell.split()), default=0) > _LONG_WORD or len(cell) > 2 * _LONG_WORD
        kinds = ["best"] * (column == best_column) + ["long"] * long
        return " ".join(kinds) or None

    heads = [element("th", cell, scope="col", class_=kind(i, cell)) for i, cell in enumerate(head)]
    lines = []
    for first, *rest in rows:
        cells = [element("td", cell, class_=kind(i, cell)) for i, cell in enumerate(rest, 1)]
        row = element("th", first, scope="row", class_=kind(0, first))
        lines.append(element("tr", row, *cells))
    body = element(
        "table",
        element("thead", element("tr", *heads)),
        element("tbody", *lines),
        class_="words" if words else None,
    )
    return element("div", body, class_="scroll", role="region", tabindex="0", aria_label=label)


def folded(title: str, *content: str) -> Html:
    """What is there for those who ask for it."""
    return element("details", element("summary", title), *content)


def shown(value: object) -> str:
    """A figure as text: numbers to four digits, a real minus, yes and no for truth values.

    >>> shown(124.7213), shown(-3), shown(0.000012345), shown(True), shown(None)
    ('124.7', '−3', '1.234×10⁻⁵', 'yes', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and abs(value) < 10**9:
        return f"{value}".replace("-", MINUS)
    if isinstance(value, (int, float)):
        return _number(float(value), decimals=None)
    return str(value)


def shown_alike(values: Sequence[object]) -> list[str]:
    """Figures that are to be compared, with as many decimals each.

    >>> shown_alike([124.72, 90.261, None])
    ['124.7', '90.3', '']
    """
    decimals = _shared_decimals(values)
    return [_number(v, decimals=decimals) if isinstance(v, float) else shown(v) for v in values]


def shown_difference(first: float | int, second: float | int) -> str:
    """One figure less another, to the decimals that both are shown with by ``shown_alike``.

    >>> shown_difference(124.72, 90.261), shown_difference(1.0, 1.0 + 1e-9)
    ('+34.5', '0')
    """
    difference = first - second
    decimals = _shared_decimals([first, second])
    if decimals is not None and abs(difference) < 0.5 * 10.0**-decimals:
        return "0"
    said = shown(difference) if decimals is None else _number(float(difference), decimals=decimals)
    return f"+{said}" if difference > 0 else said


def _shared_decimals(values: Sequence[object]) -> int | None:
    """Decimals that give the largest four digits; None where that would hide the smallest."""
    sizes = [abs(v) for v in values if isinstance(v, float) and math.isfinite(v) and v]
    if not sizes or not 1e-3 <= max(sizes) < 1e6 or min(sizes) < 1e-3 * max(sizes):
        return None
    return _decimals(max(sizes))


def _decimals(value: float) -> int:
    return max(0, 3 - math.floor(math.log10(value)))


def _number(value: float, *, decimals: int | None) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else f"{MINUS}∞")
    if value == 0:
        return "0"
    if decimals is None and not 1e-4 <= abs(value) < 1e6:
        mantissa, _, exponent = f"{value:.3e}".partition("e")
        power = str(int(exponent)).translate(_SUPERSCRIPTS)
        return f"{mantissa}{_TIMES}10{power}".replace("-", MINUS)
    if decimals is None:
        short = f"{value:.{_decimals(abs(value))}f}"
        short = short.rstrip("0").rstrip(".") if "." in short else short
    else:
        short = f"{value:.{decimals}f}"
    return short.replace("-", MINUS)
