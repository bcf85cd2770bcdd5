"""The law that needs no map: independent standard Gaussians."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar, final

from jaxtyping import Float

from latent_spaces_by_example.transport_maps.base import TransportMap
from latent_spaces_by_example.transport_maps.layout import LatentShape, layout_of


@final
class IdentityTransportMap(TransportMap):
    """The map for latents that are independent standard Gaussians: T(z) = z, flattened.

    Example:
        >>> import numpy as np
        >>> transport_map = IdentityTransportMap()
        >>> inner = transport_map.forward(np.zeros((2, 4, 8, 8)))
        >>> inner.shape
        (2, 256)
        >>> transport_map.inverse(inner, latent_shape=(4, 8, 8)).shape
        (2, 4, 8, 8)
    """

    takes_parts: ClassVar[bool] = True

    def __repr__(self) -> str:
        """Return the call that makes one."""
        return "IdentityTransportMap()"

    def num_inner_dims(self, latent_shape: LatentShape) -> int:
        """Return the number of elements of a latent: any shape will do, and any parts."""
        return prod(layout_of(latent_shape).packed_shape)

    def _to_inner(self, z: Float[Any, "n D"], latent_shape: LatentShape) -> Float[Any, "n D"]:
        return z

    def _to_latent(self, inner: Float[Any, "n d"], latent_shape: LatentShape) -> Float[Any, "n d"]:
        return inner
