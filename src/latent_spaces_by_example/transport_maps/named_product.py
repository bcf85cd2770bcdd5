"""Latents that are a dictionary of named arrays, each with a law of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps.base import TransportMap
from latent_spaces_by_example.transport_maps.product import Piece, PiecewiseTransportMap


@final
class NamedProductTransportMap(PiecewiseTransportMap):
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

    def _pieces(self, latent_shape: Any) -> Sequence[Piece]:
        names = ", ".join(map(repr, self._maps))
        if not isinstance(latent_shape, Mapping):
            raise ArgumentError(
                f"latents are one array of shape {latent_shape}, but this law is of a dictionary "
                f"with the parts {names}"
            )
        if set(latent_shape) != set(self._maps):
            raise ArgumentError(
                f"latents have the parts {', '.join(map(repr, latent_shape))}, but this law is of "
                f"{names}; expected the same names"
            )
        # a part may be a single number, but a map's latents have at least one axis
        return [
            (part, self._maps[part], tuple(latent_shape[part]) or (1,))
            for part in sorted(self._maps)
        ]
