"""What the model expects of points that were not scored, for pictures of a study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp.directions import Directions
from latent_spaces_by_example.search.latent_gp.fit import EXACT, NOISY, fit_kernel
from latent_spaces_by_example.search.latent_gp.posterior import Posterior

_LOW = 3.0


@dataclass(frozen=True)
class ScoreModel:
    """A Gaussian process given the scores of a history, in the scores' own unit.

    Scores more than three spreads below the median count as that: one that failed a constraint
    badly would bend the picture everywhere.

    Attributes:
        directions: the frame in which weights are points.
        posterior: of the scores less ``centre``, over ``spread``.
        centre, spread: median and median absolute deviation of the scores.
    """

    directions: Directions
    posterior: Posterior
    centre: float
    spread: float

    @classmethod
    def of(cls, history: History) -> ScoreModel:
        """Fit to the trials that have a score.

        Raises:
            ArgumentError: none has.
        """
        if not history.finished.any():
            raise ArgumentError(
                "history has no finished trial, so there is nothing to predict from"
            )
        directions = Directions.from_correlation(history.space.correlation)
        points = directions.from_weights(history.weights[history.finished])
        scores = history.scores[history.finished]
        centre = float(np.median(scores))
        spread = float(np.median(np.abs(scores - centre))) or float(scores.std()) or 1.0
        values = np.maximum((scores - centre) / spread, -_LOW)
        fit = fit_kernel(points, values, noise=NOISY if history.noisy else EXACT)
        posterior = Posterior.given(points, values, kernel=fit.kernel)
        return cls(directions, posterior, centre, spread)

    def mean(self, weights: Float64[np.ndarray, "n K"]) -> Float64[np.ndarray, " n"]:
        """Expected score at weights over the space's K seed latents."""
        return self.centre + self.spread * self.posterior.mean(
            self.directions.from_weights(weights)
        )

    def uncertainty(self, weights: Float64[np.ndarray, "n K"]) -> Float64[np.ndarray, " n"]:
        """Standard deviation of the score at weights, without the noise of measuring it."""
        return self.spread * self.posterior.predict(self.directions.from_weights(weights)).spread

    def left_out_errors(self) -> Float64[np.ndarray, " n"]:
        """For each scored trial, its score less what the model expects from all the others.

        With Q the inverse covariance, (Q (y - m))_i / Q_ii; kernel and constant stay those of all.

        References:
            Rasmussen and Williams, "Gaussian processes for machine learning", eq. 5.12.
        """
        return self.spread * self.posterior.weights / np.diagonal(self.posterior.inverse)


def predicted_scores(
    history: History, weights: Float64[np.ndarray, "n K"]
) -> Float64[np.ndarray, " n"]:
    """Mean of the Gaussian process given the scores, in the scores' own unit, shape (n,).

    Args:
        history: all trials; those with a score are used.
        weights: over the space's K seed latents, shape (n, K).

    Raises:
        ArgumentError: no trial has a score.
    """
    return ScoreModel.of(history).mean(weights)
