"""Measures of many sections at a time, on the cosine grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from latent_spaces_by_example.arguments import real_array
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.zoo.airfoil.geometry import cosine_grid, split_sides, stations

PerSection = Float64[np.ndarray, " n"]
Ordinates = Float64[np.ndarray, "n m"]
Stations = Float64[np.ndarray, " m"]

_ON_GRID = 1e-6
_NOSE_STATIONS = 8


@dataclass(frozen=True)
class Measures:
    """Measures of n sections, each of shape (n,); lengths in chords.

    Attributes:
        max_thickness: largest distance between the sides, across the chord.
        max_thickness_at: where along the chord that is.
        max_camber: ordinate of the mean line where it is farthest from the chord, signed.
        max_camber_at: where along the chord that is.
        leading_edge_radius: radius of curvature of the thickness form at the nose.
        trailing_edge_gap: distance between the sides at the trailing edge.
    """

    max_thickness: PerSection
    max_thickness_at: PerSection
    max_camber: PerSection
    max_camber_at: PerSection
    leading_edge_radius: PerSection
    trailing_edge_gap: PerSection


def measure(sections: npt.ArrayLike) -> Measures:
    """Measure sections: maxima by the parabola through the three highest stations.

    The leading-edge radius is r in (t / 2)^2 = 2 x (r + a sqrt(x) + b x), fitted to the eight
    stations next to the nose, t being the thickness.

    Args:
        sections: shape (n, 2 m - 1, 2), or (2 m - 1, 2) for one, as ``resample`` returns them.

    Raises:
        ArgumentError: another shape, or x not on the cosine grid.

    >>> from latent_spaces_by_example.zoo.airfoil import find_section, resample
    >>> measures = measure(resample(find_section("naca2412")))
    >>> print(measures.max_thickness.round(3), measures.max_camber.round(2))
    [0.12] [0.02]
    >>> print(measures.leading_edge_radius.round(4))
    [0.0159]
    """
    thickness, camber = thickness_and_camber(sections)
    grid = cosine_grid(thickness.shape[1])
    max_thickness, max_thickness_at = _peak(thickness, grid=grid)
    height, max_camber_at = _peak(np.abs(camber), grid=grid)
    sign = np.sign(np.take_along_axis(camber, np.argmax(np.abs(camber), axis=1)[:, None], axis=1))
    return Measures(
        max_thickness=max_thickness,
        max_thickness_at=max_thickness_at,
        max_camber=height * sign[:, 0],
        max_camber_at=max_camber_at,
        leading_edge_radius=_nose_radius(thickness, grid=grid),
        trailing_edge_gap=thickness[:, -1].copy(),
    )


def thickness_and_camber(sections: npt.ArrayLike) -> tuple[Ordinates, Ordinates]:
    """Return thickness y_u - y_l and mean line (y_u + y_l) / 2 at the m stations of the grid.

    Args:
        sections: shape (n, 2 m - 1, 2), or (2 m - 1, 2) for one, as ``resample`` returns them.

    Returns:
        Two arrays of shape (n, m), from the leading edge to the trailing edge.

    Raises:
        ArgumentError: another shape, or x not on the cosine grid.

    >>> from latent_spaces_by_example.zoo.airfoil import find_section, resample
    >>> thickness, camber = thickness_and_camber(resample(find_section("naca0012")))
    >>> thickness.shape, bool(np.abs(camber).max() < 1e-12)
    ((1, 64), True)
    """
    array = real_array(sections, name="sections", shape="(n, 2 m - 1, 2)")
    array = array[None] if array.ndim == 2 else array
    if not is_on_grid(array):
        raise ArgumentError(
            "sections must lie on the cosine grid, shape (n, 2 m - 1, 2), as resample() returns "
            f"them; these have shape {array.shape}"
        )
    upper, lower = split_sides(array)
    return upper - lower, (upper + lower) / 2.0


def is_on_grid(sections: np.ndarray) -> bool:
    """Return whether sections (n, p, 2) have the stations of ``resample``, to 1e-6 chord."""
    _, num_points, width = sections.shape if sections.ndim == 3 else (0, 0, 0)
    if width != 2 or num_points < 15 or num_points % 2 == 0:
        return False
    x = stations((num_points + 1) // 2)
    return bool(np.all(np.abs(sections[:, :, 0] - x) <= _ON_GRID))


def _peak(values: Ordinates, *, grid: Stations) -> tuple[PerSection, PerSection]:
    """Return the largest value of each row and where it is, between stations."""
    row = np.arange(len(values))
    top = np.clip(np.argmax(values, axis=1), 1, len(grid) - 2)
    x0, x1, x2 = grid[top - 1], grid[top], grid[top + 1]
    y0, y1, y2 = values[row, top - 1], values[row, top], values[row, top + 1]
    left, right = (y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1)
    bend = (right - left) / (x2 - x0)
    round_top = bend < 0.0
    safe = np.where(round_top, bend, -1.0)
    at = np.clip((x0 + x1) / 2.0 - left / (2.0 * safe), x0, x2)
    height = y0 + left * (at - x0) + bend * (at - x0) * (at - x1)
    best = np.argmax(values, axis=1)
    inside = round_top & (best == top)
    return np.where(inside, height, values[row, best]), np.where(inside, at, grid[best])


def _nose_radius(thickness: Ordinates, *, grid: Stations) -> PerSection:
    x = grid[1 : _NOSE_STATIONS + 1]
    ratio = (thickness[:, 1 : _NOSE_STATIONS + 1] / 2.0) ** 2 / (2.0 * x)
    basis = np.stack([np.ones_like(x), np.sqrt(x), x], axis=1)
    fitted: np.ndarray = np.maximum(ratio @ np.linalg.pinv(basis)[0], 0.0)
    return fitted
