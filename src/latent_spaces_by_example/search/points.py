"""Points that come from somebody else's optimiser: checked, and none of them twice."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.hypercube import EDGE, CubeHistory

SAME = 1e-7  # u comes back from w to about 1e-12, with room to spare
_ROUNDING = 1e-12


def checked_points(points: Any, *, dims: int, who: str) -> Float64[np.ndarray, "n dims"]:
    """The points as one float64 array inside the hypercube.

    Args:
        points: one point, or n points, as arrays or anything that NumPy makes an array of; a point
            may also be an object that holds it as ``value``.
        dims: dimension of the hypercube.
        who: what made them, for messages.

    Raises:
        ArgumentError: not numbers, of another dimension, not finite, or outside [0, 1].
    """
    rows = [points] if hasattr(points, "value") else points
    try:
        array = np.asarray([getattr(row, "value", row) for row in rows], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"{who} returned {points!r:.60}; expected points of {dims} numbers in [0, 1]"
        ) from error
    if array.ndim == 1 and len(array):
        array = array.reshape(-1, 1) if dims == 1 else array[None]
    if array.ndim != 2 or array.shape[1] != dims or not len(array):
        raise ArgumentError(
            f"{who} returned an array of shape {array.shape}; expected (n, {dims}) with n >= 1, "
            f"or ({dims},) for one point"
        )
    if not np.isfinite(array).all():
        raise ArgumentError(f"{who} returned points that are not finite")
    low, high = float(array.min()), float(array.max())
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise ArgumentError(
            f"{who} returned coordinates from {low:.6g} to {high:.6g}; expected all in [0, 1]: "
            "give the optimiser these bounds when it is made, or scale what it asks for"
        )
    return np.clip(array, EDGE, 1 - EDGE)


def index_of(u: Float64[np.ndarray, " dims"], *, among: Float64[np.ndarray, "n dims"]) -> int:
    """The row of ``among`` that is the point u; -1 where there is none."""
    if not len(among):
        return -1
    distance = np.abs(among - u).max(axis=1)
    nearest = int(distance.argmin())
    return nearest if distance[nearest] < SAME else -1


def without_repeats(
    points: Float64[np.ndarray, "m dims"],
    *,
    n: int,
    trials: CubeHistory,
    rng: np.random.Generator,
) -> Float64[np.ndarray, "n dims"]:
    """The first n points, uniform ones in place of what is missing, known or pending.

    A generator and an objective that repeat themselves teach nothing when asked the same again.
    """
    new: list[Float64[np.ndarray, " dims"]] = []
    for point in points[:n]:
        clipped = np.clip(point, EDGE, 1 - EDGE)
        known = np.concatenate([trials.u, np.reshape(new, (-1, trials.dims))])
        repeated = index_of(clipped, among=known) >= 0
        new.append(rng.random(trials.dims) if repeated else clipped)
    new += [rng.random(trials.dims) for _ in range(n - len(new))]
    return np.stack(new)
