"""Rotations as unit quaternions (w, x, y, z) and as matrices, many at a time, in float64."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import Rotation

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
    scalar_last = Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_quat()
    return np.roll(scalar_last, 1, axis=-1).reshape(*matrices.shape[:-2], 4)


def matrices_of(q: Float64[np.ndarray, "n m 4"]) -> Float64[np.ndarray, "n m 3 3"]:
    """Return the rotation matrices of unit quaternions: v -> q v q*."""
    matrices = Rotation.from_quat(np.roll(q.reshape(-1, 4), -1, axis=-1)).as_matrix()
    return matrices.reshape(*q.shape[:-1], 3, 3)


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
