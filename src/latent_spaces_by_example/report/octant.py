"""The space between three seed latents, an eighth of a sphere, as a picture of equal areas."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

_CENTRE = np.ones(3) / np.sqrt(3)
_ACROSS = np.array([0.0, -1.0, 1.0]) / np.sqrt(2)
_UP = np.array([2.0, -1.0, -1.0]) / np.sqrt(6)


def to_plane(weights: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 2"]:
    """Project weights by Lambert's azimuthal projection about equal weights, the first seed on top.

    (x, y) = sqrt(2 / (1 + c.w)) (a.w, b.w), with c the centre and a, b the axes of the picture:
    equal areas of it are equal areas of the sphere, which is how the prior is spread over it.

    Args:
        weights: of unit norm, shape (n, 3).

    References:
        Snyder, "Map projections: a working manual", USGS Professional Paper 1395, chapter 24.

    Example:
        >>> to_plane(np.eye(3))[0].round(3).tolist()
        [0.0, 0.919]
    """
    stretch = np.sqrt(2 / (1 + weights @ _CENTRE))
    return np.stack([stretch * (weights @ _ACROSS), stretch * (weights @ _UP)], axis=1)


def from_plane(places: Float64[np.ndarray, "n 2"]) -> Float64[np.ndarray, "n 3"]:
    """Return the weights at places of the picture, at most 2 from its middle: undo ``to_plane``."""
    squared = (places**2).sum(axis=1)
    off_centre = np.outer(places[:, 0], _ACROSS) + np.outer(places[:, 1], _UP)
    return np.outer(1 - squared / 2, _CENTRE) + np.sqrt(1 - squared / 4)[:, None] * off_centre


def edges(points: int = 25) -> Float64[np.ndarray, "n 2"]:
    """Return the outline of the picture: three quarter circles, each between two seed latents."""
    angles = np.linspace(0, np.pi / 2, points)[:-1]
    arcs = []
    for first, second in ((0, 1), (1, 2), (2, 0)):
        arc = np.zeros((len(angles), 3))
        arc[:, first], arc[:, second] = np.cos(angles), np.sin(angles)
        arcs.append(arc)
    return to_plane(np.concatenate(arcs))
