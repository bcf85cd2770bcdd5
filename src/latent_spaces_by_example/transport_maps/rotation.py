"""Latents that are rotations, uniform or isotropic Gaussian on SO(3)."""

from __future__ import annotations

from math import prod
from typing import final

import numpy as np
from jaxtyping import Bool, Float64
from scipy.spatial.transform import Rotation

from latent_spaces_by_example.arguments import ArrayLike, check_flag, checked_number
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps.base import finite_parameter
from latent_spaces_by_example.transport_maps.host import (
    FARTHEST_NORM,
    Flat,
    HostTransportMap,
    Inner,
)
from latent_spaces_by_example.transport_maps.layout import sizes_of
from latent_spaces_by_example.transport_maps.rotation_angle import RotationAngle

_SHAPES = {"quaternion": (4,), "matrix": (3, 3)}
# How far from unit norm, in ulps, an element of a product of a few rotations may be.
_ULPS = 32.0


@final
class RotationTransportMap(HostTransportMap):
    """The map for latents that are independent rotations, uniform or isotropic Gaussian on SO(3).

    T(mean exp(theta n)) = r n in R^3: the axis n stays, and the angle theta is carried to the norm
    r by P(angle <= theta) = P(chi_3 <= r). Three inner Gaussians a rotation, one to one and
    smooth in both directions, except that a rotation by exactly half a turn, which has
    probability 0, is that about n and about -n; it gets the norm that the rounding of pi
    stands for. The isotropic Gaussian is the heat kernel at time sigma^2: for small sigma
    the rotation vector theta n is N(0, sigma^2 I). (Where the law is written with
    exp(-l (l + 1) epsilon^2), sigma is sqrt(2) epsilon.) Tensors and JAX arrays are mapped by
    NumPy on the host, without a gradient.

    Args:
        sigma: standard deviation of the isotropic Gaussian in radians, in [1e-6, 100]; None
            for uniform rotations.
        representation: ``"quaternion"``: latents of shape (..., 4), unit quaternions, where q
            and -q are the same rotation and that with a scalar part of at least 0 comes back;
            or ``"matrix"``: (..., 3, 3).
        mean: the rotation around which the law is centred, in that representation; by default
            the identity. Of a uniform law it is the reference from which angles are counted.
        scalar_last: quaternions are (x, y, z, w), as SciPy's are, and not (w, x, y, z).

    Raises:
        ArgumentError: a parameter is not as above. ``forward`` also raises it for quaternions
            that are not of unit norm, matrices that are no rotations, and rotations further
            than 36 sigma from the mean.

    Source: Nikolayev and Savyolov, "Normal distribution on the rotation group SO(3)", Textures
    and Microstructures 29 (1997), for the law.

    Example:
        >>> import numpy as np
        >>> transport_map = RotationTransportMap(representation="matrix")
        >>> quarter_turn = np.array([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]])
        >>> inner = transport_map.forward(quarter_turn)
        >>> inner.round(3)
        array([[0.   , 0.   , 0.964]])
        >>> bool(np.allclose(transport_map.inverse(inner, latent_shape=(3, 3)), quarter_turn))
        True
    """

    def __init__(
        self,
        sigma: ArrayLike | None = None,
        *,
        representation: str = "quaternion",
        mean: ArrayLike | None = None,
        scalar_last: bool = False,
    ) -> None:
        """Check the law's parameters; the class says what they are."""
        if not isinstance(representation, str) or representation not in _SHAPES:
            raise ArgumentError(
                f"representation is {representation!r:.60}; expected 'quaternion' or 'matrix'"
            )
        check_flag(scalar_last, argument="scalar_last")
        if sigma is not None:
            sigma = checked_number(sigma, argument="sigma", low=1e-6, high=100.0)
        self._angle = RotationAngle(sigma)
        self._representation = representation
        self._scalar_last = scalar_last
        self._mean: Rotation | None = None
        if mean is not None:
            rotation = finite_parameter(mean, name="mean")
            if rotation.shape != _SHAPES[representation]:
                raise ArgumentError(
                    f"mean has shape {rotation.shape}; expected one rotation of shape "
                    f"{_SHAPES[representation]}"
                )
            self._mean = self._read(rotation[None, None], slack=1e-6, name="mean")[0]

    def __repr__(self) -> str:
        """Say which law it is, and how rotations are written."""
        law = "uniform" if self._angle.sigma is None else f"sigma={self._angle.sigma!r}"
        centred = "" if self._mean is None else ", with a mean of its own"
        return f"RotationTransportMap({law}, representation={self._representation!r}{centred})"

    def num_inner_dims(self, latent_shape: tuple[int, ...]) -> int:
        """Return three for each rotation of a latent.

        Raises:
            ArgumentError: the latents' last axes are not those of a rotation.
        """
        latent_shape = sizes_of(latent_shape)
        expected = _SHAPES[self._representation]
        if tuple(latent_shape[-len(expected) :]) != expected:
            raise ArgumentError(
                f"latents have shape {latent_shape}; expected (..., "
                f"{', '.join(map(str, expected))}) for rotations as a {self._representation}"
            )
        return 3 * (prod(latent_shape) // prod(expected))

    def _inner_of(self, z: Flat, latent_shape: tuple[int, ...], *, eps: float) -> Inner:
        shape = _SHAPES[self._representation]
        num_rotations = prod(latent_shape) // prod(shape)
        written = z.reshape(len(z), num_rotations, *shape)
        rotations = self._read(written, slack=_ULPS * eps, name="z")
        if self._mean is not None:
            rotations = self._mean.inv() * rotations
        q = rotations.as_quat(canonical=True).reshape(len(z), num_rotations, 4)
        sine, cosine = np.linalg.norm(q[..., :3], axis=-1), q[..., 3]
        theta = 2.0 * np.arctan2(sine, cosine)
        self._check_near(theta, slack=_ULPS * eps)
        norm = self._angle.norm_of(theta.ravel(), 2.0 * np.arctan2(cosine, sine).ravel())
        axis = q[..., :3] / np.where(sine > 0.0, sine, 1.0)[..., None]
        return (norm.reshape(theta.shape)[..., None] * axis).reshape(len(z), 3 * num_rotations)

    def _latents_of(self, inner: Inner, latent_shape: tuple[int, ...], *, eps: float) -> Flat:
        g = np.clip(inner.reshape(-1, 3), -FARTHEST_NORM, FARTHEST_NORM)
        norm = np.linalg.norm(g, axis=1)
        theta, rest = self._angle.angle_of(norm)
        axis = g / np.where(norm > 0.0, norm, 1.0)[:, None]
        # the cosine of theta / 2, by the angle that is small where it is small
        cosine = np.where(theta < rest, np.cos(theta / 2.0), np.sin(rest / 2.0))
        q = np.concatenate([np.sin(theta / 2.0)[:, None] * axis, cosine[:, None]], axis=1)
        rotations = Rotation.from_quat(q)
        if self._mean is not None:
            rotations = self._mean * rotations
        return self._written(rotations).reshape(len(inner), prod(latent_shape))

    def _read(
        self, written: Float64[np.ndarray, "n m ..."], *, slack: float, name: str
    ) -> Rotation:
        """Return the n m rotations; refuse what is none within ``slack``."""
        if self._representation == "matrix":
            _check_orthogonal(written, slack=slack, name=name)
            return Rotation.from_matrix(written.reshape(-1, 3, 3))
        norms = np.linalg.norm(written, axis=-1)
        off = ~(np.abs(norms - 1.0) <= slack)
        if off.any():
            row, place = _first(off)
            raise ArgumentError(
                f"{name} holds {int(off.sum())} quaternions that are not of unit norm, the first "
                f"of norm {norms[row, place]:.8g} in latent {row}, rotation {place}; expected unit "
                "quaternions: divide each by its norm"
            )
        q = written.reshape(-1, 4)
        return Rotation.from_quat(q if self._scalar_last else np.roll(q, -1, axis=-1))

    def _written(self, rotations: Rotation) -> Float64[np.ndarray, "nm ..."]:
        if self._representation == "matrix":
            return rotations.as_matrix()
        q = rotations.as_quat(canonical=True)
        return q if self._scalar_last else np.roll(q, 1, axis=-1)

    def _check_near(self, theta: Float64[np.ndarray, "n m"], *, slack: float) -> None:
        far = theta > self._angle.farthest + slack
        if far.any():
            row, place = _first(far)
            raise ArgumentError(
                f"z holds {int(far.sum())} rotations outside this law, the first by "
                f"{theta[row, place]:.4g} radians from its mean in latent {row}, rotation {place}, "
                f"which is {theta[row, place] / (self._angle.sigma or 1.0):.3g} sigma; expected "
                f"at most {self._angle.farthest:.4g} radians: check sigma and the mean"
            )


def _check_orthogonal(matrices: Float64[np.ndarray, "n m 3 3"], *, slack: float, name: str) -> None:
    product = np.swapaxes(matrices, -1, -2) @ matrices
    errors = np.abs(product - np.eye(3)).max(axis=(-2, -1))
    reflected = np.linalg.det(np.where(np.isfinite(matrices), matrices, 0.0)) < 0.0
    off = ~(errors <= slack) | reflected
    if off.any():
        row, place = _first(off)
        what = "is a reflection (determinant -1)"
        if not errors[row, place] <= slack:
            what = f"is not orthogonal (R^T R differs from 1 by {errors[row, place]:.3g})"
        raise ArgumentError(
            f"{name} holds {int(off.sum())} matrices that are no rotations; the first, in latent "
            f"{row}, rotation {place}, {what}; expected R^T R = 1 and determinant 1"
        )


def _first(places: Bool[np.ndarray, "n m"]) -> tuple[int, int]:
    row, place = np.argwhere(places)[0]
    return int(row), int(place)
