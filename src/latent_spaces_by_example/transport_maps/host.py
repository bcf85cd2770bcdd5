"""Transport maps that NumPy computes, in float64, whatever the latents' array library and dtype."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, final

import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.transport_maps.base import TransportMap

#: Flattened latents, and inner latents, n of each.
Flat = Float64[np.ndarray, "n D"]
Inner = Float64[np.ndarray, "n d"]
#: Where a map depends on an inner norm, components are cut here, since their squares overflow.
FARTHEST_NORM = 1e100


class HostTransportMap(TransportMap):
    """A transport map written in NumPy: tensors and JAX arrays go to the host and come back.

    No gradient flows through it. It is written by giving ``num_inner_dims``, ``_inner_of`` and
    ``_latents_of``, which work in float64 and are told the rounding of the latents' own dtype.
    """

    @final
    def _to_inner(self, z: Float[Any, "n D"], latent_shape: tuple[int, ...]) -> Float[Any, "n d"]:
        library = library_of(z)
        wide = library.on_host(z).astype(np.float64)
        inner = self._inner_of(wide, latent_shape, eps=library.eps(z))
        return library.from_host(inner, like=z)

    @final
    def _to_latent(
        self, inner: Float[Any, "n d"], latent_shape: tuple[int, ...]
    ) -> Float[Any, "n D"]:
        library = library_of(inner)
        on_host = library.on_host(inner)
        z = self._latents_of(on_host.astype(np.float64), latent_shape, eps=library.eps(inner))
        # a heavy tail may reach beyond what the dtype can hold
        limit = float(np.finfo(on_host.dtype).max)
        return library.from_host(np.clip(z, -limit, limit), like=inner)

    @abstractmethod
    def _inner_of(self, z: Flat, latent_shape: tuple[int, ...], *, eps: float) -> Inner:
        """Map flattened latents, known to within ``eps`` relative, to inner latents.

        Raises:
            ArgumentError: a latent is outside the support of the law by more than rounding.
        """

    @abstractmethod
    def _latents_of(self, inner: Inner, latent_shape: tuple[int, ...], *, eps: float) -> Flat:
        """Map inner latents, known to within ``eps`` relative, to flattened latents."""
