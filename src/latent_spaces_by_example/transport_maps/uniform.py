"""Latents that are independent and uniform on an interval."""

from __future__ import annotations

from math import prod
from typing import final

import numpy as np
from scipy.special import ndtr, ndtri

from latent_spaces_by_example.arguments import ArrayLike, checked_number
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps.host import Flat, HostTransportMap, Inner
from latent_spaces_by_example.transport_maps.layout import sizes_of

_FINEST, _FARTHEST = 2.0**-52, 1e300


@final
class UniformTransportMap(HostTransportMap):
    """The map for latents that are independent and uniform on [low, high], element by element.

    T(z) = Phi^-1((z - low) / (high - low)), and T^-1(inner) = low + (high - low) Phi(inner).

    A sampler of finite precision does draw the ends, which Phi^-1 would send to infinity. Here
    an end stands for what rounds to it, T(low) = Phi^-1(resolution / 4) = -T(high), and comes
    back as exactly that end. Tensors and JAX arrays are mapped by NumPy on the host, without a
    gradient.

    Args:
        low: the lower end.
        high: the upper end, more than ``low``.
        resolution: spacing of the values that the sampler can draw, as a share of the interval:
            2^-24 for float32 draws; by default 2^-52, that of float64 ones.

    Raises:
        ArgumentError: an end is not a finite number, ``high`` is not above ``low``, or the
            resolution is not between 2^-52 and 1/2. ``forward`` also raises it for latents
            outside [low, high] by more than rounding.

    Source: Bodin et al. 2024 (arXiv 2408.08558), the element-wise map.

    Example:
        >>> import numpy as np
        >>> transport_map = UniformTransportMap(-1.0, 1.0)
        >>> inner = transport_map.forward(np.array([[-1.0, 0.0, 1.0]]))
        >>> inner.round(2)
        array([[-8.29,  0.  ,  8.29]])
        >>> transport_map.inverse(inner)
        array([[-1.,  0.,  1.]])
    """

    def __init__(
        self, low: ArrayLike = 0.0, high: ArrayLike = 1.0, *, resolution: ArrayLike = _FINEST
    ) -> None:
        """Check the ends; the class says what they are."""
        self._low = checked_number(low, argument="low", low=-_FARTHEST, high=_FARTHEST)
        self._high = checked_number(
            high, argument="high", low=self._low, high=_FARTHEST, above=True
        )
        self._resolution = checked_number(resolution, argument="resolution", low=_FINEST, high=0.5)

    def __repr__(self) -> str:
        """Return the call that makes one."""
        ends = f"{self._low!r}, {self._high!r}"
        return f"UniformTransportMap({ends}, resolution={self._resolution!r})"

    def num_inner_dims(self, latent_shape: tuple[int, ...]) -> int:
        """Return the number of elements of a latent: any shape will do."""
        return prod(sizes_of(latent_shape))

    def _inner_of(self, z: Flat, latent_shape: tuple[int, ...], *, eps: float) -> Flat:
        width = self._high - self._low
        share = (z - self._low) / width
        slack = 8.0 * eps * max(1.0, max(abs(self._low), abs(self._high)) / width)
        outside = ~((share >= -slack) & (share <= 1.0 + slack))
        if outside.any():
            row, column = (int(i) for i in np.argwhere(outside)[0])
            raise ArgumentError(
                f"z holds {int(outside.sum())} values outside [{self._low:g}, {self._high:g}], the "
                f"first ({z[row, column]:g}) in latent {row} at element {column}; expected latents "
                "of this uniform law"
            )
        # by the nearer end: 1 - share is exact above one half, and 1 - end would round to 1
        below = ndtri(np.clip(np.minimum(share, 1.0 - share), self._resolution / 4.0, 0.5))
        return np.where(share > 0.5, -below, below)

    def _latents_of(self, inner: Inner, latent_shape: tuple[int, ...], *, eps: float) -> Inner:
        # an inner latent of few digits can miss that of an end by rounding, so compare with slack
        end = -float(ndtri(self._resolution / 4.0)) * (1.0 - 4.0 * eps)
        share = ndtr(inner)
        # in this form both ends come out exactly, which low + (high - low) * share does not do
        z: Inner = self._low * (1.0 - share) + self._high * share
        z[inner <= -end] = self._low
        z[inner >= end] = self._high
        return z
