"""Sections that a NACA code defines by formula, with four or five digits."""

from __future__ import annotations

import re

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError

Stations = Float64[np.ndarray, " m"]

_CODE = re.compile(r"naca[\s_-]*(\d{4,5})", re.IGNORECASE)
_STATIONS = 200  # per side

# (r, k1) and (r, k1, k2 / k1) of the five-digit mean lines with design lift 0.3, from Jacobs and
# Pinkerton, NACA Report 537 (1935), as tabulated in Ladson et al., NASA TM-4741 (1996), table 3.
_SIMPLE_LINES = {
    1: (0.0580, 361.400),
    2: (0.1260, 51.640),
    3: (0.2025, 15.957),
    4: (0.2900, 6.643),
    5: (0.3910, 3.230),
}
_REFLEXED_LINES = {
    2: (0.1300, 51.990, 0.000764),
    3: (0.2170, 15.793, 0.00677),
    4: (0.3180, 6.520, 0.0303),
    5: (0.4410, 3.191, 0.1355),
}


def naca_code(name: str) -> str | None:
    """Return the digits of a NACA code that has a formula, or None for any other name.

    Codes of five digits that start with 6 or 7, or whose third digit is above 1, are of other
    families ("naca63206" is NACA 63-206), which have no closed formula: None.

    >>> naca_code("NACA 2412"), naca_code("naca23012"), naca_code("naca63206"), naca_code("s1223")
    ('2412', '23012', None, None)
    """
    if not isinstance(name, str):
        raise ArgumentError(f"name={name!r:.60}; expected the name of a section, as text")
    match = _CODE.fullmatch(name.strip())
    if match is None:
        return None
    digits = match[1]
    if len(digits) == 5 and not (digits[0] in "12345" and digits[1] in "12345"):
        return None
    if len(digits) == 5 and digits[2] not in "01":
        return None
    return digits


def naca_section(code: str) -> Float64[np.ndarray, "p 2"]:
    """Return the section of a NACA code: (x -+ t sin a, c +- t cos a), a the slope of c.

    With c the mean line and T the thickness, t(x) is
    5 T (0.2969 sqrt(x) - 0.126 x - 0.3516 x^2 + 0.2843 x^3 - 0.1015 x^4): the trailing edge is
    open by 0.021 T, as published. Four digits M P TT: mean line of two parabolas with maximum
    M/100 at P/10. Five digits L P S TT: design lift 0.15 L, maximum of the mean line near P/20,
    reflexed if S is 1.

    Source: Abbott and von Doenhoff, Theory of Wing Sections (1959), sections 6.4 and 6.5.

    Args:
        code: four or five digits.

    Returns:
        Shape (399, 2), Selig order, chord 1.

    Raises:
        ArgumentError: not such a code, or a code that defines no section.

    >>> section = naca_section("0012")
    >>> print(round(float(np.ptp(section[:, 1])), 4))
    0.12
    """
    digits = naca_code(f"naca{code}") if isinstance(code, str) else None
    if digits is None:
        raise ArgumentError(
            f"code must be the four digits of a NACA section, or five with the first two within "
            f'1 to 5 and the third 0 or 1, as text ("2412", "23012"), not {code!r}'
        )
    thickness = int(digits[-2:]) / 100.0
    if thickness == 0.0:
        raise ArgumentError(f"NACA {digits} has no thickness: its last two digits must not be 00")
    x = (1.0 - np.cos(np.pi * np.arange(_STATIONS) / (_STATIONS - 1))) / 2.0
    half = thickness * 5.0 * np.sqrt(x) * 0.2969
    half += thickness * 5.0 * x * (-0.1260 + x * (-0.3516 + x * (0.2843 - 0.1015 * x)))
    line, slope = _four_digit_line(digits, x=x) if len(digits) == 4 else _five_digit_line(digits, x)
    angle = np.arctan(slope)
    across = np.stack([-half * np.sin(angle), half * np.cos(angle)], axis=1)
    middle = np.stack([x, line], axis=1)
    return np.concatenate([(middle + across)[::-1], (middle - across)[1:]])


def _four_digit_line(digits: str, *, x: Stations) -> tuple[Stations, Stations]:
    """Return the mean line and its slope: two parabolas that meet at their maximum."""
    height, position = int(digits[0]) / 100.0, int(digits[1]) / 10.0
    if height == 0.0:
        return np.zeros_like(x), np.zeros_like(x)
    if position == 0.0:
        raise ArgumentError(
            f"NACA {digits} has camber (first digit) but no position for it (second digit 0)"
        )
    scale = np.where(x < position, height / position**2, height / (1.0 - position) ** 2)
    line = height - scale * (x - position) ** 2
    return line, -2.0 * scale * (x - position)


def _five_digit_line(digits: str, x: Stations) -> tuple[Stations, Stations]:
    """Return the mean line and its slope: a cubic, straight or reflexed beyond r."""
    position, reflexed = int(digits[1]), digits[2] == "1"
    lines = _REFLEXED_LINES if reflexed else _SIMPLE_LINES
    if position not in lines:
        raise ArgumentError(f"NACA {digits} is not defined: the second digit must be 2 to 5")
    r, k1, *rest = lines[position]
    k1 *= int(digits[0]) / 2.0  # tabulated for a first digit of 2, and linear in it
    ratio = rest[0] if rest else 0.0
    # One formula for both: with ratio 0 the straight part's constants are those of the simple line.
    linear = ratio * (1.0 - r) ** 3 + r**3 if reflexed else r**3
    past = np.where(x < r, 1.0, ratio)
    line = k1 / 6.0 * (past * (x - r) ** 3 - linear * x + r**3)
    slope = k1 / 6.0 * (3.0 * past * (x - r) ** 2 - linear)
    return line, slope
