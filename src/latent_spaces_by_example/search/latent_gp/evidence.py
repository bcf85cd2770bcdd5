"""Which model explains the scores best: smooth or kinked, and how poor scores are to be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.latent_gp.fit import (
    PERHAPS_NOISY,
    NoisePrior,
    fit_kernel,
    selection,
)
from latent_spaces_by_example.search.latent_gp.kernel import AngleKernel
from latent_spaces_by_example.search.latent_gp.matern import FIVE_HALVES, THREE_HALVES, Matern
from latent_spaces_by_example.search.latent_gp.tail import TAILS, Tail
from latent_spaces_by_example.search.latent_gp.values import in_spreads, standardised

_ALWAYS, _GROWTH = 12, 8
_MOST = 100  # six fits, each of which takes a time that is cubic in this


@dataclass(frozen=True)
class Explanation:
    """How scores are read, and what they follow then.

    Attributes:
        tail: how poor scores are bent.
        kernel: of the scores that are read so.
    """

    tail: Tail
    kernel: AngleKernel


def best_explanation(
    points: Float64[np.ndarray, "n r"],
    scores: Float64[np.ndarray, " n"],
    *,
    noise: NoisePrior = PERHAPS_NOISY,
) -> Explanation:
    """The most probable of all pairs of a tail and a smoothness, by the scores themselves.

    With more than 100 trials a selection of them tells which pair it is, and more of them its
    kernel.

    What is compared is the density of the scores, not of their bent values:
    log p(scores) = log p(T(scores)) + sum log T'(scores).

    Args:
        points: unit vectors, shape (n, r).
        scores: shape (n,), finite.
        noise: what is known of the noise.

    References:
        Snelson et al., "Warped Gaussian processes", NeurIPS 2003, eq. 4.
    """
    chosen = np.arange(len(scores))
    if len(scores) > _MOST:
        chosen = selection(scores, _MOST)
    spreads = in_spreads(scores[chosen])
    found: list[tuple[float, Tail, Matern]] = []
    for tail in TAILS:
        values = standardised(scores[chosen], tail=tail)
        for matern in (FIVE_HALVES, THREE_HALVES):
            fit = fit_kernel(points[chosen], values, matern=matern, noise=noise)
            found.append((fit.log_posterior + tail.log_slope(spreads), tail, matern))
    _, tail, matern = max(found, key=lambda triple: triple[0])
    values = standardised(scores, tail=tail)
    fit = fit_kernel(points, values, matern=matern, noise=noise)
    return Explanation(tail, fit.kernel)


def num_explained(num_trials: int) -> int:
    """How many of the first trials a model is fitted to: all up to 12, then at most 1/8 fewer.

    Two proposals in a row then mostly have the same model, which is fitted once. It follows from
    the number of trials alone, so that a study which is resumed goes on as it would have.
    """
    explained = min(num_trials, _ALWAYS)
    while explained >= _ALWAYS and explained + explained // _GROWTH <= num_trials:
        explained += explained // _GROWTH
    return explained
