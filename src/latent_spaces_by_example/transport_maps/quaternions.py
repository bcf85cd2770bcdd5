"""Rotations as unit quaternions (w, x, y, z) and as matrices, many at a time, in float64."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError


def checked_quaternions(
    q: Float64[np.ndarray, "n m 4"], *, slack: float, name: str
) -> Float64[np.ndarray, "n m 4"]:
    """Return quaternions as they came, all of norm 1 within ``slack``.

    Raises:
        ArgumentError: one is not; with its place and norm.
    """
    norms = np.linalg.norm(q, axis=-1)
    off = ~(np.abs(norms - 1.0) <= slack)
    if off.any():
        row, place = (int(i) for i in np.argwhere(off)[0])
        raise ArgumentError(
            f"{name} holds {int(off.sum())} quaternions that are not of unit norm, the first of "
            f"norm {norms[row, place]:.8g} in latent {row}, rotation {place}; expected unit "
            "quaternions: divide each by its norm"
        )
    return q


def quaternions_of(
    matrices: Float64[np.ndarray, "n m 3 3"], *, slack: float, name: str
) -> Float64[np.ndarray, "n m 4"]:
    """Return the unit quaternions of rotation matrices.

    The row of 4 q q^T with the largest diagonal element, normalised.

    Raises:
        ArgumentError: a matrix is not orthogonal within ``slack``, or is a reflection.
    """
    product = np.swapaxes(matrices, -1, -2) @ matrices
    errors = np.abs(product - np.eye(3)).max(axis=(-2, -1))
    reflected = np.linalg.det(np.where(np.isfinite(matrices), matrices, 0.0)) < 0.0
    off = ~(errors <= slack) | reflected
    if off.any():
        row, place = (int(i) for i in np.argwhere(off)[0])
        what = "is a reflection (determinant -1)"
        if not errors[row, place] <= slack:
            what = f"is not orthogonal (R^T R differs from 1 by {errors[row, place]:.3g})"
        raise ArgumentError(
            f"{name} holds {int(off.sum())} matrices that are no rotations; the first, in latent "
            f"{row}, rotation {place}, {what}; expected R^T R = 1 and determinant 1"
        )
    outer = _outer_products(matrices)
    largest = np.argmax(np.diagonal(outer, axis1=-2, axis2=-1), axis=-1)
    q = np.take_along_axis(outer, largest[..., None, None], axis=-2)[..., 0, :]
    unit: Float64[np.ndarray, "n m 4"] = q / np.linalg.norm(q, axis=-1, keepdims=True)
    return unit


def matrices_of(q: Float64[np.ndarray, "n m 4"]) -> Float64[np.ndarray, "n m 3 3"]:
    """Return the rotation matrices of unit quaternions: v -> q v q*."""
    w, x, y, z = np.moveaxis(q, -1, 0)
    rows = [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
        [2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)],
        [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def multiplied(
    p: Float64[np.ndarray, "... 4"], q: Float64[np.ndarray, "... 4"]
) -> Float64[np.ndarray, "... 4"]:
    """Return the quaternions p q: first turned by q, then by p."""
    a, u = p[..., :1], p[..., 1:]
    b, v = q[..., :1], q[..., 1:]
    scalar = a * b - (u * v).sum(axis=-1, keepdims=True)
    vector = a * v + b * u + np.cross(u, v)
    return np.concatenate([scalar, vector], axis=-1)


def conjugated(q: Float64[np.ndarray, "... 4"]) -> Float64[np.ndarray, "... 4"]:
    """Return the turns back, q*."""
    back: Float64[np.ndarray, "... 4"] = q * np.array([1.0, -1.0, -1.0, -1.0])
    return back


def canonical(q: Float64[np.ndarray, "... 4"]) -> Float64[np.ndarray, "... 4"]:
    """Return q or -q, the same rotation, whichever has a scalar part that is not negative."""
    chosen: Float64[np.ndarray, "... 4"] = np.where(q[..., :1] < 0.0, -q, q)
    return chosen


def _outer_products(matrices: Float64[np.ndarray, "n m 3 3"]) -> Float64[np.ndarray, "n m 4 4"]:
    """Return 4 q q^T, whose elements are sums of the matrix's."""
    r = matrices
    trace = np.trace(r, axis1=-2, axis2=-1)
    outer = np.empty((*r.shape[:-2], 4, 4))
    outer[..., 0, 0] = 1.0 + trace
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        outer[..., i + 1, i + 1] = 1.0 + 2.0 * r[..., i, i] - trace
        outer[..., 0, i + 1] = outer[..., i + 1, 0] = r[..., k, j] - r[..., j, k]
        mixed = r[..., i, j] + r[..., j, i]
        outer[..., i + 1, j + 1] = outer[..., j + 1, i + 1] = mixed
    return outer
