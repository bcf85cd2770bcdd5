"""Spaces that people use in place of a surrogate chart, to compare it with by ``describe``."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.arguments import ArrayLike
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space.seed_array import checked_seed_latents
from latent_spaces_by_example.space.span import SeedSpan
from latent_spaces_by_example.transport_maps import IdentityTransportMap, TransportMap
from latent_spaces_by_example.validity.spaces import Points, Space, root_of


class _SpannedSpace(Space):
    """inner = sum_k c_k(u) T(z_k), by any rule c."""

    #: Coefficients that the others determine.
    _num_determined: ClassVar[int] = 1

    def __init__(
        self, seed_latents: ArrayLike, *, transport_map: TransportMap | None = None
    ) -> None:
        """Check the seed latents, shape (K, *latent_shape), and keep them."""
        seeds = checked_seed_latents(seed_latents)
        self.transport_map = transport_map or IdentityTransportMap()
        self.latent_shape = tuple(seeds.shape[1:])
        self._span = SeedSpan(self.transport_map.forward(seeds))
        self._root = root_of(self._span.gram)
        self.num_coordinates = self._span.num_seeds - self._num_determined

    @abstractmethod
    def _coefficients(self, u: Points) -> Float64[np.ndarray, "n K"]:
        """Return c(u)."""

    def from_u_to_z(self, u: Points) -> Float[Any, "n ..."]:
        """Return the combination, carried back by the transport map."""
        span = self._span
        coefficients = span.library.beside(self._coefficients(u), like=span.rows)
        inner = span.combine(coefficients)
        return self.transport_map.inverse(inner, latent_shape=self.latent_shape)

    def positions(self, u: Points) -> Float64[np.ndarray, "n K"]:
        """Return c(u) R, R R^T the Gram matrix of the seed latents."""
        positions: Float64[np.ndarray, "n K"] = self._coefficients(u) @ self._root
        return positions


@final
class LinearInterpolation(_SpannedSpace):
    """Straight lines: inner = sum_k a_k T(z_k), a uniform over a >= 0, sum a = 1.

    a_k = v_k prod_{j<k} (1 - v_j) with v_k = 1 - (1 - u_k)^(1 / (K - k)).

    >>> import numpy as np
    >>> space = LinearInterpolation(np.eye(3))
    >>> space.from_u_to_z(np.array([[0.0, 0.0], [0.75, 0.5]]))
    array([[0.  , 0.  , 1.  ],
           [0.5 , 0.25, 0.25]])
    """

    name = "linear interpolation"

    def _coefficients(self, u: Points) -> Float64[np.ndarray, "n K"]:
        m = u.shape[1]
        rests = (1.0 - u) ** (1.0 / np.arange(m, 0, -1))
        coefficients = np.ones((len(u), m + 1))
        np.cumprod(rests, axis=1, out=coefficients[:, 1:])
        coefficients[:, :-1] *= 1.0 - rests
        return coefficients


@final
class SphericalInterpolation(_SpannedSpace):
    """Slerp, seed by seed: p_K = T(z_K), p_k = slerp(T(z_k), p_{k+1}, u_k).

    slerp(a, b, t) = (sin((1 - t) theta) a + sin(t theta) b) / sin(theta), theta the angle between.

    For orthogonal seed latents of one norm it is the angular chart. Source of slerp: Shoemake,
    "Animating rotation with quaternion curves", SIGGRAPH 1985.

    >>> import numpy as np
    >>> space = SphericalInterpolation(np.eye(2))
    >>> space.from_u_to_z(np.array([[0.5]])).round(6)
    array([[0.707107, 0.707107]])
    """

    name = "spherical interpolation"

    def _coefficients(self, u: Points) -> Float64[np.ndarray, "n K"]:
        gram, norms = self._span.gram, self._span.norms
        n, m = u.shape
        point = np.zeros((n, m + 1))
        point[:, m] = 1.0
        for k in reversed(range(m)):
            length = np.sqrt(np.einsum("nj,jk,nk->n", point, gram, point))
            cosine = np.clip(point @ gram[:, k] / (length * norms[k]), -1.0, 1.0)
            angle = np.arccos(cosine)
            sine = np.sin(angle)
            if (sine < 1e-6).any():
                raise ArgumentError(
                    f"seed latent {k} and the point between those after it have the same or the "
                    "opposite direction, between which slerp is not defined; leave one out"
                )
            point *= (np.sin(u[:, k] * angle) / sine)[:, None]
            point[:, k] = np.sin((1.0 - u[:, k]) * angle) / sine
        return point


@final
class WeightBox(_SpannedSpace):
    """The cube's own coordinates as weights: inner = sum_k u_k T(z_k), u in [0, 1]^K.

    >>> import numpy as np
    >>> WeightBox(np.eye(2)).from_u_to_z(np.array([[0.25, 0.75]]))
    array([[0.25, 0.75]])
    """

    name = "box of weights"
    _num_determined = 0

    def _coefficients(self, u: Points) -> Float64[np.ndarray, "n K"]:
        return u


@final
class LatentBox(Space):
    """All of the latent's dimensions in a box: inner = b (2 u - 1), u in [0, 1]^d.

    Args:
        latent_shape: the shape of one latent.
        transport_map: the law of the latents; default: independent standard Gaussians.
        bound: b, above 0.

    >>> LatentBox((2,)).from_u_to_z(np.array([[0.5, 1.0]]))
    array([[0., 3.]])
    """

    name = "box of latents"

    def __init__(
        self,
        latent_shape: tuple[int, ...],
        *,
        transport_map: TransportMap | None = None,
        bound: float = 3.0,
    ) -> None:
        self._bound = bound
        self.latent_shape = latent_shape
        self.transport_map = transport_map or IdentityTransportMap()
        self.num_coordinates = self.num_latent_dims

    def from_u_to_z(self, u: Points) -> Float[Any, "n ..."]:
        """Return the box's point, carried back by the transport map."""
        return self.transport_map.inverse(self.positions(u), latent_shape=self.latent_shape)

    def positions(self, u: Points) -> Float64[np.ndarray, "n d"]:
        """Return the inner latents themselves."""
        inner: Float64[np.ndarray, "n d"] = self._bound * (2.0 * u - 1.0)
        return inner
