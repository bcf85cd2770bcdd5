"""Latents made of independent pieces, each with a law of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any, final

import numpy as np
from jaxtyping import Float

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps.base import TransportMap
from latent_spaces_by_example.transport_maps.layout import LatentShape, sizes_of

#: The name of a piece (None if it has none), its map, and the shape of a latent of it.
Piece = tuple[str | None, TransportMap, tuple[int, ...]]


class PiecewiseTransportMap(TransportMap):
    """A transport map that gives consecutive runs of the flattened latent to other maps.

    The pieces are mapped by NumPy on the host, whatever the array library. It is written by giving
    ``_pieces``.
    """

    @abstractmethod
    def _pieces(self, latent_shape: Any) -> Sequence[Piece]:
        """Return the pieces of a latent of that shape, in order.

        Raises:
            ArgumentError: the law has no latents of that shape.
        """

    def num_inner_dims(self, latent_shape: LatentShape) -> int:
        """Return the sum of the pieces' inner dimensions.

        Raises:
            ArgumentError: the pieces do not make up a latent of that shape, or a piece has a shape
                that its law has not.
        """
        total = 0
        for name, piece, shape in self._pieces(latent_shape):
            with _naming(name):
                total += piece.num_inner_dims(shape)
        return total

    @final
    def _to_inner(self, z: Float[Any, "n D"], latent_shape: Any) -> Float[Any, "n d"]:
        library = library_of(z)
        rows, start = library.on_host(z), 0
        images = [np.empty((len(rows), 0), rows.dtype)]
        for name, piece, shape in self._pieces(latent_shape):
            run = rows[:, start : start + prod(shape)].reshape(len(rows), *shape)
            with _naming(name):
                images.append(piece.forward(run))
            start += prod(shape)
        return library.from_host(np.concatenate(images, axis=1), like=z)

    @final
    def _to_latent(self, inner: Float[Any, "n d"], latent_shape: Any) -> Float[Any, "n D"]:
        library = library_of(inner)
        rows, start = library.on_host(inner), 0
        latents = [np.empty((len(rows), 0), rows.dtype)]
        for name, piece, shape in self._pieces(latent_shape):
            width = piece.num_inner_dims(shape)
            with _naming(name):
                z = piece.inverse(rows[:, start : start + width], latent_shape=shape)
            latents.append(z.reshape(len(rows), prod(shape)))
            start += width
        return library.from_host(np.concatenate(latents, axis=1), like=inner)


@final
class ProductTransportMap(PiecewiseTransportMap):
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
        self._given: list[tuple[tuple[int, ...], TransportMap]] = [
            ((int(shape),) if isinstance(shape, (int, np.integer)) else tuple(shape), piece)
            for shape, piece in pieces
        ]

    def __repr__(self) -> str:
        """Return the call that makes one."""
        return f"ProductTransportMap({self._given!r})"

    def _pieces(self, latent_shape: Any) -> Sequence[Piece]:
        total = sum(prod(shape) for shape, _ in self._given)
        num_dims = prod(sizes_of(latent_shape))
        if num_dims != total:
            raise ArgumentError(
                f"latents have shape {latent_shape}, {num_dims} numbers, but the pieces "
                f"of this law have {total} in all"
            )
        return [(None, piece, shape) for shape, piece in self._given]


def _is_piece(value: Any) -> bool:
    if not isinstance(value, tuple) or len(value) != 2 or not isinstance(value[1], TransportMap):
        return False
    sizes = value[0] if isinstance(value[0], tuple) else (value[0],)
    return all(
        isinstance(size, (int, np.integer)) and not isinstance(size, bool) and size >= 1
        for size in sizes
    )


@contextmanager
def _naming(piece: str | None) -> Iterator[None]:
    """Name the piece whose law refused its latents, if it has a name."""
    try:
        yield
    except ArgumentError as error:
        if piece is None:
            raise
        raise ArgumentError(f"part {piece!r}: {error}") from error
