"""The model of a history: Gaussian processes, which trials under way are believed to follow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64

from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp.acquisition import (
    log_expected_improvement,
    log_feasibility,
)
from latent_spaces_by_example.search.latent_gp.ascent import Acquisition
from latent_spaces_by_example.search.latent_gp.directions import Directions
from latent_spaces_by_example.search.latent_gp.evidence import best_explanation, num_explained
from latent_spaces_by_example.search.latent_gp.fit import (
    NOISY,
    PERHAPS_NOISY,
    NoisePrior,
    fit_kernel,
)
from latent_spaces_by_example.search.latent_gp.posterior import Posterior
from latent_spaces_by_example.search.latent_gp.values import margins, standardised

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


@dataclass(frozen=True)
class Model:
    """What is known and believed about the score, about each constraint and about failures.

    A trial that failed has no score, and says nothing of it: failures may be poor candidates, or
    none of the candidate's doing. What trials have in common that failed is modelled apart.

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
        said_noisy: whether the history says that scores are noisy.
    """

    posterior: Posterior
    incumbent: Float64[np.ndarray, " r"]
    best: float
    num_believed: int = 0
    num_pending: int = 0
    constraints: tuple[Posterior, ...] = ()
    success: Posterior | None = None
    caution: float = _CAUTION
    said_noisy: bool = False

    @classmethod
    def of(cls, history: History, directions: Directions, *, start: int) -> Model:
        """Fit to most of what is settled, condition on all of it, believe what is pending."""
        settled = ~history.pending
        known = (history.finished & np.isfinite(history.scores))[settled]
        points = directions.from_weights(history.weights)
        num_fitted = int(settled[: num_explained(len(history))].sum()) or len(known)
        scored, first = points[settled][known], int(known[:num_fitted].sum()) or int(known.sum())
        violations = history.violations[settled][known]
        inside = np.flatnonzero(settled)[known] >= start
        noise = NOISY if history.noisy else PERHAPS_NOISY
        model = cls._leading(
            _of_scores(scored, history.scores[settled][known], num_fitted=first, noise=noise),
            tuple(_of_margins(scored, column, num_fitted=first) for column in violations.T),
            inside=inside,
            feasible=inside & (violations <= 0).all(axis=1),
        )
        model = replace(model, said_noisy=history.noisy)
        if not known.all():
            success = _of_success(points[settled], known, num_fitted=num_fitted)
            failures_in_a_row = int(np.argmax(np.append(known[::-1], True)))
            model = replace(model, success=success, caution=_CAUTION * (1 + failures_in_a_row))
        for point in points[~settled]:
            model = model.believing(point)
        return replace(model, num_pending=model.num_believed)

    @classmethod
    def _leading(
        cls,
        posterior: Posterior,
        constraints: tuple[Posterior, ...],
        *,
        inside: Bool[np.ndarray, " n"],
        feasible: Bool[np.ndarray, " n"],
    ) -> Model:
        if not feasible.any():
            candidates = posterior.points[inside]
            leader = int(np.argmin(_violation(constraints, candidates)))
            return cls(posterior, candidates[leader], -np.inf, constraints=constraints)
        candidates = posterior.points[feasible]
        means = posterior.mean(candidates)
        leader = int(np.argmax(means))
        return cls(posterior, candidates[leader], float(means[leader]), constraints=constraints)

    def believing(self, point: Float64[np.ndarray, " r"]) -> Model:
        """The model after the posterior means themselves have been found at a point, without noise.

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

    def _after(self, old: Posterior, point: Float64[np.ndarray, " r"]) -> Posterior:
        return Posterior.given(
            np.concatenate([old.points, point[None]]),
            np.append(old.values, float(old.mean(point[None])[0])),
            kernel=old.kernel,
            constant=old.constant,
            num_exact=self.num_believed + 1,
        )

    @property
    def acquisition(self) -> Acquisition:
        """Log expected improvement over the best mean, and log probabilities of being any use.

        Those are of meeting each constraint and, with more weight, of not failing. Where nothing
        is feasible yet there is nothing to improve on, and they are all.
        """
        if not self.constraints and self.success is None:
            return lambda points: log_expected_improvement(
                self.posterior.predict(points), self.best
            )
        return self._if_it_is_of_use

    def _if_it_is_of_use(
        self, points: Float64[np.ndarray, "n r"]
    ) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, "n r"]]:
        terms = [log_feasibility(margin.predict(points)) for margin in self.constraints]
        if self.success is not None:
            value, gradient = log_feasibility(
                self.success.predict(points), noise=self.success.kernel.noise
            )
            terms.append((self.caution * value, self.caution * gradient))
        if np.isfinite(self.best):
            terms.append(log_expected_improvement(self.posterior.predict(points), self.best))
        values, gradients = zip(*terms, strict=True)
        return np.sum(values, axis=0), np.sum(gradients, axis=0)

    @property
    def num_scored(self) -> int:
        """How many of the posterior's points have a score."""
        return len(self.posterior.points) - self.num_believed

    @property
    def is_noisy(self) -> bool:
        """Whether that is said, or the score of a step of 0.06 radians is more noise than news."""
        return self.said_noisy or self.posterior.kernel.telling_angle(_NOISELESS) >= _NOISELESS

    @property
    def is_noisy_trend(self) -> bool:
        """Whether scores are said to be noisy, and most of what they follow is linear.

        Then there is more to learn farther away. Noise that nobody speaks of may be kinks.
        """
        kernel = self.posterior.kernel
        return self.said_noisy and kernel.linear > kernel.smooth

    def telling_angle(self, most: float) -> float:
        """How long a step has to be for noise not to drown what it tells, in radians.

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
        found = [margin.predict(point) for margin in self.constraints]
        gradient: Float64[np.ndarray, "1 r"] = np.sum(
            [margin.mean_gradient * (margin.mean[0] < 0) for margin in found], axis=0
        )
        return gradient

    def is_new(self, point: Float64[np.ndarray, " r"]) -> bool:
        """Whether a point differs from all that were scored or are being evaluated."""
        tried = self.posterior if self.success is None else self.success
        gaps = np.linalg.norm(tried.points - point, axis=1)
        return bool(gaps.min(initial=2.0) > _APART)


def _of_scores(
    points: Float64[np.ndarray, "n r"],
    scores: Float64[np.ndarray, " n"],
    *,
    num_fitted: int,
    noise: NoisePrior,
) -> Posterior:
    explanation = best_explanation(points[:num_fitted], scores[:num_fitted], noise=noise)
    values = standardised(scores, tail=explanation.tail)
    return Posterior.given(points, values, kernel=explanation.kernel)


def _of_margins(
    points: Float64[np.ndarray, "n r"], constraint: Float64[np.ndarray, " n"], *, num_fitted: int
) -> Posterior:
    fit = fit_kernel(points[:num_fitted], margins(constraint[:num_fitted]))
    return Posterior.given(points, margins(constraint), kernel=fit.kernel)


def _of_success(
    points: Float64[np.ndarray, "n r"], scored: Bool[np.ndarray, " n"], *, num_fitted: int
) -> Posterior:
    labels = np.where(scored, 1.0, -1.0)
    fit = fit_kernel(points[:num_fitted], labels[:num_fitted], noise=PERHAPS_NOISY)
    return Posterior.given(points, labels, kernel=fit.kernel)


def _violation(
    constraints: tuple[Posterior, ...], points: Float64[np.ndarray, "n r"]
) -> Float64[np.ndarray, " n"]:
    """How far margins are below zero in all, by the posterior means."""
    total = np.zeros(len(points))
    for margin in constraints:
        total += np.maximum(-margin.mean(points), 0.0)
    return total
