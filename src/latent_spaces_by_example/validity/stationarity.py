"""Measure a space's stationarity: does a distance mean the same everywhere?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from latent_spaces_by_example.validity.spaces import Points, Rows, Space


@dataclass(frozen=True)
class Stationarity:
    """Correlations of distances between coordinates with those between outputs, under one chart.

    Without a generator, distances between inner latents stand in for those between outputs.

    Attributes:
        name: of the chart or space.
        by_u: Spearman's rank correlation, over all pairs of points that are uniform in u, of
            \\|u - u'\\| with the distance between outputs.
        by_weights: the same of the angle between weights; None if the space has none.
        by_latents: the same of the distance between inner latents.
        latent_evenness: short steps of one length in u: the 95 % quantile of how far they move the
            latent, over the 5 % quantile; 1 if all move it equally far.
        output_evenness: the same of the output; None without a generator, infinite if more than
            5 % of the steps change nothing.
        u_distances: \\|u - u'\\| of the pairs, shape (n (n - 1) / 2,).
        weight_distances: the angles, same shape; None if the space has no weights.
        latent_distances: \\|inner - inner'\\| / sqrt(d), same shape.
        output_distances: same shape; None without a generator.
    """

    name: str
    by_u: float
    by_weights: float | None
    by_latents: float | None
    latent_evenness: float
    output_evenness: float | None
    u_distances: Float64[np.ndarray, " pairs"]
    weight_distances: Float64[np.ndarray, " pairs"] | None
    latent_distances: Float64[np.ndarray, " pairs"]
    output_distances: Float64[np.ndarray, " pairs"] | None


def stationarity_of(
    space: Space, u: Points, stepped: Points, *, outputs: Rows | None, stepped_outputs: Rows | None
) -> Stationarity:
    """Correlate distances over all pairs of points, and compare short steps from each."""
    scale = np.sqrt(space.num_latent_dims)
    positions = space.positions(u) / scale
    latents = pdist(positions)
    weights = space.weights(u)
    angles = None if weights is None else _angles(weights)
    made = None if outputs is None else pdist(outputs)
    target = latents if made is None else made
    moved = np.linalg.norm(space.positions(stepped) / scale - positions, axis=1)
    output_evenness = None
    if outputs is not None and stepped_outputs is not None:
        output_evenness = _evenness(np.linalg.norm(stepped_outputs - outputs, axis=1))
    distances = pdist(u)
    return Stationarity(
        name=space.name,
        by_u=_rank_correlation(distances, target),
        by_weights=None if angles is None else _rank_correlation(angles, target),
        by_latents=None if made is None else _rank_correlation(latents, target),
        latent_evenness=_evenness(moved),
        output_evenness=output_evenness,
        u_distances=distances,
        weight_distances=angles,
        latent_distances=latents,
        output_distances=made,
    )


def _rank_correlation(first: Float64[np.ndarray, " n"], second: Float64[np.ndarray, " n"]) -> float:
    """Return Spearman's rank correlation; NaN if one of them is constant."""
    if np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        return float("nan")
    return float(spearmanr(first, second).statistic)


def _angles(w: Float64[np.ndarray, "n K"]) -> Float64[np.ndarray, " pairs"]:
    # by the chord, whose arc sine keeps the digits that the arc cosine of w . w' loses
    angles: Float64[np.ndarray, " pairs"] = 2.0 * np.arcsin(np.minimum(pdist(w) / 2.0, 1.0))
    return angles


def _evenness(lengths: Float64[np.ndarray, " n"]) -> float:
    low, high = np.quantile(lengths, [0.05, 0.95])
    return float(high / low) if low > 0.0 else float("inf")
