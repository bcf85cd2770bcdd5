"""The model of a history: a Gaussian process, with trials under way believed to score its mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp.acquisition import log_expected_improvement
from latent_spaces_by_example.search.latent_gp.ascent import Acquisition
from latent_spaces_by_example.search.latent_gp.directions import Directions
from latent_spaces_by_example.search.latent_gp.fit import fit_kernel
from latent_spaces_by_example.search.latent_gp.posterior import Posterior
from latent_spaces_by_example.search.latent_gp.values import standardised

_APART = 1e-5  # radians: closer than this is the same point


@dataclass(frozen=True)
class Model:
    """What is known and believed about the score.

    Attributes:
        posterior: given the settled trials and the believed ones.
        incumbent: the region's point of the highest posterior mean, a unit vector, shape (r,).
            With noise the best score may be luck, and so the best mean counts.
        best: the mean that has to be beaten.
        num_believed: how many of the posterior's points, the last ones, are believed.
    """

    posterior: Posterior
    incumbent: Float64[np.ndarray, " r"]
    best: float
    num_believed: int = 0

    @classmethod
    def of(cls, history: History, directions: Directions, *, start: int) -> Model:
        """Fit hyperparameters, condition on what is settled, believe what is pending."""
        settled = ~history.pending
        known = (history.finished & np.isfinite(history.scores))[settled]
        points = directions.from_weights(history.weights)
        values = standardised(history.scores[settled], known)
        kernel = fit_kernel(points[settled], values)
        posterior = Posterior.given(points[settled], values, kernel=kernel)
        inside = np.flatnonzero(settled) >= start
        candidates = points[settled][known & inside]
        means = posterior.mean(candidates)
        leader = int(np.argmax(means))
        model = cls(posterior, candidates[leader], float(means[leader]))
        for point in points[~settled]:
            model = model.believing(point)
        return model

    def believing(self, point: Float64[np.ndarray, " r"]) -> Model:
        """The model after the posterior mean itself has been scored at a point, without noise.

        References:
            Ginsbourger et al., "Kriging is well-suited to parallelize optimization" (2010).
        """
        old = self.posterior
        mean = float(old.mean(point[None])[0])
        posterior = Posterior.given(
            np.concatenate([old.points, point[None]]),
            np.append(old.values, mean),
            kernel=old.kernel,
            constant=old.constant,
            num_exact=self.num_believed + 1,
        )
        best = max(self.best, mean)
        return Model(posterior, self.incumbent, best, self.num_believed + 1)

    @property
    def acquisition(self) -> Acquisition:
        """Log expected improvement over the best mean."""
        return lambda points: log_expected_improvement(self.posterior.predict(points), self.best)

    def is_new(self, point: Float64[np.ndarray, " r"]) -> bool:
        """Whether a point differs from all that were scored or are being evaluated."""
        gaps = np.linalg.norm(self.posterior.points - point, axis=1)
        return bool(gaps.min(initial=2.0) > _APART)
