"""Scores without their noise, as far as all scores tell."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp.directions import Directions
from latent_spaces_by_example.search.latent_gp.evidence import best_explanation
from latent_spaces_by_example.search.latent_gp.fit import NOISY
from latent_spaces_by_example.search.latent_gp.posterior import Posterior
from latent_spaces_by_example.search.latent_gp.values import from_standardised, standardised


def expected_scores(history: History) -> Float64[np.ndarray, " n"]:
    """The median of each trial's noise-free score given all scores, shape (n,), in their own unit.

    For scores that are known to have noise; how much is estimated. NaN where a trial has no score.

    Args:
        history: all trials, of any search.
    """
    scored = history.finished & np.isfinite(history.scores)
    expected = np.full(len(history), np.nan)
    if not scored.any():
        return expected
    points = Directions.from_correlation(history.space.correlation).from_weights(
        history.weights[scored]
    )
    scores = history.scores[scored]
    explanation = best_explanation(points, scores, noise=NOISY)
    values = standardised(scores, tail=explanation.tail)
    posterior = Posterior.given(points, values, kernel=explanation.kernel)
    # poor scores are hardly told apart, and so none is expected below the lowest
    mean = np.maximum(posterior.mean(points), values.min())
    expected[scored] = from_standardised(mean, scores, tail=explanation.tail)
    return expected
