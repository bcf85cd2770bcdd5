"""Numbers and names as a page writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

MINUS, _TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def shortened(name: str, *, most: int = 18) -> str:
    """Return a name that fits beside a mark: its first characters and an ellipsis."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def is_quantity(value: object) -> bool:
    """Return whether a value is a number that can be subtracted; labels and flags are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def duration(seconds: float) -> str:
    """Return a time in words.

    >>> duration(3.24), duration(75), duration(90000)
    ('3.2 s', '0:01:15', '1 day, 1:00:00')
    """
    return f"{seconds:.1f} s" if seconds < 10 else str(timedelta(seconds=round(seconds)))


def shown(value: object) -> str:
    """Return a value as text: numbers to four digits, a real minus, yes and no for flags.

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
    """Return values that are to be compared as texts with equally many decimals.

    >>> shown_alike([124.72, 90.261, None])
    ['124.7', '90.3', '']
    """
    decimals = _shared_decimals(values)
    return [_number(v, decimals=decimals) if isinstance(v, float) else shown(v) for v in values]


def shown_difference(first: object, second: object) -> str:
    """Return ``first - second`` to the decimals of ``shown_alike``; "" if either is no quantity.

    >>> shown_difference(124.72, 90.261), shown_difference(1.0, 1.0 + 1e-9)
    ('+34.5', '0')
    >>> shown_difference("3", "4")
    ''
    """
    if not (is_quantity(first) and is_quantity(second)):
        return ""
    difference = first - second  # type: ignore[operator]
    decimals = _shared_decimals([first, second])
    if decimals is not None and abs(difference) < 0.5 * 10.0**-decimals:
        return "0"
    text = shown(difference) if decimals is None else _number(float(difference), decimals=decimals)
    return f"+{text}" if difference > 0 else text


def _shared_decimals(values: Sequence[object]) -> int | None:
    """Return decimals that give the largest four digits; None if that would hide the smallest."""
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
