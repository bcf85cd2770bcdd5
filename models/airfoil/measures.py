"""What is measured of sections: validity, roughness, and four figures that describe a shape."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.stats import kstest

from latent_spaces_by_example.generators.airfoil.representation import chord_grid, sides

EDGE_POINTS = 4  # second differences this near an edge see its curvature, not roughness
FINE = np.linspace(0.0, np.pi, 1001)


def crosses_itself(section: np.ndarray) -> bool:
    """True if any two segments of the contour that are not neighbours cross.

    Segment against segment by the signs of four areas, all pairs; nothing is assumed about x.
    """
    p, q = section[:-1], section[1:]

    def side(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        ab, ac = b - a, c - a
        return np.sign(ab[..., 0] * ac[..., 1] - ab[..., 1] * ac[..., 0])

    p1, q1, p2, q2 = p[:, None], q[:, None], p[None], q[None]
    meet = (side(p1, q1, p2) * side(p1, q1, q2) < 0) & (side(p2, q2, p1) * side(p2, q2, q1) < 0)
    return bool(np.triu(meet, k=2).any())


def problems(section: np.ndarray) -> list[str]:
    """Everything that makes a section invalid; empty if it is valid."""
    if not np.isfinite(section).all():
        return ["not finite"]
    found = []
    upper, lower = (side[0] for side in sides(section[None]))
    if abs(upper[0]) > 0.0 or np.abs(section[[0, -1], 0] - 1.0).max() > 0.0:
        found.append("does not run from (1, .) through (0, 0) to (1, .)")
    if (upper - lower)[-1] > 0.06 or (upper - lower)[-1] < 0.0:
        found.append("not closed: trailing edge blunter than 6 % chord, or crossed")
    if ((upper - lower)[1:-1] <= 0.0).any():
        found.append("thickness not positive inside")
    if crosses_itself(section):
        found.append("crosses itself")
    return found


def roughness(sections: np.ndarray) -> np.ndarray:
    """Largest |y_(i-1) - 2 y_i + y_(i+1)| on the cosine grid, four points off either edge.

    Both sides; a factor of x is not divided out, since the grid is uniform in arccos(1 - 2 x).
    """
    inner = slice(EDGE_POINTS, -EDGE_POINTS)
    return np.max(
        [np.abs(np.diff(y, 2, axis=1))[:, inner].max(axis=1) for y in sides(sections)], axis=0
    )


def shape_figures(sections: np.ndarray) -> dict[str, np.ndarray]:
    """Maximum thickness, its position, camber and leading-edge radius, in chords.

    Thickness and camber (largest |ordinate| of the line half way between the sides) on a cubic
    spline through the 64 stations; radius R from t(x)^2 = 8 R x, median over stations 1 to 4.
    """
    upper, lower = sides(sections)
    angle = np.linspace(0.0, np.pi, upper.shape[1])
    thickness = CubicSpline(angle, (upper - lower).T)(FINE)
    camber = CubicSpline(angle, 0.5 * (upper + lower).T)(FINE)
    near_nose = slice(1, 5)
    return {
        "maximum thickness": thickness.max(axis=0),
        "position of maximum thickness": 0.5 * (1.0 - np.cos(FINE[thickness.argmax(axis=0)])),
        "camber": np.abs(camber).max(axis=0),
        "leading-edge radius": np.median(
            (upper - lower)[:, near_nose] ** 2 / (8.0 * chord_grid()[near_nose]), axis=1
        ),
    }


def rms_distance(sections: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Root mean square difference of ordinates, pair by pair, in chords."""
    return np.sqrt(np.mean((sections[:, :, 1] - others[:, :, 1]) ** 2, axis=1))


def passes_kolmogorov_smirnov(z: np.ndarray, level: float = 0.01) -> np.ndarray:
    """For each latent, whether its d numbers pass for draws from N(0, 1) at ``level``."""
    return np.array([kstest(row, "norm").pvalue > level for row in z])
