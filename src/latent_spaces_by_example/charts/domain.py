"""Check the two domains that a chart connects, under one policy about their edges.

Outside the domain is an error; rounding at its edge, a few ulps of the dtype that came in, is not.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.arguments import ArrayLike, check_finite, edge_slack, float_array
from latent_spaces_by_example.errors import ArgumentError, OutsideSpaceError


def cube_coordinates(
    u: ArrayLike, *, num_seeds: int | None = None
) -> Float64[np.ndarray, "n K_minus_1"]:
    """Return ``u`` in float64, checked to lie in the unit hypercube [0, 1]^(K - 1).

    Args:
        u: coordinates, shape (n, K - 1), each in [0, 1].
        num_seeds: K, if it is known.

    Raises:
        ArgumentError: if the shape, the dtype or a value is not as above.
    """
    shape = "(n, K - 1)" if num_seeds is None else f"(n, {num_seeds - 1})"
    array = float_array(u, name="u", shape=shape)
    _check_matrix(array, name="u", shape=shape, width=None if num_seeds is None else num_seeds - 1)
    check_finite(array, name="u")
    slack = edge_slack(array.dtype)
    coordinates = array.astype(np.float64)
    outside = (coordinates < -slack) | (coordinates > 1.0 + slack)
    if outside.any():
        row, column = (int(i) for i in np.argwhere(outside)[0])
        raise ArgumentError(
            f"u[{row}, {column}] = {float(coordinates[row, column])!r} lies outside the unit "
            "hypercube; expected every coordinate in [0, 1]"
        )
    clipped: Float64[np.ndarray, "n K_minus_1"] = np.clip(coordinates, 0.0, 1.0)
    return clipped


def unit_weights(w: ArrayLike, *, num_seeds: int | None = None) -> Float64[np.ndarray, "n K"]:
    """Return ``w`` in float64, checked to lie on the unit sphere; any sign.

    Args:
        w: weights over the seed latents, shape (n, K) with K at least 1, rows of norm 1.
        num_seeds: K, if it is known.

    Raises:
        ArgumentError: if the shape or the dtype is wrong, or a value is not finite.
        OutsideSpaceError: if a row is off the unit sphere by more than rounding.
    """
    shape = "(n, K)" if num_seeds is None else f"(n, {num_seeds})"
    array = float_array(w, name="w", shape=shape)
    _check_matrix(array, name="w", shape=shape, width=num_seeds)
    if array.shape[1] == 0:
        raise ArgumentError(f"w has shape {array.shape}; expected a weight for at least one seed")
    check_finite(array, name="w")
    weights = array.astype(np.float64)
    residual = np.abs(np.linalg.norm(weights, axis=1) - 1.0)
    far = residual > edge_slack(array.dtype, terms=array.shape[1])
    if far.any():
        row = int(np.argmax(far))
        raise OutsideSpaceError(
            f"w[{row}] is off the unit sphere by {residual[row]:.3g}; expected rows of Euclidean "
            "norm 1: divide each row by its norm if its direction is what is meant"
        )
    return weights


def orthant_weights(w: ArrayLike, *, num_seeds: int | None = None) -> Float64[np.ndarray, "n K"]:
    """Return ``w`` in float64, checked to lie on the unit sphere's non-negative orthant.

    Args:
        w: weights over the seed latents, shape (n, K) with K at least 1, rows of norm 1, none
            negative.
        num_seeds: K, if it is known.

    Raises:
        ArgumentError: if the shape or the dtype is wrong, or a value is not finite.
        OutsideSpaceError: if a row is off the unit sphere, or a weight is negative, by more
            than rounding.
    """
    weights = unit_weights(w, num_seeds=num_seeds)
    negative = weights < -edge_slack(np.asarray(w).dtype)
    if negative.any():
        row, column = (int(i) for i in np.argwhere(negative)[0])
        raise OutsideSpaceError(
            f"w[{row}, {column}] = {weights[row, column]:.6g} is negative, so w[{row}] lies "
            "outside the orthant that the cube covers; expected no negative weight. Signed "
            "weights have latents (from_w_to_z) but no coordinates u"
        )
    clipped: Float64[np.ndarray, "n K"] = np.maximum(weights, 0.0)
    return clipped


def _check_matrix(array: np.ndarray, *, name: str, shape: str, width: int | None) -> None:
    if array.ndim != 2 or (width is not None and array.shape[1] != width):
        hint = f"; write {name}[None] for a single point" if array.ndim == 1 else ""
        raise ArgumentError(f"{name} has shape {array.shape}; expected {shape}{hint}")
