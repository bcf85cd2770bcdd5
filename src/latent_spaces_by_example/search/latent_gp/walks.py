"""The two spaces that candidates walk in: every direction, or between the given seed latents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.base import SearchSpace
from latent_spaces_by_example.search.latent_gp.directions import (
    Directions,
    Values,
    on_sphere,
)

Rows: TypeAlias = Float64[np.ndarray, "n q"]
_STEEPEST = 1.2  # radians: a longer step between examples would leave the orthant anyway


@dataclass(frozen=True)
class Anywhere:
    """All directions that the seed latents span; a row is a unit vector in their frame."""

    directions: Directions

    def draws(self, n: int, rng: np.random.Generator) -> Rows:
        """Return n unit vectors."""
        return on_sphere(rng.standard_normal((n, self.directions.rank)))

    def steps(self, centres: Rows, angles: Values, rng: np.random.Generator) -> Rows:
        """Return each centre, turned by its angle."""
        noise = rng.standard_normal(centres.shape)
        tangents = on_sphere(noise - (noise * centres).sum(axis=1, keepdims=True) * centres)
        return np.cos(angles)[:, None] * centres + np.sin(angles)[:, None] * tangents

    def rows(self, weights: Rows) -> Rows:
        """Return the unit vectors at weights."""
        return self.directions.from_weights(weights)

    def weights(self, rows: Rows) -> Rows:
        """Return the weights at unit vectors."""
        return self.directions.to_weights(rows)


@dataclass(frozen=True)
class Between:
    """Non-negative weights over the given seed latents; a row is such weights."""

    directions: Directions
    num_given: int

    def draws(self, n: int, rng: np.random.Generator) -> Rows:
        """Return n rows on the positive orthant of the sphere."""
        return on_sphere(np.abs(rng.standard_normal((n, self.num_given))))

    def steps(self, centres: Rows, angles: Values, rng: np.random.Generator) -> Rows:
        """Return each centre, moved and cut off at weights of zero."""
        noise = on_sphere(rng.standard_normal(centres.shape))
        moved = centres + np.tan(np.minimum(angles, _STEEPEST))[:, None] * noise
        moved = np.maximum(moved, 0.0)
        # all of it pushed out of the orthant: stay
        return on_sphere(np.where(moved.any(axis=1, keepdims=True), moved, centres))

    def rows(self, weights: Rows) -> Rows:
        """Return those weights that are non-negative and of given seed latents alone."""
        inside = (weights >= 0).all(axis=1) & ~weights[:, self.num_given :].any(axis=1)
        return weights[inside, : self.num_given]

    def weights(self, rows: Rows) -> Rows:
        """Return the rows, padded with zeros for the other seed latents."""
        return np.pad(rows, ((0, 0), (0, len(self.directions.factor) - self.num_given)))


Walk: TypeAlias = Anywhere | Between


def walk_in(space: SearchSpace, directions: Directions) -> Walk:
    """Return the walk of a space."""
    if space.within_span:
        return Between(directions, space.num_given)
    return Anywhere(directions)


def log_uniform(bounds: tuple[float, float], n: int, rng: np.random.Generator) -> Values:
    """Return n numbers between positive bounds, their logarithms uniformly distributed."""
    low, high = np.log(bounds)
    return np.exp(rng.uniform(low, high, size=n))
