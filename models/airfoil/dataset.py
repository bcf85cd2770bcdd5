"""The real sections that AeroSandbox carries, on the model's grid, and why some are left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import aerosandbox
import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize_scalar

from latent_spaces_by_example.generators.airfoil.representation import (
    chord_grid,
    contour,
)

DATABASE = Path(aerosandbox.__file__).parent / "geometry" / "airfoil" / "airfoil_database"
HELD_OUT_SEED = 20240811


class UnusableError(Exception):
    """This file's section cannot be used; the message says why."""


@dataclass(frozen=True)
class Sections:
    """Sections on the grid, shape (n, 127, 2), their names, and what was left out and why."""

    coordinates: np.ndarray
    names: list[str]
    left_out: dict[str, str]


def read_points(path: Path) -> np.ndarray:
    """All coordinate pairs of a Selig file; its first line is a title."""
    points = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[1:]:
        words = line.replace(",", " ").split()
        try:
            points.append([float(word) for word in words])
        except ValueError:
            continue
    pairs = np.array([p for p in points if len(p) == 2])
    if len(pairs) < 20:
        raise UnusableError(f"only {len(pairs)} points")
    moved = np.linalg.norm(np.diff(pairs, axis=0), axis=1) > 1e-7
    return pairs[np.r_[True, moved]]


def to_unit_chord(points: np.ndarray) -> tuple[CubicSpline, float, float]:
    """A spline of the contour in arc length with its chord on (0, 0) to (1, 0).

    The leading edge is the point of the spline that is farthest from the middle of the trailing
    edge, so no point lies left of it. Returns the spline, the leading edge's and the last
    point's parameter.
    """
    trailing = 0.5 * (points[0] + points[-1])
    arc = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    spline = CubicSpline(arc, points)
    nearest = int(np.linalg.norm(points - trailing, axis=1).argmax())
    if not 5 <= nearest <= len(points) - 6:
        raise UnusableError("no leading edge between the ends")
    found = minimize_scalar(
        lambda s: -float(np.sum((spline(s) - trailing) ** 2)),
        bounds=(arc[nearest - 1], arc[nearest + 1]),
        method="bounded",
        options={"xatol": 1e-12},
    )
    leading = spline(found.x)
    chord = trailing - leading
    length = np.hypot(*chord)
    rotation = np.array([[chord[0], chord[1]], [-chord[1], chord[0]]]) / length
    placed = CubicSpline(arc / length, (points - leading) @ rotation.T / length)
    return placed, found.x / length, arc[-1] / length


def ordinates(spline: CubicSpline, *, start: float, end: float) -> np.ndarray:
    """Ordinates of one side on the grid; the side is stretched to end at exactly x = 1."""
    fine = start + (end - start) * np.linspace(0.0, 1.0, 4001) ** 2
    x = spline(fine)[:, 0]
    if (np.diff(x) < -1e-6).any():
        raise UnusableError("a side that turns back in x")
    if abs(x[-1] - 1.0) > 0.02:
        raise UnusableError("a trailing edge cut obliquely by more than 2 % of the chord")
    grid = chord_grid()
    parameter = np.interp(grid * x[-1], np.maximum.accumulate(x), fine)
    for _ in range(4):  # Newton steps, since np.interp is only of second order
        slope = spline(parameter, 1)[:, 0]
        step = (spline(parameter)[:, 0] - grid * x[-1]) / np.where(
            np.abs(slope) < 1e-3, np.inf, slope
        )
        step[[0, -1]] = 0.0
        parameter = np.clip(parameter - step, min(start, end), max(start, end))
    y = spline(parameter)[:, 1]
    y[0] = 0.0
    return y


def resample(points: np.ndarray) -> np.ndarray:
    """One section on the grid, shape (127, 2)."""
    spline, leading, last = to_unit_chord(points)
    upper = ordinates(spline, start=leading, end=0.0)
    lower = ordinates(spline, start=leading, end=last)
    if np.mean(upper - lower) <= 0.0:
        raise UnusableError("the contour does not start on the upper side")
    if ((upper - lower)[1:-1] <= 0.0).any():
        raise UnusableError("sides that touch or cross")
    if (upper - lower).max() > 0.45:
        raise UnusableError("thicker than 45 % of the chord")
    if upper[-1] - lower[-1] > 0.05:
        raise UnusableError("a trailing edge blunter than 5 % of the chord")
    return contour(upper[None], lower[None])[0]


def load_sections() -> Sections:
    """Every usable section of the database in the order of names, duplicates left out."""
    kept: dict[str, np.ndarray] = {}
    left_out: dict[str, str] = {}
    for path in sorted(DATABASE.glob("*.dat")):
        try:
            section = resample(read_points(path))
        except UnusableError as reason:
            left_out[path.stem] = str(reason)
            continue
        if kept:
            others = np.stack(list(kept.values()))[:, :, 1]
            error = np.sqrt(np.mean((others - section[:, 1]) ** 2, axis=1))
            if error.min() < 1e-5:
                left_out[path.stem] = f"the same as {list(kept)[int(error.argmin())]}"
                continue
        kept[path.stem] = section
    return Sections(np.stack(list(kept.values())), list(kept), left_out)


def split(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices to train on, to choose settings by (a twentieth), and held out (a tenth)."""
    order = np.random.default_rng(HELD_OUT_SEED).permutation(count)
    held_out, validation = round(count / 10), round(count / 20)
    return (
        np.sort(order[held_out + validation :]),
        np.sort(order[held_out : held_out + validation]),
        np.sort(order[:held_out]),
    )
