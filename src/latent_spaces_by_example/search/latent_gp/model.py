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
from latent_spaces_by_example.search.latent_gp.fit import fit_kernel
from latent_spaces_by_example.search.latent_gp.posterior import Posterior
from latent_spaces_by_example.search.latent_gp.values import margins, standardised

_APART = 1e-5  # radians: closer than this is the same point
_NOISELESS = 0.06  # radians: noise that even a shorter step tells more than is none


@dataclass(frozen=True)
class Model:
    """What is known and believed about the score, and about each constraint.

    Attributes:
        posterior: given the settled trials and the believed ones.
        incumbent: the region's feasible point of the highest posterior mean, a unit vector, shape
            (r,). With noise the best score may be luck, and so the best mean counts. Where none
            is feasible, the one of the least violation by the posterior means.
        best: the mean that has to be beaten; minus infinity where nothing is feasible yet.
        num_believed: how many of the posterior's points, the last ones, are believed.
        constraints: for each constraint the posterior of its margin, positive where it is met,
            at the same points.
    """

    posterior: Posterior
    incumbent: Float64[np.ndarray, " r"]
    best: float
    num_believed: int = 0
    constraints: tuple[Posterior, ...] = ()

    @classmethod
    def of(cls, history: History, directions: Directions, *, start: int) -> Model:
        """Fit to most of what is settled, condition on all of it, believe what is pending."""
        settled = ~history.pending
        known = (history.finished & np.isfinite(history.scores))[settled]
        points = directions.from_weights(history.weights)
        num_fitted = int(settled[: num_explained(len(history))].sum()) or len(known)
        posterior = _of_scores(points[settled], history.scores[settled], known, num_fitted)
        constraints = tuple(
            _of_margins(points[settled], column, known, num_fitted)
            for column in history.violations[settled].T
        )
        inside = known & (np.flatnonzero(settled) >= start)
        feasible = inside & (history.violations[settled] <= 0).all(axis=1)
        model = cls._leading(posterior, constraints, inside=inside, feasible=feasible)
        for point in points[~settled]:
            model = model.believing(point)
        return model

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
        """Log expected improvement over the best mean plus the log probability of feasibility.

        Where nothing is feasible yet there is nothing to improve on, and the probability is all.
        """
        if not self.constraints:
            return lambda points: log_expected_improvement(
                self.posterior.predict(points), self.best
            )
        return self._constrained

    def _constrained(
        self, points: Float64[np.ndarray, "n r"]
    ) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, "n r"]]:
        terms = [log_feasibility(margin.predict(points)) for margin in self.constraints]
        if np.isfinite(self.best):
            terms.append(log_expected_improvement(self.posterior.predict(points), self.best))
        values, gradients = zip(*terms, strict=True)
        return np.sum(values, axis=0), np.sum(gradients, axis=0)

    @property
    def is_noisy(self) -> bool:
        """Whether the score of a step of 0.06 radians is more noise than news, to the kernel."""
        return self.posterior.kernel.telling_angle(_NOISELESS) >= _NOISELESS

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
        gaps = np.linalg.norm(self.posterior.points - point, axis=1)
        return bool(gaps.min(initial=2.0) > _APART)


def _of_scores(
    points: Float64[np.ndarray, "n r"],
    scores: Float64[np.ndarray, " n"],
    known: Bool[np.ndarray, " n"],
    num_fitted: int,
) -> Posterior:
    first = slice(num_fitted)
    explanation = best_explanation(points[first], scores[first], known[first])
    values = standardised(scores, known, tail=explanation.tail)
    return Posterior.given(points, values, kernel=explanation.kernel)


def _of_margins(
    points: Float64[np.ndarray, "n r"],
    constraint: Float64[np.ndarray, " n"],
    known: Bool[np.ndarray, " n"],
    num_fitted: int,
) -> Posterior:
    first = slice(num_fitted)
    fit = fit_kernel(points[first], margins(constraint[first], known[first]))
    return Posterior.given(points, margins(constraint, known), kernel=fit.kernel)


def _violation(
    constraints: tuple[Posterior, ...], points: Float64[np.ndarray, "n r"]
) -> Float64[np.ndarray, " n"]:
    """How far margins are below zero in all, by the posterior means."""
    total = np.zeros(len(points))
    for margin in constraints:
        total += np.maximum(-margin.mean(points), 0.0)
    return total
