"""Test whether slices of latents along an axis, such as channels, have one mean and variance.

A fault of a few channels is diluted in the mean and the variance of the whole latent. Inversion
makes such faults, and so does a decoder's scale that was applied to some channels only.
"""

from __future__ import annotations

from math import prod

import numpy as np
from jaxtyping import Float64
from scipy.special import fdtrc, gammaincc, polygamma, psi

from latent_spaces_by_example.validity.statistic import Statistic, one_sided

_FEWEST_IN_A_SLICE = 4


def channel_statistics(
    latents: Float64[np.ndarray, "K d"], latent_shape: tuple[int, ...]
) -> list[Statistic]:
    """Return two tests for each axis of the latent: of its slices' means, and of their variances.

    Let an axis have m slices, each of n elements over all K latents, with mean a_i and sum of
    squares q_i about it. Under the null:

    - means: (sum_i n a_i^2 / m) / (sum_i q_i / (m n - m)) ~ F(m, m n - m), exactly; about zero and
      not about the grand mean, because zero is what the law says.
    - variances: T = m (n - 1) log(sum_i q_i / m) - (n - 1) sum_i log q_i, the likelihood ratio of
      Bartlett's test; its law is taken to be the gamma law of its exact mean and variance.

    Neither depends on the scale of the latents, so a wrong norm is not taken for a wrong channel.
    The values that are returned are the spread of the means about their grand mean and the spread
    of the standard deviations, both relative to what chance makes: 1 is usual.

    Args:
        latents: K inner latents, tested together.
        latent_shape: the layout of one. Axes of length 1, or with fewer than 4 elements in a
            slice, are left out; a latent of one axis has no statistics here.

    Source: Bartlett 1937 (Proc. R. Soc. A 160).
    """
    count, d = latents.shape
    sizes = tuple(size for size in latent_shape if size > 1)
    if len(sizes) < 2 or prod(sizes) != d:
        return []
    x = latents.reshape(count, *sizes)
    statistics: list[Statistic] = []
    for axis, m in enumerate(sizes):
        n = count * d // m
        if n < _FEWEST_IN_A_SLICE:
            continue
        others = tuple(i for i in range(x.ndim) if i != axis + 1)
        means = x.mean(axis=others)
        squares = np.einsum(x, [*range(x.ndim)], x, [*range(x.ndim)], [axis + 1])
        within = squares - n * means**2
        if (within <= 1e-20 * squares).any():  # constant slices are for the other tests
            continue
        name = f"axis {axis - len(sizes)}"
        statistics += [_means(name, means, within, n=n), _variances(name, within, n=n)]
    return statistics


def _means(
    name: str, means: Float64[np.ndarray, " m"], within: Float64[np.ndarray, " m"], *, n: int
) -> Statistic:
    m = len(means)
    error = float(within.sum()) / (m * n - m)
    ratio = n * float((means**2).mean()) / error
    spread = float(np.sqrt(n * means.var(ddof=1) / error))
    return one_sided(f"means of {name}", spread, p_value=fdtrc(m, m * n - m, ratio))


def _variances(name: str, within: Float64[np.ndarray, " m"], *, n: int) -> Statistic:
    m, half = len(within), (n - 1) / 2.0
    ratio = 2.0 * half * float(m * np.log(within.mean()) - np.log(within).sum())
    # of log q_i, independent of their sum: q_i / 2 ~ Gamma(half)
    mean = 2.0 * half * m * float(psi(m * half) - np.log(m) - psi(half))
    variance = 4.0 * half**2 * m * float(polygamma(1, half) - m * polygamma(1, m * half))
    shape, scale = mean**2 / variance, variance / mean
    deviations = np.sqrt(within / (n - 1))
    spread = float(deviations.std(ddof=1) / deviations.mean() * np.sqrt(2.0 * (n - 1)))
    return one_sided(f"variances of {name}", spread, p_value=gammaincc(shape, ratio / scale))
