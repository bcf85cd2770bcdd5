"""What the model expects of points that were not scored, for pictures of a study."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp.directions import Directions
from latent_spaces_by_example.search.latent_gp.fit import fit_kernel
from latent_spaces_by_example.search.latent_gp.posterior import Posterior

_LOW = 3.0


def predicted_scores(
    history: History, weights: Float64[np.ndarray, "n K"]
) -> Float64[np.ndarray, " n"]:
    """Mean of the Gaussian process given the scores, in the scores' own unit, shape (n,).

    Scores more than three spreads below the median count as that: one that failed a constraint
    badly would bend the picture everywhere.

    Args:
        history: all trials; those with a score are used.
        weights: over the space's K seed latents, shape (n, K).

    Raises:
        ArgumentError: no trial has a score.
    """
    if not history.finished.any():
        raise ArgumentError("history has no finished trial, so there is nothing to predict from")
    directions = Directions.from_correlation(history.space.correlation)
    points = directions.from_weights(history.weights[history.finished])
    scores = history.scores[history.finished]
    centre = float(np.median(scores))
    spread = float(np.median(np.abs(scores - centre))) or float(scores.std()) or 1.0
    values = np.maximum((scores - centre) / spread, -_LOW)
    posterior = Posterior.given(points, values, kernel=fit_kernel(points, values))
    mean: Float64[np.ndarray, " n"] = posterior.mean(directions.from_weights(weights))
    return centre + spread * mean
