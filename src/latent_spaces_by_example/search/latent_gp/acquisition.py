"""Judge points: log expected improvement, and log probabilities of being of any use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Bool, Float64
from scipy.special import erfcx, log_ndtr

from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp.directions import Directions, Point, Points, Values
from latent_spaces_by_example.search.latent_gp.model import ScoreModel, num_explained
from latent_spaces_by_example.search.latent_gp.output_kernel import (
    fit_output_kernel,
    posterior_of_outputs,
)
from latent_spaces_by_example.search.latent_gp.process import (
    EXACT,
    NOISY,
    PERHAPS_NOISY,
    NoisePrior,
    Posterior,
    Prediction,
    fit_kernel,
)
from latent_spaces_by_example.search.latent_gp.warp import margins

# unit vectors (n, r) -> value (n,) and gradient (n, r)
Acquisition: TypeAlias = Callable[[Points], tuple[Values, Points]]

_LOG_ROOT_2PI = 0.5 * np.log(2 * np.pi)
_FAR = -1e6


def log_expected_improvement(prediction: Prediction, best: float) -> tuple[Values, Points]:
    """log E[max(f - best, 0)] for f ~ N(mean, spread^2), and its gradient by the point.

    log EI = log h(z) + log spread with z = (mean - best) / spread and
    h(z) = phi(z) + z Phi(z).

    References:
        Ament et al., "Unexpected improvements to expected improvement for Bayesian
        optimization", NeurIPS 2023, eq. 9.
    """
    spread = prediction.spread
    z = (prediction.mean - best) / spread
    log_h = log_improvement(z)
    # d log h / dz = Phi / h, and dz = (d mean - z d spread) / spread
    by_z = np.exp(log_ndtr(z) - log_h)
    by_spread = (1 - z * by_z) / spread
    gradient = (by_z / spread)[:, None] * prediction.mean_gradient
    gradient += by_spread[:, None] * prediction.spread_gradient
    return log_h + np.log(spread), gradient


def log_feasibility(margin: Prediction, *, noise: float = 0.0) -> tuple[Values, Points]:
    """log P(g >= 0) for a margin g ~ N(mean, spread^2 + noise), and its gradient by the point.

    log Phi(z) with z = mean / sqrt(spread^2 + noise).

    References:
        Gardner et al., "Bayesian optimization with inequality constraints", ICML 2014, eq. 4 (the
        product of the expected improvement and this probability is the constrained one).
    """
    spread = np.sqrt(margin.spread**2 + noise)
    z = np.clip(margin.mean / spread, _FAR, -_FAR)
    log_probability = log_ndtr(z)
    # d log Phi / dz = phi / Phi, and dz = (d mean - z d spread) / spread
    by_z = np.exp(np.clip(-0.5 * z**2 - _LOG_ROOT_2PI - log_probability, None, 700))
    spread_gradient = (margin.spread / spread)[:, None] * margin.spread_gradient
    change = margin.mean_gradient - z[:, None] * spread_gradient
    return log_probability, (by_z / spread)[:, None] * change


def log_improvement(z: Values) -> Values:
    """log(phi(z) + z Phi(z)) without cancellation for any finite z."""
    z = np.clip(z, _FAR, -_FAR)
    result = np.empty_like(z)
    near = z > -1
    result[near] = np.log(np.exp(-0.5 * z[near] ** 2 - _LOG_ROOT_2PI) + z[near] * _cdf(z[near]))
    tail = z[~near]
    # 1 + z Phi(z) / phi(z); from about -1e3 on what is left of it is 1 / z^2
    ratio = 1 + tail * np.sqrt(np.pi / 2) * erfcx(-tail / np.sqrt(2))
    log_ratio = np.where(tail > -1e3, np.log(np.maximum(ratio, 1e-300)), -2 * np.log(-tail))
    result[~near] = -0.5 * z[~near] ** 2 - _LOG_ROOT_2PI + log_ratio
    return result


def _cdf(z: Values) -> Values:
    probability: Values = np.exp(log_ndtr(z))
    return probability


# ---- what is believed

_APART = 1e-5  # radians: closer than this is the same point
_NOISELESS = 0.06  # radians: noise that even a shorter step tells more than is none
# of steps along a noisy trend: how much more they tell of the score than of noise, and how much
# what they find has to do with where they began at least
_NEWS, _RELATED = 2.5, 0.35
# How often the log probability of not failing counts. Best scores are the same with 1, 2 and 4; but
# where the best is beside a border two thirds, a half and a quarter of the trials are beyond it.
# Each failure in a row adds as much again. Where the score rises up to an edge, one study of 60 in
# four had ten in a row without that, which end it; with it none of 96 had.
_CAUTION = 4.0
_OPTIMISM = 1.5  # standard deviations


@dataclass(frozen=True)
class Beliefs:
    """The beliefs of the search about the score, each constraint and failures.

    A trial that failed has no score, and says nothing of it: the candidate may be poor, or have
    nothing to do with the failure. A second model predicts where evaluations fail.

    Attributes:
        posterior: given the scored trials and the believed ones.
        incumbent: the region's feasible point of the highest posterior mean, a unit vector, shape
            (r,). With noise the best score may be luck, and so the best mean counts. Where none
            is feasible, the one of the least violation by the posterior means.
        best: the mean that has to be beaten; minus infinity where nothing is feasible yet.
        num_believed: how many of the posterior's points, the last ones, are believed.
        num_pending: how many of these were being evaluated already; the others are proposed
            with this one.
        constraints: for each constraint the posterior of its margin, positive where it is met,
            at the same points.
        success: the posterior of 1 for a trial that was scored and -1 for one that failed, given
            all settled trials and the believed ones; None where none has failed. Its noise is
            what of failing does not depend on the candidate.
        caution: how often the log probability of not failing counts; more after each failure in a
            row.
        is_known_noisy: whether the user says that scores are noisy.
    """

    posterior: Posterior[Any]
    incumbent: Point
    best: float
    num_believed: int = 0
    num_pending: int = 0
    constraints: tuple[Posterior[Any], ...] = ()
    success: Posterior[Any] | None = None
    caution: float = _CAUTION
    is_known_noisy: bool = False

    @classmethod
    def of(
        cls,
        history: History,
        directions: Directions,
        *,
        start: int,
        features: Float64[np.ndarray, "n p"] | None = None,
    ) -> Beliefs:
        """Fit to most of what is settled, condition on all of it, believe what is pending.

        Args:
            history: all trials, at least one of them scored.
            directions: the frame of the seed latents.
            start: number of the first trial of the region that the search is in.
            features: of the trials' outputs, of about unit norm; a point is then a unit vector
                with its features after it. None if only angles are to count.
        """
        settled, scored = ~history.pending, history.scored
        points = directions.from_weights(history.weights)
        num_first = num_explained(len(history))
        num_scored = int(scored[:num_first].sum()) or int(scored.sum())
        width = 0 if features is None else features.shape[1]
        if features is None:
            posterior: Posterior[Any] = ScoreModel.of(history, directions=directions).posterior
        else:
            points = np.concatenate([points, features], axis=1)
            posterior = posterior_of_outputs(
                points[scored],
                history.scores[scored],
                num_fitted=num_scored,
                num_features=width,
                noise=NOISY if history.noisy else PERHAPS_NOISY,
            )
        beliefs = cls._leading(
            posterior,
            tuple(
                _fitted(
                    points[scored],
                    margins(column),
                    first=margins(column[:num_scored]),
                    num_features=width,
                )
                for column in history.violations[scored].T
            ),
            inside=np.flatnonzero(scored) >= start,
            is_met=(history.violations[scored] <= 0).all(axis=1),
        )
        beliefs = replace(beliefs, is_known_noisy=history.noisy)
        if not scored[settled].all():
            labels = np.where(scored[settled], 1.0, -1.0)
            first = labels[: int(settled[:num_first].sum()) or len(labels)]
            success = _fitted(
                points[settled], labels, first=first, noise=PERHAPS_NOISY, num_features=width
            )
            failures_in_a_row = int(np.argmax(np.append(scored[settled][::-1], True)))
            caution = _CAUTION * (1 + failures_in_a_row)
            beliefs = replace(beliefs, success=success, caution=caution)
        for point in points[~settled]:
            beliefs = beliefs.believing(point)
        return replace(beliefs, num_pending=beliefs.num_believed)

    @classmethod
    def _leading(
        cls,
        posterior: Posterior[Any],
        constraints: tuple[Posterior[Any], ...],
        *,
        inside: Bool[np.ndarray, " n"],
        is_met: Bool[np.ndarray, " n"],
    ) -> Beliefs:
        feasible = inside & is_met
        if not feasible.any():
            candidates = posterior.points[inside]
            leader = int(np.argmin(_violation(constraints, candidates)))
            return cls(posterior, candidates[leader], -np.inf, constraints=constraints)
        candidates = posterior.points[feasible]
        means = posterior.mean(candidates)
        leader = int(np.argmax(means))
        return cls(posterior, candidates[leader], float(means[leader]), constraints=constraints)

    def believing(self, point: Point) -> Beliefs:
        """Return the beliefs once the posterior means themselves were scored at a point, exactly.

        References:
            Ginsbourger et al., "Kriging is well-suited to parallelize optimization" (2010).
        """
        best = self.best
        if not _violation(self.constraints, point[None])[0] > 0:
            best = max(best, float(self.posterior.mean(point[None])[0]))
        return replace(
            self,
            posterior=self._after(self.posterior, point),
            best=best,
            num_believed=self.num_believed + 1,
            constraints=tuple(self._after(old, point) for old in self.constraints),
            success=None if self.success is None else self._after(self.success, point),
        )

    def _after(self, old: Posterior[Any], point: Point) -> Posterior[Any]:
        return Posterior.given(
            np.concatenate([old.points, point[None]]),
            np.append(old.values, float(old.mean(point[None])[0])),
            kernel=old.kernel,
            constant=old.constant,
            num_exact=self.num_believed + 1,
        )

    def acquisition(self, points: Points) -> tuple[Values, Points]:
        """Return log expected improvement over the best mean, plus log probabilities of use.

        Those are of meeting each constraint and, with more weight, of not failing. Where nothing
        is feasible yet there is nothing to improve on, and only they count.

        Returns:
            The value, shape (n,), and its gradient by the point, shape (n, r).
        """
        terms = self._log_uses(points)
        if np.isfinite(self.best):
            terms.append(log_expected_improvement(self.posterior.predict(points), self.best))
        values, gradients = zip(*terms, strict=True)
        return np.sum(values, axis=0), np.sum(gradients, axis=0)

    def promise(self, points: Points) -> Values:
        """Return the value of :meth:`acquisition` alone, shape (n,)."""
        return self.acquisition(points)[0]

    def log_chance(self, points: Points) -> Values:
        """Return the log probability of beating the best mean, and of being of use, shape (n,)."""
        terms = [value for value, _ in self._log_uses(points)]
        if np.isfinite(self.best):
            prediction = self.posterior.predict(points)
            terms.append(log_ndtr((prediction.mean - self.best) / prediction.spread))
        total: Values = np.sum(terms, axis=0) if terms else np.zeros(len(points))
        return total

    def optimistic(self, points: Points) -> Values:
        """Return the mean plus one and a half deviations, plus log probabilities of use, (n,).

        Where several basins are left, expected improvement stays in the first one; this does not.
        """
        prediction = self.posterior.predict(points)
        value: Values = prediction.mean + _OPTIMISM * prediction.spread
        return value + sum(use for use, _ in self._log_uses(points))

    def _log_uses(self, points: Points) -> list[tuple[Values, Points]]:
        """Return log probabilities of meeting each constraint and of not failing."""
        terms = [log_feasibility(margin.predict(points)) for margin in self.constraints]
        if self.success is not None:
            value, gradient = log_feasibility(
                self.success.predict(points), noise=self.success.kernel.noise
            )
            terms.append((self.caution * value, self.caution * gradient))
        return terms

    @property
    def num_scored(self) -> int:
        """The number of the posterior's points that have a score."""
        return len(self.posterior.points) - self.num_believed

    @property
    def is_noisy(self) -> bool:
        """True if the user says so, or a step of 0.06 radians tells mostly of noise."""
        return self.is_known_noisy or self.posterior.kernel.telling_angle(_NOISELESS) >= _NOISELESS

    @property
    def is_noisy_trend(self) -> bool:
        """True if the user says that scores are noisy, and most of what they follow is linear.

        Then there is more to learn farther away. Noise that nobody speaks of may be kinks.
        """
        kernel = self.posterior.kernel
        return self.is_known_noisy and kernel.linear > kernel.smooth

    def telling_angle(self, most: float) -> float:
        """Return how long a step has to be for noise not to drown what it tells, in radians.

        It is to tell as much of the score as of the noise; of a noisy trend two and a half times as
        much, unless that were where scores have little to do with each other any more.

        Args:
            most: what is returned if the angle is larger; at most pi / 2.
        """
        kernel = self.posterior.kernel
        if self.is_noisy_trend:
            return kernel.telling_angle(most, news=_NEWS, related=_RELATED)
        return kernel.telling_angle(most)

    @property
    def uphill(self) -> Float64[np.ndarray, "1 r"]:
        """The direction from the incumbent in which the mean rises, or violated ones fall."""
        point = self.incumbent[None]
        if np.isfinite(self.best):
            return self.posterior.predict(point).mean_gradient
        predictions = [margin.predict(point) for margin in self.constraints]
        gradient: Float64[np.ndarray, "1 r"] = np.sum(
            [margin.mean_gradient * (margin.mean[0] < 0) for margin in predictions], axis=0
        )
        return gradient

    def is_new(self, point: Point) -> bool:
        """Return whether a point differs from all that were scored or are being evaluated."""
        tried = self.posterior if self.success is None else self.success
        gaps = np.linalg.norm(tried.points - point, axis=1)
        return bool(gaps.min(initial=2.0) > _APART)


def _fitted(
    points: Points,
    values: Values,
    *,
    first: Float64[np.ndarray, " m"],
    noise: NoisePrior = EXACT,
    num_features: int = 0,
) -> Posterior[Any]:
    """Return the posterior of values at points, its kernel fitted to the values of the first."""
    fitted = points[: len(first)]
    if num_features:
        seeing, _ = fit_output_kernel(fitted, first, num_features=num_features, noise=noise)
        return Posterior.given(points, values, kernel=seeing)
    kernel, _ = fit_kernel(fitted, first, noise=noise)
    return Posterior.given(points, values, kernel=kernel)


def _violation(constraints: tuple[Posterior[Any], ...], points: Points) -> Values:
    """Return how far margins are below zero in all, by the posterior means."""
    total = np.zeros(len(points))
    for margin in constraints:
        total += np.maximum(-margin.mean(points), 0.0)
    return total
