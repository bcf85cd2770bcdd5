"""Latents made of independent pieces, each with a law of its own."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, final

import numpy as np
from jaxtyping import Float

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps.base import TransportMap
from latent_spaces_by_example.transport_maps.layout import sizes_of


@final
class ProductTransportMap(TransportMap):
    """The map for latents whose pieces are independent, each with its own map.

    T(z) = (T_1(z_1), T_2(z_2), ...), where z_1, z_2, ... are consecutive runs of the flattened
    latent. Tensors and JAX arrays are mapped by NumPy on the host, with no gradient.

    Args:
        pieces: (number of elements, map) of each run, in order; the map sees the run as a flat
            latent of that many elements. Or (shape, map), and it sees a latent of that shape.

    Raises:
        ArgumentError: there is no piece, or one has less than one element or no transport map.

    See :class:`NamedProductTransportMap` for latents that are a dictionary of arrays.

    Example:
        >>> import numpy as np
        >>> from latent_spaces_by_example.transport_maps import IdentityTransportMap
        >>> from latent_spaces_by_example.transport_maps import UniformTransportMap
        >>> transport_map = ProductTransportMap(
        ...     [(2, IdentityTransportMap()), (1, UniformTransportMap())]
        ... )
        >>> transport_map.forward(np.array([[1.0, -2.0, 0.5]]))
        array([[ 1., -2.,  0.]])
    """

    def __init__(self, pieces: Any) -> None:
        """Check the pieces; the class says what they are."""
        if not isinstance(pieces, Sequence) or not pieces:
            raise ArgumentError(
                f"pieces is {pieces!r:.60}; expected a list of at least one (number of elements, "
                "map)"
            )
        for piece in pieces:
            if not _is_piece(piece):
                raise ArgumentError(
                    f"pieces holds {piece!r:.60}; expected (number of elements, map), or (shape, "
                    "map): sizes of at least 1, and a TransportMap"
                )
        self._pieces: tuple[tuple[tuple[int, ...], TransportMap], ...] = tuple(
            ((int(shape),) if isinstance(shape, (int, np.integer)) else tuple(shape), piece)
            for shape, piece in pieces
        )

    def __repr__(self) -> str:
        """Return the call that makes one."""
        return f"ProductTransportMap({list(self._pieces)!r})"

    def num_inner_dims(self, latent_shape: tuple[int, ...]) -> int:
        """Return the sum of the pieces' inner dimensions.

        Raises:
            ArgumentError: the pieces do not add up to a latent of that shape.
        """
        total = sum(prod(shape) for shape, _ in self._pieces)
        num_dims = prod(sizes_of(latent_shape))
        if num_dims != total:
            raise ArgumentError(
                f"latents have shape {latent_shape}, {num_dims} numbers, but the pieces "
                f"of this law have {total} in all"
            )
        return sum(piece.num_inner_dims(shape) for shape, piece in self._pieces)

    def _to_inner(self, z: Float[Any, "n D"], latent_shape: tuple[int, ...]) -> Float[Any, "n d"]:
        library = library_of(z)
        return library.from_host(self._pieces_to_inner(library.on_host(z), latent_shape), like=z)

    def _to_latent(
        self, inner: Float[Any, "n d"], latent_shape: tuple[int, ...]
    ) -> Float[Any, "n D"]:
        library = library_of(inner)
        z = self._pieces_to_latent(library.on_host(inner), latent_shape)
        return library.from_host(z, like=inner)

    def _pieces_to_inner(
        self, z: Float[np.ndarray, "n D"], latent_shape: tuple[int, ...]
    ) -> Float[np.ndarray, "n d"]:
        inner: Float[np.ndarray, "n d"] = np.empty(
            (len(z), self.num_inner_dims(latent_shape)), z.dtype
        )
        source = target = 0
        for shape, piece in self._pieces:
            size, width = prod(shape), piece.num_inner_dims(shape)
            part = z[:, source : source + size].reshape(len(z), *shape)
            inner[:, target : target + width] = piece.forward(part)
            source, target = source + size, target + width
        return inner

    def _pieces_to_latent(
        self, inner: Float[np.ndarray, "n d"], latent_shape: tuple[int, ...]
    ) -> Float[np.ndarray, "n D"]:
        z: Float[np.ndarray, "n D"] = np.empty((len(inner), prod(latent_shape)), inner.dtype)
        source = target = 0
        for shape, piece in self._pieces:
            size, width = prod(shape), piece.num_inner_dims(shape)
            part = piece.inverse(inner[:, source : source + width], latent_shape=shape)
            z[:, target : target + size] = part.reshape(len(z), size)
            source, target = source + width, target + size
        return z


def _is_piece(value: Any) -> bool:
    if not isinstance(value, tuple) or len(value) != 2 or not isinstance(value[1], TransportMap):
        return False
    sizes = value[0] if isinstance(value[0], tuple) else (value[0],)
    return all(
        isinstance(size, (int, np.integer)) and not isinstance(size, bool) and size >= 1
        for size in sizes
    )
