"""Latents that are uniform on a sphere."""

from __future__ import annotations

from math import prod
from typing import final

import numpy as np
from jaxtyping import Float64
from scipy.special import betainc, betaincinv, gammainc, gammaincc, gammainccinv, gammaincinv

from latent_spaces_by_example.arguments import ArrayLike, check_flag, checked_number
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps.host import (
    FARTHEST_NORM,
    Flat,
    HostTransportMap,
    Inner,
)
from latent_spaces_by_example.transport_maps.layout import sizes_of

_LARGEST_RADIUS = 1e300
# Below this, float64 cannot tell a probability from zero.
_LEAST_PROBABILITY = 1e-300
# The point opposite the pole is kept so far away, as a share of the radius, and stays finite.
_NEAREST_TO_OPPOSITE = 2.0**-60


@final
class SphereTransportMap(HostTransportMap):
    """The map for latents that are uniform on a sphere: the norm of z is the radius.

    T(radius (cos psi, sin psi n)) = r n in R^(D - 1): measured from the pole, the first axis, the
    direction n stays, and the angle psi is carried to the norm r by P(angle <= psi) =
    P(chi_{D - 1} <= r). One inner dimension less than the latent has numbers, so that nothing is
    lost: one to one, but for the point opposite the pole, which has probability 0. Dividing a
    Gaussian by its norm would give the same law and no inverse. Tensors and JAX arrays are mapped
    by NumPy on the host, without a gradient.

    Args:
        radius: of the sphere, positive; sqrt(D) for latents that replace Gaussian ones.
        per_vector: every vector along the last axis is on a sphere of its own (directions in
            space: latents of shape (m, 3)); otherwise a whole latent is one point on one sphere.

    Raises:
        ArgumentError: the radius is not a positive number. ``forward`` also raises it for latents
            off the sphere by more than rounding, and for those, in many dimensions, so near to
            the pole or the point opposite that a draw there has a probability below 1e-300.

    Source: Bodin et al. 2024 (arXiv 2408.08558), for combining on the sphere by a map.

    Example:
        >>> import numpy as np
        >>> transport_map = SphereTransportMap(2.0)
        >>> inner = transport_map.forward(np.array([[0.0, 0.0, 2.0]]))
        >>> inner.round(3)
        array([[0.   , 1.177]])
        >>> transport_map.inverse(inner, latent_shape=(3,)).round(12)
        array([[0., 0., 2.]])
    """

    def __init__(self, radius: ArrayLike = 1.0, *, per_vector: bool = False) -> None:
        """Check the radius; the class says what the arguments are."""
        self._radius = checked_number(
            radius, argument="radius", low=0.0, high=_LARGEST_RADIUS, above=True
        )
        check_flag(per_vector, argument="per_vector")
        self._per_vector = per_vector

    def __repr__(self) -> str:
        """Return the call that makes one."""
        return f"SphereTransportMap({self._radius!r}, per_vector={self._per_vector!r})"

    def num_inner_dims(self, latent_shape: tuple[int, ...]) -> int:
        """Return the number of elements of a latent, less one for each sphere.

        Raises:
            ArgumentError: a sphere would have fewer than 2 numbers.
        """
        latent_shape = sizes_of(latent_shape)
        num_dims = self._num_dims(latent_shape)
        if num_dims < 2:
            raise ArgumentError(
                f"latents have shape {latent_shape}, {num_dims} number to a sphere; expected at "
                "least 2"
            )
        return (prod(latent_shape) // num_dims) * (num_dims - 1)

    def _num_dims(self, latent_shape: tuple[int, ...]) -> int:
        """Return D, the number of elements of one point on a sphere."""
        return latent_shape[-1] if self._per_vector and latent_shape else prod(latent_shape)

    def _inner_of(self, z: Flat, latent_shape: tuple[int, ...], *, eps: float) -> Inner:
        num_dims = self._num_dims(latent_shape)
        points = z.reshape(len(z), z.shape[1] // num_dims, num_dims)
        points = self._checked(points, slack=8.0 * eps * np.sqrt(num_dims))
        along, across = points[..., 0], np.linalg.norm(points[..., 1:], axis=-1)
        exponent = (num_dims - 1) / 2.0
        near = along >= 0.0
        # the angle from the nearer of the pole and the point opposite
        reach = np.where(near, across, np.maximum(across, _NEAREST_TO_OPPOSITE))
        share = np.sin(np.arctan2(reach, np.abs(along)) / 2.0) ** 2
        probability = betainc(exponent, exponent, share)
        _check_probable(probability, share, points=points)
        squares = np.where(
            near,
            gammaincinv(exponent, np.where(near, probability, 0.5)),
            gammainccinv(exponent, np.where(near, 0.5, probability)),
        )
        direction = points[..., 1:] / np.where(across > 0.0, across, 1.0)[..., None]
        direction[..., 0] = np.where(across > 0.0, direction[..., 0], 1.0)
        inner = np.sqrt(2.0 * squares)[..., None] * direction
        return inner.reshape(len(z), points.shape[1] * (num_dims - 1))

    def _latents_of(self, inner: Inner, latent_shape: tuple[int, ...], *, eps: float) -> Flat:
        num_dims = self._num_dims(latent_shape)
        g = inner.reshape(len(inner), inner.shape[1] // (num_dims - 1), num_dims - 1)
        g = np.clip(g, -FARTHEST_NORM, FARTHEST_NORM)
        norm = np.linalg.norm(g, axis=-1)
        exponent = (num_dims - 1) / 2.0
        half_squares = norm**2 / 2.0
        below, above = gammainc(exponent, half_squares), gammaincc(exponent, half_squares)
        near = below <= above
        share = betaincinv(exponent, exponent, np.where(near, below, above))
        along = np.where(near, 1.0, -1.0) * (1.0 - 2.0 * share)
        across = 2.0 * np.sqrt(share * (1.0 - share))
        direction = g / np.where(norm > 0.0, norm, 1.0)[..., None]
        points = np.concatenate([along[..., None], across[..., None] * direction], axis=-1)
        return self._radius * points.reshape(len(inner), prod(latent_shape))

    def _checked(
        self, points: Float64[np.ndarray, "n m D"], *, slack: float
    ) -> Float64[np.ndarray, "n m D"]:
        """Return the points scaled to the unit sphere."""
        unit: Float64[np.ndarray, "n m D"] = points / self._radius
        norms = np.linalg.norm(unit, axis=-1)
        off = ~(np.abs(norms - 1.0) <= slack)
        if off.any():
            row, place = (int(i) for i in np.argwhere(off)[0])
            which = f", vector {place}" if self._per_vector else ""
            raise ArgumentError(
                f"z holds {int(off.sum())} points off the sphere, the first of norm "
                f"{norms[row, place] * self._radius:.8g} in latent {row}{which}; expected norm "
                f"{self._radius:g}"
            )
        return unit


def _check_probable(
    probability: Float64[np.ndarray, "n m"],
    share: Float64[np.ndarray, "n m"],
    *,
    points: Float64[np.ndarray, "n m D"],
) -> None:
    lost = (probability < _LEAST_PROBABILITY) & (share > 0.0)
    if lost.any():
        row, place = (int(i) for i in np.argwhere(lost)[0])
        raise ArgumentError(
            f"z holds {int(lost.sum())} points that lie almost wholly along the first axis, the "
            f"first in latent {row}, vector {place}, with {points[row, place, 0]:.6g} of its norm "
            f"in element 0 of {points.shape[2]}: a draw of this law is there with a probability "
            "below 1e-300; expected draws of the law"
        )
