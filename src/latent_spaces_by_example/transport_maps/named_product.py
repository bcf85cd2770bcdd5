"""Latents that are a dictionary of named arrays, each with a law of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps.base import TransportMap
from latent_spaces_by_example.transport_maps.layout import LatentShape


@final
class NamedProductTransportMap(TransportMap):
    """The map for latents made of independent named parts: z is a dictionary of arrays.

    T(z) = (T_a(z_a), T_b(z_b), ...), in the order of the sorted names. All parts of a latent have
    one dtype, array library and device. Tensors and JAX arrays are mapped by NumPy on the host,
    with no gradient.

    Args:
        maps: part's name -> the transport map of its law.

    Raises:
        ArgumentError: the dictionary is empty, or a value is no transport map. ``forward`` raises
            it, with the part's name, for latents whose parts are others than these, do not fit
            together, hold NaN, or leave the part's law.

    Source: Bodin et al. 2024 (arXiv 2408.08558): a product of laws is mapped part by part.

    Example:
        >>> import numpy as np
        >>> from latent_spaces_by_example.transport_maps import GaussianTransportMap
        >>> from latent_spaces_by_example.transport_maps import RotationTransportMap
        >>> transport_map = NamedProductTransportMap(
        ...     {"move": GaussianTransportMap(scale=10.0), "turn": RotationTransportMap()}
        ... )
        >>> z = {"move": np.zeros((2, 5, 3)), "turn": np.ones((2, 5, 4)) / 2.0}
        >>> inner = transport_map.forward(z)
        >>> inner.shape
        (2, 30)
        >>> back = transport_map.inverse(inner, latent_shape={"move": (5, 3), "turn": (5, 4)})
        >>> back["turn"].shape
        (2, 5, 4)
    """

    takes_parts: ClassVar[bool] = True

    def __init__(self, maps: Any) -> None:
        """Check the maps; the class says what they are."""
        if not isinstance(maps, Mapping) or not maps:
            raise ArgumentError(
                f"maps is {maps!r:.60}; expected a dictionary with at least one part, such as "
                '{"noise": IdentityTransportMap()}'
            )
        for part, transport_map in maps.items():
            if not isinstance(part, str) or not isinstance(transport_map, TransportMap):
                raise ArgumentError(
                    f"maps[{part!r}] is {transport_map!r:.60}; expected a name that is text, and "
                    "a TransportMap"
                )
        self._maps: dict[str, TransportMap] = dict(maps)

    def __repr__(self) -> str:
        """Return the call that makes one."""
        return f"NamedProductTransportMap({self._maps!r})"

    def num_inner_dims(self, latent_shape: LatentShape) -> int:
        """Return the sum of the parts' inner dimensions.

        Raises:
            ArgumentError: the latents are one array or have other parts, or a part has a shape
                that its law has not.
        """
        return sum(width for _, _, _, width in self._runs(latent_shape))

    def _to_inner(self, z: Float[Any, "n D"], latent_shape: LatentShape) -> Float[Any, "n d"]:
        library = library_of(z)
        rows = library.on_host(z)
        images = [np.empty((len(rows), 0), rows.dtype)]
        start = 0
        for part, transport_map, shape, _ in self._runs(latent_shape):
            stop = start + prod(shape)
            with _naming(part):
                run = rows[:, start:stop].reshape(len(rows), *shape)
                images.append(transport_map.forward(run))
            start = stop
        return library.from_host(np.concatenate(images, axis=1), like=z)

    def _to_latent(self, inner: Float[Any, "n d"], latent_shape: LatentShape) -> Float[Any, "n D"]:
        library = library_of(inner)
        rows = library.on_host(inner)
        latents = [np.empty((len(rows), 0), rows.dtype)]
        start = 0
        for part, transport_map, shape, width in self._runs(latent_shape):
            with _naming(part):
                run = rows[:, start : start + width]
                z = transport_map.inverse(run, latent_shape=shape)
            latents.append(z.reshape(len(rows), prod(shape)))
            start += width
        return library.from_host(np.concatenate(latents, axis=1), like=inner)

    def _runs(
        self, latent_shape: LatentShape
    ) -> list[tuple[str, TransportMap, tuple[int, ...], int]]:
        """Name, map, shape and inner dimension of each part, in the order of a packed latent."""
        if not isinstance(latent_shape, Mapping):
            raise ArgumentError(
                f"latents are one array of shape {latent_shape}, but this law is of a dictionary "
                f"with the parts {', '.join(map(repr, self._maps))}"
            )
        if set(latent_shape) != set(self._maps):
            raise ArgumentError(
                f"latents have the parts {', '.join(map(repr, latent_shape))}, but this law is of "
                f"{', '.join(map(repr, self._maps))}; expected the same names"
            )
        runs = []
        for part in sorted(self._maps):
            # a part may be a single number, a map's latents have at least one axis
            shape = tuple(latent_shape[part]) or (1,)
            with _naming(part):
                width = self._maps[part].num_inner_dims(shape)
            runs.append((part, self._maps[part], shape, width))
        return runs


@contextmanager
def _naming(part: str) -> Iterator[None]:
    """Say in which part it was that a law refused its latents."""
    try:
        yield
    except ArgumentError as error:
        raise ArgumentError(f"part {part!r}: {error}") from error
