"""The default search: a Gaussian process over the latent geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp.acquisition import log_expected_improvement
from latent_spaces_by_example.search.latent_gp.ascent import (
    Acquisition,
    climb_orthant,
    climb_sphere,
)
from latent_spaces_by_example.search.latent_gp.directions import Directions, on_sphere
from latent_spaces_by_example.search.latent_gp.fit import fit_kernel
from latent_spaces_by_example.search.latent_gp.opening import opening
from latent_spaces_by_example.search.latent_gp.posterior import Posterior
from latent_spaces_by_example.search.latent_gp.values import standardised

_APART = 1e-5  # radians: closer than this is the same point


@dataclass(frozen=True)
class LatentGPSearch:
    """Model the score over the angles between latents; propose where it may improve most.

    Every point scored so far is a unit vector through the seed latents' correlation, so that a
    Gaussian process whose covariance sees only angles uses all of them, whatever the latent
    dimension. Its proposals maximise log expected improvement: over non-negative weights of
    the given seed latents where the space says ``within_span``, otherwise over signed weights
    of every seed latent so far and a few fresh prior draws.

    Attributes:
        opening_share: of the budget, spent before the model is used: on the given seed latents,
            then on prior draws (or points spread between the given ones).
        num_starts: climbs of the acquisition function for each proposal.
        iterations: steps of each climb.
        num_fresh: prior draws that each proposal may mix in.

    References:
        Bodin et al., arXiv 2408.08558 (combinations of latents); Ament et al., NeurIPS 2023
        (LogEI); Ginsbourger et al., 2010 (believing the mean at pending points).

    Example:
        >>> LatentGPSearch(opening_share=0.25).opening_share
        0.25
    """

    opening_share: float = 0.15
    num_starts: int = 16
    iterations: int = 40
    num_fresh: int = 1

    def propose(
        self, history: History, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n K_and_m"]:
        """Propose ``n`` points to score next.

        Raises:
            ArgumentError: the search is confined to fewer than two given seed latents.
        """
        space = history.space
        if space.within_span and space.num_given < 2:
            raise ArgumentError(
                "LatentGPSearch searches between at least 2 given seed latents, and this study "
                f"has num_given={space.num_given}. Name more examples, pass more seed latents, "
                "or allow the search to leave their span."
            )
        first = opening(history, n, share=self.opening_share)
        if len(first) == n:
            return first
        return self._with_model(history, first, n=n, rng=rng)

    def _with_model(
        self,
        history: History,
        first: Float64[np.ndarray, "m K_and_opened"],
        *,
        n: int,
        rng: np.random.Generator,
    ) -> Float64[np.ndarray, "n K_and_m"]:
        space = history.space
        opened = first.shape[1] - space.num_seeds
        fresh = 0 if space.within_span else self.num_fresh * (n - len(first))
        correlation = space.draw(opened + fresh) if opened + fresh else space.correlation
        directions = Directions.from_correlation(correlation)
        model = _Model.of(history, directions)
        taken = [first @ directions.factor[: first.shape[1]]]
        for point in on_sphere(taken[0]):
            model = model.believing(point)
        weights = [_widened(first, len(correlation))]
        for index in range(n - len(first)):
            if space.within_span:
                w = self._between(history, model, directions, rng)
            else:
                begin = space.num_seeds + opened + index * self.num_fresh
                w = self._anywhere(
                    model, directions, directions.factor[begin : begin + self.num_fresh], rng
                )
            weights.append(w[None])
            model = model.believing(directions.from_weights(w[None])[0])
        return np.concatenate(weights)

    def _between(
        self, history: History, model: _Model, directions: Directions, rng: np.random.Generator
    ) -> Float64[np.ndarray, " K"]:
        num_given = history.space.num_given
        starts = np.abs(rng.standard_normal((self.num_starts, num_given)))
        usable = (history.weights[:, :num_given] >= 0).all(axis=1) & history.finished
        usable &= (history.weights[:, num_given:] == 0).all(axis=1)
        best = np.flatnonzero(usable)
        best = best[np.argsort(-history.scores[best], kind="stable")][: self.num_starts // 2]
        near = history.weights[best, :num_given]
        starts[: len(near)] = near + 0.1 * np.abs(rng.standard_normal(near.shape))
        points, values = climb_orthant(
            model.acquisition, on_sphere(starts), directions=directions, iterations=self.iterations
        )
        chosen = np.zeros(len(directions.factor))
        for index in np.argsort(-values):
            chosen[:num_given] = points[index]
            if model.is_new(directions.from_weights(chosen[None])[0]):
                return chosen
        chosen[:num_given] = on_sphere(np.abs(rng.standard_normal((1, num_given))))[0]
        return chosen

    def _anywhere(
        self, model: _Model, directions: Directions, fresh: np.ndarray, rng: np.random.Generator
    ) -> Float64[np.ndarray, " K_and_m"]:
        basis = np.concatenate([model.posterior.points, fresh])
        mixes = on_sphere(rng.standard_normal((self.num_starts, len(basis))) @ basis)
        near = model.best_points(self.num_starts // 2)
        angles = rng.choice([0.1, 0.3, 0.6], size=(len(near), 1))
        starts = mixes.copy()
        starts[: len(near)] = np.cos(angles) * near + np.sin(angles) * mixes[: len(near)]
        points, values = climb_sphere(
            model.acquisition, on_sphere(starts), iterations=self.iterations
        )
        points = np.concatenate([points[np.argsort(-values)], fresh])
        chosen = next((point for point in points if model.is_new(point)), fresh[0])
        weights: Float64[np.ndarray, " K_and_m"] = directions.to_weights(chosen[None])[0]
        return weights


@dataclass(frozen=True)
class _Model:
    """The posterior with points that are being evaluated believed to score its mean."""

    posterior: Posterior
    values: Float64[np.ndarray, " n"]
    best: float
    num_believed: int = 0

    @classmethod
    def of(cls, history: History, directions: Directions) -> _Model:
        settled = ~history.pending
        points = directions.from_weights(history.weights)
        known = (history.finished & np.isfinite(history.scores))[settled]
        values = standardised(history.scores[settled], known)
        kernel = fit_kernel(points[settled], values)
        posterior = Posterior.given(points[settled], values, kernel=kernel)
        # with noise the best score may be luck: what has to be beaten is the best mean
        best = float(
            posterior.mean(points[settled][known] if known.any() else points[settled]).max()
        )
        model = cls(posterior, values, best)
        for point in points[history.pending]:
            model = model.believing(point)
        return model

    def believing(self, point: Float64[np.ndarray, " r"]) -> _Model:
        """The model after the posterior mean itself has been scored at a point."""
        old = self.posterior
        mean = float(old.mean(point[None])[0])
        values = np.append(self.values, mean)
        posterior = Posterior.given(
            np.concatenate([old.points, point[None]]),
            values,
            kernel=old.kernel,
            constant=old.constant,
            num_exact=self.num_believed + 1,
        )
        return _Model(posterior, values, max(self.best, mean), self.num_believed + 1)

    @property
    def acquisition(self) -> Acquisition:
        """Log expected improvement over the best mean."""
        return lambda points: log_expected_improvement(self.posterior.predict(points), self.best)

    def best_points(self, n: int) -> Float64[np.ndarray, "m r"]:
        """Points of the highest values."""
        order = np.argsort(-self.values, kind="stable")
        points: Float64[np.ndarray, "m r"] = self.posterior.points[order[:n]]
        return points

    def is_new(self, point: Float64[np.ndarray, " r"]) -> bool:
        """Whether a point differs from all that were scored or are being evaluated."""
        gaps = np.linalg.norm(self.posterior.points - point, axis=1)
        return bool(gaps.min(initial=2.0) > _APART)


def _widened(weights: Float64[np.ndarray, "n K"], width: int) -> Float64[np.ndarray, "n K_and_m"]:
    return np.concatenate([weights, np.zeros((len(weights), width - weights.shape[1]))], axis=1)
