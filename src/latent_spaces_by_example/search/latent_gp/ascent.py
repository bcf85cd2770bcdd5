"""Climbing an acquisition function from many starts at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.latent_gp.directions import Directions, on_sphere

# unit vectors (n, r) -> value (n,) and gradient (n, r)
Acquisition: TypeAlias = Callable[
    [Float64[np.ndarray, "n r"]],
    tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, "n r"]],
]

_FIRST_STEP, _GROW, _SHRINK = 0.3, 1.6, 0.4


def climb_circle(
    acquisition: Acquisition,
    tangents: Float64[np.ndarray, "n r"],
    *,
    centre: Float64[np.ndarray, " r"],
    angle: float,
    iterations: int,
) -> tuple[Float64[np.ndarray, "n r"], Float64[np.ndarray, " n"]]:
    """Gradient ascent over the points at one angle from a centre, x = cos(t) c + sin(t) v.

    Args:
        acquisition: what is climbed.
        tangents: directions v to start in, any length; what is along the centre is dropped.
        centre: unit vector c.
        angle: t in radians.
        iterations: steps of each climb.

    Returns:
        Unit vectors, shape (n, r), and the acquisition there, shape (n,).
    """

    def at(tangents: Float64[np.ndarray, "n r"]) -> Float64[np.ndarray, "n r"]:
        points: Float64[np.ndarray, "n r"] = np.cos(angle) * centre + np.sin(angle) * tangents
        return points

    def retract(vectors: Float64[np.ndarray, "n r"]) -> Float64[np.ndarray, "n r"]:
        return on_sphere(vectors - (vectors @ centre)[:, None] * centre)

    def value(tangents: Float64[np.ndarray, "n r"]) -> tuple[np.ndarray, np.ndarray]:
        values, gradient = acquisition(at(tangents))
        gradient = gradient - (gradient @ centre)[:, None] * centre
        return values, gradient - (gradient * tangents).sum(axis=1, keepdims=True) * tangents

    best, values = _climb(value, retract, retract(tangents), iterations=iterations)
    return at(best), values


def climb_orthant(
    acquisition: Acquisition,
    starts: Float64[np.ndarray, "n K"],
    *,
    directions: Directions,
    iterations: int,
) -> tuple[Float64[np.ndarray, "n K"], Float64[np.ndarray, " n"]]:
    """Projected gradient ascent over non-negative weights of unit norm, faces included."""
    factor = directions.factor[: starts.shape[1]]

    def value(weights: Float64[np.ndarray, "n K"]) -> tuple[np.ndarray, np.ndarray]:
        vectors = weights @ factor
        lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        points = vectors / lengths
        values, gradient = acquisition(points)
        gradient = gradient - (gradient * points).sum(axis=1, keepdims=True) * points
        by_weight = (gradient / lengths) @ factor.T
        by_weight -= (by_weight * weights).sum(axis=1, keepdims=True) * weights
        # a weight that is zero and would become negative stays where it is
        return values, np.where((weights <= 0) & (by_weight < 0), 0.0, by_weight)

    def to_orthant(weights: Float64[np.ndarray, "n K"]) -> Float64[np.ndarray, "n K"]:
        return on_sphere(np.maximum(weights, 0.0))

    return _climb(value, to_orthant, starts, iterations=iterations)


def _climb(
    value: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    retract: Callable[[np.ndarray], np.ndarray],
    starts: Float64[np.ndarray, "n p"],
    *,
    iterations: int,
) -> tuple[Float64[np.ndarray, "n p"], Float64[np.ndarray, " n"]]:
    points = starts
    values, gradients = value(points)
    steps = np.full(len(points), _FIRST_STEP)
    for _ in range(iterations):
        trial = retract(points + steps[:, None] * on_sphere(gradients))
        trial_values, trial_gradients = value(trial)
        better = trial_values > values
        points = np.where(better[:, None], trial, points)
        gradients = np.where(better[:, None], trial_gradients, gradients)
        values = np.where(better, trial_values, values)
        steps *= np.where(better, _GROW, _SHRINK)
    return points, values
