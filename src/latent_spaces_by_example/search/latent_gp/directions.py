"""Weights as unit vectors: coordinates in which an inner product is a cosine of inner latents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Float64
from scipy.linalg import solve, solve_triangular

Points: TypeAlias = Float64[np.ndarray, "n r"]
Point: TypeAlias = Float64[np.ndarray, " r"]
Values: TypeAlias = Float64[np.ndarray, " n"]

# A resumed study adds cosines up in other blocks, and climbs enlarge the last digits.
DECIMALS = 12
_TINY = 1e-12
# A Cholesky factor with a smaller diagonal would blow rounding up in the way back to weights.
_WELL_CONDITIONED = 1e-3
_RANK_TOLERANCE = 1e-8
# A direction along which the squares of the points add up to less than this is none of theirs.
_UNSEEN = 1e-8


@dataclass(frozen=True)
class Directions:
    """An orthonormal frame of the seed latents' span: seed k has coordinates ``factor[k]``.

    ``factor @ factor.T`` is the seed latents' correlation C, so that weights w are the vector
    ``w @ factor`` of length sqrt(w.C.w). The latent dimension itself never enters.

    Attributes:
        factor: shape (K, r), r <= K the rank of C.
        back: ``v @ back`` are weights of the vector v, shape (r, K).
    """

    factor: Float64[np.ndarray, "K r"]
    back: Float64[np.ndarray, "r K"]

    @classmethod
    def from_correlation(cls, correlation: Float64[np.ndarray, "K K"]) -> Directions:
        """Factor C: by Cholesky, or by eigenvectors where seed latents (nearly) coincide."""
        size = len(correlation)
        try:
            factor = np.linalg.cholesky(correlation)
            if np.diag(factor).min(initial=1.0) > _WELL_CONDITIONED:
                return cls(factor, solve_triangular(factor, np.eye(size), lower=True))
        except np.linalg.LinAlgError:
            pass
        values, vectors = np.linalg.eigh(correlation)
        kept = values > _RANK_TOLERANCE * values[-1]
        vectors, roots = vectors[:, kept], np.sqrt(values[kept])
        return cls(vectors * roots, (vectors / roots).T)

    @property
    def rank(self) -> int:
        """Dimension r of the span."""
        return int(self.factor.shape[1])

    def from_weights(self, weights: Float64[np.ndarray, "n K"]) -> Points:
        """Return unit vectors of weights; zero where weights cancel to nothing."""
        vectors = weights @ self.factor[: weights.shape[1]]
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.where(lengths > _TINY, vectors / np.maximum(lengths, _TINY), 0.0)

    def to_weights(self, directions: Points) -> Float64[np.ndarray, "n K"]:
        """Return weights of unit Euclidean norm whose inner latents have these directions."""
        weights = directions @ self.back
        unit: Float64[np.ndarray, "n K"] = weights / np.linalg.norm(weights, axis=1, keepdims=True)
        return unit


def on_sphere(vectors: Points) -> Points:
    """Scale rows to unit length."""
    unit: Points = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _TINY)
    return unit


def outside(vector: Point, points: Points) -> Point:
    """Return the part of a vector outside the span of the points, nearly nothing if they span all.

    It solves (P^T P + eps I) x = eps v, whose solution keeps what is orthogonal to all rows of P
    and shrinks the rest to nothing, also where rows of P nearly coincide.
    """
    gram = points.T @ points
    gram[np.diag_indices(len(gram))] += _UNSEEN
    left: Point = solve(gram, _UNSEEN * vector, assume_a="pos")
    return left
