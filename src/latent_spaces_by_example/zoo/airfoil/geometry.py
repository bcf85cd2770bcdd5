"""Airfoil sections as arrays of points: order, normal position, and an even grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from latent_spaces_by_example.arguments import check_flag, check_whole, real_array
from latent_spaces_by_example.errors import ArgumentError

if TYPE_CHECKING:
    from scipy.interpolate import CubicSpline
else:
    CubicSpline = Any  # SciPy's splines take longer to import than the whole model to load

Points = Float64[np.ndarray, "p 2"]
OtherPoints = Float64[np.ndarray, "q 2"]
Stations = Float64[np.ndarray, " m"]

POINTS_PER_SIDE = 64
_FEWEST_POINTS, _MOST_POINTS = 7, 100_000
_ON_CHORD = 1e-6
_ASKEW = 0.01  # of the chord: how far apart in x the ends of the sides of a real section are
_SAME_POINT = 1e-7  # in chords; published tables have six decimals or fewer


def cosine_grid(points_per_side: int = POINTS_PER_SIDE) -> Stations:
    """Return chordwise stations, dense at both edges: x_i = (1 - cos(pi i / (m - 1))) / 2.

    Args:
        points_per_side: number m of stations, the two edges included; at least 8.

    Returns:
        Shape (m,), rising from exactly 0 to exactly 1.

    Raises:
        ArgumentError: fewer than 8 points, or more than 100,000.

    >>> cosine_grid(9)[[0, 4, 8]]
    array([0. , 0.5, 1. ])
    """
    check_whole(points_per_side, argument="points_per_side", least=8, most=_MOST_POINTS)
    grid = (1.0 - np.cos(np.pi * np.arange(points_per_side) / (points_per_side - 1))) / 2.0
    grid[-1] = 1.0
    return grid


def stations(points_per_side: int = POINTS_PER_SIDE) -> Float64[np.ndarray, " p"]:
    """Return x of a section on the cosine grid in Selig order, shape (2 m - 1,)."""
    grid = cosine_grid(points_per_side)
    return np.concatenate([grid[::-1], grid[1:]])


def join_sides(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Join ordinates of two sides on the cosine grid, shape (..., m), leading edge first.

    Returns:
        Sections in Selig order, shape (..., 2 m - 1, 2).
    """
    y = np.concatenate([upper[..., ::-1], lower[..., 1:]], axis=-1)
    return np.stack([np.broadcast_to(stations(upper.shape[-1]), y.shape), y], axis=-1)


def split_sides(sections: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ordinates of both sides, the inverse of :func:`join_sides`."""
    y = sections[..., 1]
    nose = y.shape[-1] // 2
    return y[..., nose::-1], y[..., nose:]


def to_selig_order(coordinates: npt.ArrayLike) -> Points:
    """Put points in Selig order: upper trailing edge, leading edge, lower trailing edge.

    Understands Selig order, the same in reverse, Lednicer order (upper side from the leading
    edge, then lower side from the leading edge) and a closed loop that starts at the leading
    edge. The sign of the enclosed area, sum(x_i y_i+1 - x_i+1 y_i) / 2, tells the direction.
    Repeated points, and points on the base of a blunt trailing edge, are dropped. A side that
    stops short of the other by more than 1 % of the chord is continued in a straight line.

    Args:
        coordinates: shape (p, 2), any unit of length, x growing towards the trailing edge.

    Returns:
        Shape (q, 2) with q <= p.

    Raises:
        ArgumentError: not (p, 2), not finite, fewer than 7 different points, or no such order.

    >>> section = [(0, 0), (.2, .1), (.6, .1), (1, 0), (0, 0), (.1, -.05), (.6, -.05), (1, 0)]
    >>> to_selig_order(section)[:, 0]
    array([1. , 0.6, 0.2, 0. , 0.1, 0.6, 1. ])
    """
    points = _without_repeats(as_points(coordinates))
    along = points[:, 0] - points[:, 0].min()
    along = along / along.max()
    if along[0] < 0.5:
        points = _from_leading_edge(points, along=along)
    points = _with_equal_sides(_without_base(points))
    if len(points) < _FEWEST_POINTS:
        raise ArgumentError(
            f"coordinates must have at least {_FEWEST_POINTS} different points, not {len(points)}"
        )
    return points if _signed_area(points) >= 0.0 else points[::-1].copy()


def normalise(coordinates: npt.ArrayLike) -> Points:
    """Move a section so that its chord runs from (0, 0) to (1, 0).

    The trailing edge is the middle of the first and the last point; the leading edge is the
    point of the spline through the points that is farthest from it. Shift, rotation and scale
    only: no point is added, moved against the others, or dropped. A section that has a point at
    (0, 0), its trailing edge at (1, 0) and nothing in front of the nose is left as it is.

    Args:
        coordinates: shape (p, 2), in Selig order (see ``to_selig_order``), any unit of length.

    Returns:
        Shape (p, 2), in chords.

    Raises:
        ArgumentError: not (p, 2), not finite, or fewer than 7 different points.

    >>> tilted = [(2, 0), (1.2, .2), (.4, .3), (0, .2), (.3, 0), (1.2, -.05), (2, 0)]
    >>> section = normalise(tilted)
    >>> bool(np.allclose(section[0], [1, 0])), bool(section[:, 0].min() >= 0)
    (True, True)
    """
    return _place(as_points(coordinates)).points


def resample(
    coordinates: npt.ArrayLike, *, points_per_side: int = POINTS_PER_SIDE, reorder: bool = True
) -> Points:
    """Put a section in normal position, on the cosine grid, by a cubic spline in arc length.

    Row i has x = grid[|m - 1 - i|]: both sides meet in row m - 1, the leading edge (0, 0). A side
    whose last point is not at x = 1 (a trailing edge cut askew) is stretched along x to end there,
    by at most 1 % of the chord.

    Args:
        coordinates: shape (p, 2), any unit of length.
        points_per_side: m, at least 8.
        reorder: bring the points to Selig order first. With False they are taken to be in it, so
            that a section whose sides have changed places keeps its negative thickness.

    Returns:
        Shape (2 m - 1, 2), in chords, Selig order.

    Raises:
        ArgumentError: not (p, 2), not finite, fewer than 7 different points, or no such order.

    >>> x = cosine_grid(40)
    >>> y = 0.1 * np.sqrt(x) * (1 - x)
    >>> section = np.concatenate([np.c_[x, y][::-1], np.c_[x, -y][1:]])
    >>> resample(section).shape, resample(section)[63].tolist()
    ((127, 2), [0.0, 0.0])
    """
    check_flag(reorder, argument="reorder")
    grid = cosine_grid(points_per_side)
    points = to_selig_order(coordinates) if reorder else _with_equal_sides(as_points(coordinates))
    placed = _place(points)
    ends = placed.spline.x[[0, -1]]
    return join_sides(*(_ordinates(placed, grid=grid, end=float(end)) for end in ends))


@dataclass(frozen=True)
class _Placed:
    """Hold a section in normal position, its spline, and the spline's parameter at the nose."""

    points: np.ndarray
    spline: CubicSpline
    nose: float


def as_points(coordinates: npt.ArrayLike) -> Points:
    """Check that coordinates are finite and (p, 2) with p >= 7; float64, possibly not a copy."""
    points = real_array(coordinates, name="coordinates", shape="(n_points, 2)")
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < _FEWEST_POINTS:
        raise ArgumentError(
            f"coordinates must have shape (n_points, 2) with at least {_FEWEST_POINTS} points, "
            f"one row per point, not shape {points.shape}"
        )
    bad = ~np.isfinite(points).all(axis=1)
    if bad.any():
        raise ArgumentError(
            f"coordinates must be finite; {bad.sum()} of {len(points)} points are not, "
            f"the first is row {int(np.argmax(bad))}"
        )
    return points


def _without_repeats(points: Points) -> OtherPoints:
    """Drop each point that repeats the one before it."""
    size = np.ptp(points, axis=0).max()
    if size == 0.0:
        raise ArgumentError("coordinates must not all be the same point")
    steps = np.abs(np.diff(points, axis=0)).max(axis=1)
    distinct: np.ndarray = points[np.concatenate([[True], steps > _SAME_POINT * size])]
    return distinct


def _from_leading_edge(points: Points, *, along: Float64[np.ndarray, " p"]) -> OtherPoints:
    """Return Selig order, up to direction, of points that start at the leading edge."""
    jumps = np.flatnonzero(np.diff(along) < -0.5)  # from the end of a side to the leading edge
    if len(jumps) == 1:
        split = int(jumps[0]) + 1
        return _without_repeats(np.concatenate([points[:split][::-1], points[split:]]))
    closed = np.abs(points[0] - points[-1]).max() <= 1e-3 * np.ptp(points[:, 0])
    if len(jumps) == 0 and closed:
        start = int(np.argmax(along))
        return _without_repeats(np.concatenate([points[start:], points[: start + 1]]))
    raise ArgumentError(
        "coordinates start at the leading edge, but are neither in Lednicer order (upper side, "
        "then lower side, both from the leading edge) nor a closed loop; list them from the "
        "upper trailing edge round the leading edge to the lower trailing edge"
    )


def _without_base(points: Points) -> OtherPoints:
    """Drop points on the base of a blunt trailing edge, which belong to neither side."""
    near_end = points[:, 0] > points[:, 0].max() - _SAME_POINT * np.ptp(points[:, 0])
    start, stop = 0, len(points)
    while start + 1 < stop and near_end[start] and near_end[start + 1]:
        start += 1
    while stop - 2 > start and near_end[stop - 1] and near_end[stop - 2]:
        stop -= 1
    return points[start:stop]


def _with_equal_sides(points: Points) -> OtherPoints:
    """Continue a side that stops short of the other in a straight line to the other's end."""
    first, last = points[0, 0], points[-1, 0]
    if abs(first - last) <= _ASKEW * np.ptp(points[:, 0]):
        return points
    if first > last:
        return np.concatenate([points, points[:1]])
    return np.concatenate([points[-1:], points])


def _signed_area(points: Points) -> float:
    """Return the area of the polygon, positive if the points run counter-clockwise."""
    x, y = points.T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2.0)


def _place(points: Points) -> _Placed:
    """Find the leading edge on the spline, then shift, rotate and scale."""
    from scipy.interpolate import CubicSpline

    distinct = _without_repeats(points)
    if len(distinct) < _FEWEST_POINTS:
        raise ArgumentError(
            f"coordinates must have at least {_FEWEST_POINTS} different points, not {len(distinct)}"
        )
    tail = (points[0] + points[-1]) / 2.0
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(distinct, axis=0).T))])
    chord, slack = tail[0], _ON_CHORD * abs(tail[0])  # so that the unit makes no difference
    at_nose = np.abs(distinct).max(axis=1) <= slack
    if at_nose.any() and abs(tail[1]) <= slack and distinct[:, 0].min() >= -slack and chord > 0:
        spline = CubicSpline(length / chord, distinct / chord)
        return _Placed(points=points / chord, spline=spline, nose=float(spline.x[at_nose][0]))
    spline = CubicSpline(length, distinct)
    nose = _farthest(spline, tail=tail)
    edge = spline(nose)
    along, across = (tail - edge) / np.sum((tail - edge) ** 2)
    turn = np.array([[along, -across], [across, along]])
    spline = CubicSpline(length, (distinct - edge) @ turn)
    return _Placed(points=(points - edge) @ turn, spline=spline, nose=nose)


def _farthest(spline: CubicSpline, *, tail: Float64[np.ndarray, " xy"]) -> float:
    """Return the parameter of the spline's farthest point from the trailing edge."""
    knots = spline.x
    away = np.sum((spline(knots) - tail) ** 2, axis=1)
    peak = int(np.clip(np.argmax(away), 1, len(knots) - 2))
    fine = np.linspace(knots[peak - 1], knots[peak + 1], 65)
    best = int(np.clip(np.argmax(np.sum((spline(fine) - tail) ** 2, axis=1)), 1, 63))
    low, high = fine[best - 1], fine[best + 1]
    where = float(fine[best])
    for _ in range(8):  # Newton on the derivative of the squared distance
        offset, slope, bend = spline(where) - tail, spline(where, 1), spline(where, 2)
        curvature = slope @ slope + offset @ bend
        if curvature >= 0.0:  # not a maximum here: the sampled point has to do
            break
        where = float(np.clip(where - (offset @ slope) / curvature, low, high))
    return where


def _ordinates(placed: _Placed, *, grid: Stations, end: float) -> Stations:
    """Return the ordinates at the stations of the side between nose and parameter ``end``."""
    spline, nose = placed.spline, placed.nose
    # Quadratic spacing from the nose, where x grows as the square of the arc length.
    dense = nose + (end - nose) * np.linspace(0.0, 1.0, 1025) ** 2
    x = np.maximum.accumulate(spline(dense)[:, 0])
    target = grid * spline(end)[0]
    where = np.interp(target, x, dense)
    low, high = sorted((nose, float(end)))
    for _ in range(4):
        miss, slope = spline(where)[:, 0] - target, spline(where, 1)[:, 0]
        safe = np.abs(slope) > 1e-6
        step = np.where(safe, miss / np.where(safe, slope, 1.0), 0.0)
        tried = np.clip(where - step, low, high)
        where = np.where(np.abs(spline(tried)[:, 0] - target) < np.abs(miss), tried, where)
    ordinates: np.ndarray = spline(where)[:, 1]
    ordinates[0] = 0.0
    return ordinates
