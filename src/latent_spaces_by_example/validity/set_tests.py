"""Test whether the latents of a set are independent, and measure the norms between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.special import gammainc, gammaincc, stdtr

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space.combination import combination_rule
from latent_spaces_by_example.space.span import SeedSpan
from latent_spaces_by_example.validity.statistic import (
    LEAST_P,
    Statistic,
    from_tails,
    one_sided,
    pooled,
)

_SHARED = ("norm", "mean", "skewness", "kurtosis", "neighbours")
_POINTS = 512


@dataclass(frozen=True)
class MiddleNorm:
    """Norms between the latents under a combination rule, over the norm that the law expects.

    Attributes:
        centre: at equal weights.
        lowest: over 512 random points of the space, with non-negative weights.
        highest: over the same points.
    """

    centre: float
    lowest: float
    highest: float


def cosine_p_values(
    cosines: Float64[np.ndarray, " pairs"], num_dims: int
) -> Float64[np.ndarray, " pairs"]:
    """Return two-sided p-values of cosines between independent directions, one of them uniform.

    r sqrt((d - 1) / (1 - r^2)) follows Student's t with d - 1 degrees of freedom, exactly.

    >>> cosine_p_values(np.array([0.0, 0.2]), 4096).round(6)
    array([1., 0.])
    """
    short = np.maximum(1.0 - cosines**2, 1e-300)
    t = np.abs(cosines) * np.sqrt((num_dims - 1) / short)
    p_values: Float64[np.ndarray, " pairs"] = np.clip(2.0 * stdtr(num_dims - 1, -t), LEAST_P, 1.0)
    return p_values


def set_statistics(span: SeedSpan, *, of_latents: Sequence[Sequence[Statistic]]) -> list[Statistic]:
    """Return the worst pair, the effective rank, and the tendencies that all the latents share.

    Correlations are Pearson's, about each latent's own mean: cosines between directions in d - 1
    dimensions. So a mean that the latents share is not taken for a correlation.
    """
    num_dims = span.rows.shape[1] - 1
    means = np.array([_value(latent, "mean") for latent in of_latents])
    gram = span.gram - (num_dims + 1) * np.outer(means, means)
    lengths = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    correlation = np.clip(gram / np.outer(lengths, lengths), -1.0, 1.0)
    np.fill_diagonal(correlation, 1.0)
    upper = np.triu_indices(len(correlation), 1)
    cosines = correlation[upper]
    worst = int(np.argmax(np.abs(cosines)))
    # pairs are pairwise independent, so multiplying by their number wastes next to nothing
    p_value = float(cosine_p_values(cosines[[worst]], num_dims)[0]) * len(cosines)
    statistics = [
        one_sided("correlation", cosines[worst], p_value=p_value),
        _effective_rank(correlation, num_dims),
    ]
    for name in _SHARED:
        shared = [s for latent in of_latents for s in latent if s.name == name and s.z is not None]
        if shared:
            mean = float(np.mean([statistic.value for statistic in shared]))
            zs = [statistic.z for statistic in shared if statistic.z is not None]
            statistics.append(pooled(f"all: {name}", mean, zs=zs))
    return statistics


def _value(statistics: Sequence[Statistic], name: str) -> float:
    return next(statistic.value for statistic in statistics if statistic.name == name)


def _effective_rank(correlation: Float64[np.ndarray, "K K"], num_dims: int) -> Statistic:
    """Return K^2 / sum_ij r_ij^2: K for orthogonal latents, 1 if all have the same direction.

    S = sum_{i<j} r_ij^2 of independent directions has, exactly, mean P / d, variance
    2 P (d - 1) / (d^2 (d + 2)) and a third moment from pairs and triangles; P = K (K - 1) / 2.
    Its law is taken to be the shifted gamma law of these three.
    """
    count, d = len(correlation), float(num_dims)
    pairs = count * (count - 1) / 2.0
    squares = (float((correlation**2).sum()) - count) / 2.0
    rank = count**2 / (count + 2.0 * squares)
    mean, variance = pairs / d, 2.0 * pairs * (d - 1.0) / (d**2 * (d + 2.0))
    of_pair = 8.0 * (d - 1.0) * (d - 2.0) / (d**3 * (d + 2.0) * (d + 4.0))
    of_triangle = 4.0 * (d - 1.0) / (d**3 * (d + 2.0) ** 2)
    third = pairs * of_pair + count * (count - 1.0) * (count - 2.0) * of_triangle
    skew = third / variance**1.5
    shape = 4.0 / skew**2
    place = shape + (squares - mean) * np.sqrt(shape / variance)
    # many correlations make the rank small, so the tails change places
    above, below = gammainc(shape, max(place, 0.0)), gammaincc(shape, max(place, 0.0))
    return from_tails("effective rank", rank, below=float(below), above=float(above))


def middle_norms(span: SeedSpan) -> dict[str, MiddleNorm | None]:
    """Return, for each combination rule, the norms between the latents over sqrt(d).

    |c(w) Z|^2 = c^T G c over the Gram matrix G. None for a rule under which latents cancel.
    """
    k = span.num_seeds
    rng = np.random.default_rng(0)
    weights = np.abs(rng.standard_normal((_POINTS, k)))
    weights[0] = 1.0
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    norms: dict[str, MiddleNorm | None] = {}
    for name in ("linear", "shell"):
        try:
            c = combination_rule(name).coefficients(weights, span)
        except ArgumentError:
            norms[name] = None
            continue
        squares = np.maximum(np.einsum("nj,jk,nk->n", c, span.gram, c, optimize=True), 0.0)
        relative = np.sqrt(squares / span.rows.shape[1])
        norms[name] = MiddleNorm(float(relative[0]), float(relative.min()), float(relative.max()))
    return norms
