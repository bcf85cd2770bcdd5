"""Latents whose elements are independent, each of any continuous law."""

from __future__ import annotations

from math import prod
from typing import Any, final

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps.element_law import FARTHEST, ElementLaw, law_of
from latent_spaces_by_example.transport_maps.host import Flat, HostTransportMap, Inner
from latent_spaces_by_example.transport_maps.layout import sizes_of


@final
class ElementwiseTransportMap(HostTransportMap):
    """The map for latents of independent elements with distribution functions F.

    T(z) = Phi^-1(F(z)) and T^-1(g) = F^-1(Phi(g)), each from the nearer tail, so that both tails
    keep their digits. The end of a bounded law, where F is 0 or 1, has the inner value -37.5 or
    37.5 and comes back as that end. Where a sampler does draw the ends of a uniform law,
    :class:`UniformTransportMap` knows better what they stand for. Tensors and JAX arrays are
    mapped by NumPy on the host, without a gradient.

    Args:
        law: of every element: a frozen continuous distribution of ``scipy.stats``, whose
            parameters may be arrays that broadcast to the latents' shape (one law an element, or a
            channel); an :class:`ElementLaw`; or a pair of functions (cdf, ppf). A list of such is
            one law for each index along ``axis``.
        axis: of one latent, 0 being its first; only with a list.

    Raises:
        ArgumentError: the law is none of these; or, on a grid of probabilities, its cdf is not
            monotone or is not inverted by its ppf. ``forward`` also raises it for latents outside
            the support, with the element and its value.

    Source: Bodin et al. 2024 (arXiv 2408.08558), the element-wise map.

    Example:
        >>> import numpy as np
        >>> from scipy import stats
        >>> transport_map = ElementwiseTransportMap(stats.expon(scale=[1.0, 10.0]))
        >>> inner = transport_map.forward(np.array([[np.log(2.0), 100.0]]))
        >>> inner.round(2)
        array([[0.  , 3.91]])
        >>> transport_map.inverse(inner).round(6)
        array([[  0.693147, 100.      ]])
    """

    def __init__(self, law: Any, *, axis: Any = None) -> None:
        """Check the law; the class says what the arguments are."""
        self._said = law
        self._axis: int | None = None
        if not isinstance(law, list):
            if axis is not None:
                raise ArgumentError(f"axis={axis!r} was given with one law; give a list of laws")
            self._laws = [law_of(law, name="law")]
            return
        if not law:
            raise ArgumentError("law is an empty list; expected one law for each index along axis")
        if axis is None:
            axis = 0
        if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
            raise ArgumentError(f"axis={axis!r}; expected a whole number, an axis of one latent")
        self._axis = int(axis)
        self._laws = [law_of(one, name=f"law[{i}]") for i, one in enumerate(law)]

    def __repr__(self) -> str:
        """Say which laws there are, and along which axis."""
        if self._axis is None:
            return f"ElementwiseTransportMap({self._said!r:.80})"
        return f"ElementwiseTransportMap({len(self._laws)} laws, axis={self._axis})"

    def num_inner_dims(self, latent_shape: tuple[int, ...]) -> int:
        """Return the number of elements of a latent, which must fit the law's parameters."""
        latent_shape = sizes_of(latent_shape)
        for law, shape in zip(self._laws, self._shapes(latent_shape), strict=True):
            parameters = law.ends[0].shape
            try:
                fits = np.broadcast_shapes(parameters, shape) == shape
            except ValueError:
                fits = False
            if not fits:
                raise ArgumentError(
                    f"latents have shape {latent_shape}, but this law's parameters have shape "
                    f"{parameters}, which does not broadcast to {shape}"
                )
        return prod(latent_shape)

    def _shapes(self, latent_shape: tuple[int, ...]) -> list[tuple[int, ...]]:
        """Return the shape of the elements that each law covers."""
        shape = tuple(latent_shape)
        if self._axis is None:
            return [shape]
        axis, rank = self._axis, len(shape)
        if not -rank <= axis < rank or shape[axis] != len(self._laws):
            raise ArgumentError(
                f"latents have shape {shape}, but this law has {len(self._laws)} laws along axis "
                f"{axis}; expected that many there"
            )
        return [shape[: axis % rank] + shape[axis % rank + 1 :]] * len(self._laws)

    def _inner_of(self, z: Flat, latent_shape: tuple[int, ...], *, eps: float) -> Inner:
        shaped = z.reshape(len(z), *latent_shape)
        inner = np.empty_like(shaped)
        for law, place in zip(self._laws, self._places(latent_shape), strict=True):
            values = shaped[place]
            scores = law.score(law.inside(values, eps=eps))
            # NaN too, which is what values outside the support have
            lost = ~(np.abs(scores) <= FARTHEST)
            if lost.any():
                elements = np.arange(z.shape[1]).reshape(1, *latent_shape)[place]
                row, *index = (int(i) for i in np.argwhere(lost)[0])
                element = np.unravel_index(elements[(0, *index)], latent_shape)
                where = f"latent {row} at element {tuple(int(i) for i in element)}"
                raise ArgumentError(
                    _refusal(law, values, where=where, first=(row, *index), count=int(lost.sum()))
                )
            inner[place] = scores
        return inner.reshape(z.shape)

    def _latents_of(self, inner: Inner, latent_shape: tuple[int, ...], *, eps: float) -> Flat:
        shaped = inner.reshape(len(inner), *latent_shape)
        z = np.empty_like(shaped)
        for law, place in zip(self._laws, self._places(latent_shape), strict=True):
            z[place] = law.value(shaped[place])
        return z.reshape(inner.shape)

    def _places(self, latent_shape: tuple[int, ...]) -> list[tuple[Any, ...]]:
        """Return the index of each law's elements in an array of latents."""
        if self._axis is None:
            return [(...,)]
        before = (slice(None),) * (1 + self._axis % len(latent_shape))
        return [(*before, i) for i in range(len(self._laws))]


def _refusal(
    law: ElementLaw,
    values: Float64[np.ndarray, "n ..."],
    *,
    where: str,
    first: tuple[int, ...],
    count: int,
) -> str:
    low, high = (float(end[first]) for end in np.broadcast_arrays(*law.ends, values)[:2])
    if not low <= values[first] <= high:
        reason = f"outside the support [{low:g}, {high:g}] of their law"
        remedy = "expected latents of this law"
    elif law.sf is None:
        reason = "whose cdf rounds to 0 or 1, so that the score is lost"
        remedy = "give the law's sf and isf too, which keep the digits of the upper tail"
    else:
        reason = "so far out that float64 cannot tell their tail from zero"
        remedy = "expected latents of this law, which draws none such"
    return f"z holds {count} values {reason}, the first ({values[first]:.6g}) in {where}; {remedy}"
