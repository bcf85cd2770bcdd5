"""The model of the scores: the one that the search, the report and ``expected_scores`` share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp.directions import (
    DECIMALS,
    Directions,
    Points,
    Values,
)
from latent_spaces_by_example.search.latent_gp.process import (
    FIVE_HALVES,
    NOISY,
    PERHAPS_NOISY,
    THREE_HALVES,
    AngleKernel,
    NoisePrior,
    Posterior,
    Smoothness,
    fit_kernel,
    selection,
)
from latent_spaces_by_example.search.latent_gp.warp import (
    OUTPUT_WARPS,
    OutputWarp,
    from_standardised,
    in_spreads,
    standardised,
)

_ALWAYS, _GROWTH = 12, 8
_MOST = 100  # six fits, each of which takes a time that is cubic in this


@dataclass(frozen=True)
class ScoreModel:
    """A Gaussian process given the scores of a history; it answers in the scores' own unit.

    The search proposes by it, the report draws it, and expected scores are its means.

    Attributes:
        directions: the frame in which weights are points.
        posterior: the process given the warped scores.
        output_warp: the warp of poor scores that explains the scores best.
        scored: shape (n,), the trials that have a score.
        scores: shape (m,), the scores of these m trials.
    """

    directions: Directions
    posterior: Posterior[AngleKernel]
    output_warp: OutputWarp
    scored: Bool[np.ndarray, " n"]
    scores: Float64[np.ndarray, " m"]

    @classmethod
    def of(cls, history: History, *, directions: Directions | None = None) -> ScoreModel:
        """Fit to most of the trials that have a score, and condition on all of them.

        Args:
            history: all trials, of any search; of several scores the first is modelled.
            directions: a frame of the seed latents, by default of those in the history.

        Raises:
            ArgumentError: no trial has a score.
        """
        scored = history.scored
        if not scored.any():
            raise ArgumentError(
                f"none of the {len(history)} trials in the history has a score; score at least "
                "one before asking for a model of the scores"
            )
        if directions is None:
            directions = Directions.from_correlation(np.round(history.space.correlation, DECIMALS))
        points, scores = directions.from_weights(history.weights)[scored], history.scores[scored]
        num_fitted = int(scored[: num_explained(len(history))].sum()) or len(scores)
        output_warp, kernel = best_explanation(
            points[:num_fitted],
            scores[:num_fitted],
            noise=NOISY if history.noisy else PERHAPS_NOISY,
        )
        values = standardised(scores, output_warp=output_warp)
        posterior = Posterior.given(points, values, kernel=kernel)
        return cls(directions, posterior, output_warp, scored, scores)

    def mean(self, weights: Float64[np.ndarray, "n K"]) -> Values:
        """Return the median of the noise-free score at weights over the space's K seed latents."""
        return self._scores_of(self.posterior.mean(self.directions.from_weights(weights)))

    def uncertainty(self, weights: Float64[np.ndarray, "n K"]) -> Values:
        """Return half the width of the interval that holds the noise-free score at 68 %."""
        prediction = self.posterior.predict(self.directions.from_weights(weights))
        high = self._scores_of(prediction.mean + prediction.spread)
        low = self._scores_of(prediction.mean - prediction.spread)
        return high / 2 - low / 2

    def left_out_errors(self) -> Float64[np.ndarray, " m"]:
        """Return each score less the median that the model gives it from all the others.

        With Q the inverse covariance of the values y about m, that is y_i - (Q (y - m))_i / Q_ii
        in the scores' unit; kernel, warp and constant stay those of all.

        References:
            Rasmussen and Williams, "Gaussian processes for machine learning", eq. 5.12.
        """
        residuals = self.posterior.weights / np.diagonal(self.posterior.inverse)
        return self.scores - self._scores_of(self.posterior.values - residuals)

    @property
    def expected_scores(self) -> Values:
        """Median of each trial's noise-free score given all scores; NaN where it has none."""
        expected = np.full(len(self.scored), np.nan)
        expected[self.scored] = self._scores_of(self.posterior.mean(self.posterior.points))
        return expected

    def _scores_of(self, values: Float64[np.ndarray, " k"]) -> Float64[np.ndarray, " k"]:
        # poor scores are hardly told apart, so none is expected below the lowest
        values = np.maximum(values, self.posterior.values.min())
        return from_standardised(values, self.scores, output_warp=self.output_warp)


def expected_scores(history: History) -> Values:
    """Return each trial's expected score, in the scores' own unit; NaN where it has no score.

    Args:
        history: all trials, of any search. How noisy the scores are is estimated; expect more of
            it where the history says ``noisy``.
    """
    if not history.scored.any():
        return np.full(len(history), np.nan)
    return ScoreModel.of(history).expected_scores


def best_explanation(
    points: Points, scores: Values, *, noise: NoisePrior = PERHAPS_NOISY
) -> tuple[OutputWarp, AngleKernel]:
    """Return the most probable pair of an output warp and a smoothness, with the fitted kernel.

    With more than 100 scores a selection of them tells which pair it is, and more of them its
    kernel.

    What is compared is the density of the scores, not of their warped values:
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
    explanations: list[tuple[float, OutputWarp, Smoothness]] = []
    for warp in OUTPUT_WARPS:
        values = standardised(scores[chosen], output_warp=warp)
        for smoothness in (FIVE_HALVES, THREE_HALVES):
            _, fit = fit_kernel(points[chosen], values, smoothness=smoothness, noise=noise)
            explanations.append((fit + warp.log_slope(spreads), warp, smoothness))
    _, warp, smoothness = max(explanations, key=lambda triple: triple[0])
    values = standardised(scores, output_warp=warp)
    return warp, fit_kernel(points, values, smoothness=smoothness, noise=noise)[0]


def num_explained(num_trials: int) -> int:
    """Return how many of the first trials a model is fitted to: all up to 12, then most.

    At most one in eight is left out. Two proposals in a row then mostly have the same model, which
    is fitted once. It follows from the number of trials alone, so that a study which is resumed
    goes on as it would have.
    """
    explained = min(num_trials, _ALWAYS)
    while explained >= _ALWAYS and explained + explained // _GROWTH <= num_trials:
        explained += explained // _GROWTH
    return explained
