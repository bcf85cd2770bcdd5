"""Test whether an inner latent is white over its spatial axes, not smooth, rough or periodic.

All tests read one periodogram. The ordinates of white noise are independent exponentials, so each
law below is exact, or a saddlepoint approximation of the exact one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
from jaxtyping import Float64, Int64
from scipy import fft

from latent_spaces_by_example.validity.axes import spatial_layout
from latent_spaces_by_example.validity.quadratic_forms import binned, ratio_z
from latent_spaces_by_example.validity.statistic import Statistic, from_z, one_sided

_SHORTEST_AXIS = 4
_FEWEST_FREQUENCIES = 8


@dataclass(frozen=True)
class _Grid:
    """Constants of a latent shape.

    Attributes:
        channels: how many pieces of the latent have a periodogram of their own.
        shape: of one piece.
        names: of the lags, the neighbours in all directions first.
        cosines: for each of them, the mean of cos(2 pi f . lag) over its lags, at each frequency
            f but zero.
        spectra: the same as distinct values and counts over the whole latent.
        first_of_pair: frequencies, one of each pair f, -f and none that is its own pair.
    """

    channels: int
    shape: tuple[int, ...]
    names: tuple[str, ...]
    cosines: Float64[np.ndarray, "lags f"]
    spectra: tuple[tuple[np.ndarray, np.ndarray], ...]
    first_of_pair: Int64[np.ndarray, " m"]


def whiteness_statistics(
    x: Float64[np.ndarray, " d"], latent_shape: tuple[int, ...]
) -> list[Statistic]:
    """Return the correlation of neighbours, also along each axis, and the periodogram's peak.

    Neighbours: r = sum_f c(f) I(f) / sum_f I(f) over the periodogram I without its zero
    frequency, a ratio of quadratic forms with eigenvalues c(f). Peak (Fisher): P(largest share of
    I > g) <= m (1 - g)^(m - 1).

    Args:
        x: the inner latent.
        latent_shape: its layout: (length,), (height, width), (tokens, channels), or
            (channels, ...axes in space or time).

    Source: Fisher 1929 (Proc. R. Soc. A 125) for the law of the peak.
    """
    grid = _grid(spatial_layout(latent_shape))
    if grid is None:
        return []
    pieces = x.reshape(grid.channels, *grid.shape)
    axes = tuple(range(1, pieces.ndim))
    amplitudes = fft.fftn(pieces, axes=axes).reshape(grid.channels, -1)
    power = amplitudes.real**2 + amplitudes.imag**2
    per_frequency = power.sum(axis=0)[1:]
    total = float(per_frequency.sum())
    if total <= 1e-20 * float(power.sum()):  # of a constant nothing is left to be white
        return []
    correlations = grid.cosines @ per_frequency / total
    statistics = [
        from_z(name, float(value), z=ratio_z(float(value), *spectrum))
        for name, value, spectrum in zip(grid.names, correlations, grid.spectra, strict=True)
    ]
    ordinates = power[:, grid.first_of_pair]
    m = ordinates.size
    if m > _FEWEST_FREQUENCIES:
        share = float(ordinates.max() / ordinates.sum())
        p_value = float(np.exp(np.log(m) + (m - 1) * np.log1p(-min(share, 1 - 1e-16))))
        statistics.append(one_sided("peak", share, p_value=p_value))
    return statistics


@lru_cache(maxsize=8)
def _grid(layout: tuple[int, tuple[int, ...]]) -> _Grid | None:
    channels, shape = layout
    long_axes = [axis for axis, size in enumerate(shape) if size >= _SHORTEST_AXIS]
    if not long_axes:
        return None
    index: Int64[np.ndarray, "axes f"] = np.indices(shape).reshape(len(shape), -1)
    sizes = np.array(shape)[:, None]
    frequency = index / sizes
    # 1 + 2 cos over each axis, multiplied out, holds every neighbour once and the element itself
    around = np.ones(prod(shape))
    for axis in long_axes:
        around *= 1.0 + 2.0 * np.cos(2 * np.pi * frequency[axis])
    names, cosines = ["neighbours"], [(around - 1.0) / (3 ** len(long_axes) - 1)]
    if len(long_axes) > 1:
        for axis in long_axes:
            names.append(f"along axis {axis - len(shape)}")
            cosines.append(np.cos(2 * np.pi * frequency[axis]))
    stacked = np.stack(cosines)[:, 1:]
    spectra = tuple((values, counts * channels) for values, counts in map(binned, stacked))
    opposite = np.ravel_multi_index(tuple((sizes - index) % sizes), shape)
    first_of_pair = np.flatnonzero(np.arange(prod(shape)) < opposite)
    return _Grid(channels, shape, tuple(names), stacked, spectra, first_of_pair)
