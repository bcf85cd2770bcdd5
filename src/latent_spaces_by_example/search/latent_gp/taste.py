"""A model of a person's taste: a Gaussian process given choices, ties and scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int
from scipy.linalg import solve_triangular

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import History, Preference
from latent_spaces_by_example.search.latent_gp.directions import (
    DECIMALS,
    Directions,
    Points,
    Values,
)
from latent_spaces_by_example.search.latent_gp.person import (
    Answers,
    Evidence,
    Fit,
    Kernel,
    fitted,
)
from latent_spaces_by_example.search.latent_gp.process import safe_cholesky
from latent_spaces_by_example.search.latent_gp.sight import Sight
from latent_spaces_by_example.search.latent_gp.warp import standardised

_LEAST_SCORED = 2  # one score alone says nothing of which trial is better


@dataclass(frozen=True)
class TasteModel:
    """The posterior of a person's taste, by Laplace's approximation.

    The process is carried by at most 128 of the points compared, f = phi v with v standard normal
    a priori, so that a thousand points cost no more than a few of them.

    Attributes:
        sight: makes points of weights.
        fit: the most probable hyperparameters, and the posterior of v.
        points: all points that a preference or a score is of, shape (n, r).
        rows: the rows of the history that these are, shape (n,).
    """

    sight: Sight
    fit: Fit
    points: Points
    rows: Int[np.ndarray, " n"]

    @classmethod
    def of(cls, history: History, *, directions: Directions | None = None) -> TasteModel:
        """Fit to the last answers of a history, and condition on all of them.

        Args:
            history: has preferences; scores of the same study count as well.
            directions: a frame of the seed latents, by default of those in the history.

        Raises:
            ArgumentError: there is no preference; or beside them there are several scores or
                constraints, which do not say what one person likes.
        """
        if not history.preferences:
            raise ArgumentError(
                f"none of the {len(history)} trials in the history was compared; compare some "
                "with study.prefer before asking for a model of taste"
            )
        if history.objectives.shape[1] or history.violations.shape[1]:
            raise ArgumentError(
                "preferences go with one score without constraints, and this study has "
                f"{history.num_scores} scores and {history.violations.shape[1]} constraints; give "
                "either preferences or scores"
            )
        scored = np.flatnonzero(history.scored)
        scored = scored if len(scored) >= _LEAST_SCORED else scored[:0]
        rows = np.union1d(np.flatnonzero(history.compared), scored).astype(int)
        weights = history.weights[rows]
        # the fit sees inner products alone, so that one in the frame of the seed latents in use
        # serves every larger frame
        width = 1 + int(np.flatnonzero(weights.any(axis=0))[-1])
        correlation = np.round(history.space.correlation, DECIMALS)
        own = Directions.from_correlation(correlation[:width, :width])
        sight = Sight.of(history, directions or Directions.from_correlation(correlation))
        features = sight.scaled(history.features[rows])
        place = {row: index for index, row in enumerate(rows.tolist())}
        answers = Answers.of(
            tuple(
                Preference(
                    None if preference.best is None else place[preference.best],
                    tuple(place[row] for row in preference.among),
                )
                for preference in history.preferences
            )
        )
        evidence = Evidence(
            np.concatenate([own.from_weights(weights[:, :width]), features], axis=1),
            answers,
            scored=np.array([place[row] for row in scored.tolist()], dtype=int),
            values=standardised(history.scores[scored]) if len(scored) else np.zeros(0),
            num_features=history.features.shape[1],
        )
        fit = fitted(evidence)
        points = np.concatenate([sight.directions.from_weights(weights), features], axis=1)
        return cls(sight, fit, points, rows)

    def mean(self, points: Points) -> Values:
        """Return the most probable taste at points."""
        return self._basis(points) @ self.fit.mode

    def draws(self, points: Points, num: int, rng: np.random.Generator) -> np.ndarray:
        """Return joint draws of taste at points from its posterior, shape (num, n)."""
        basis = self._basis(points)
        kernel = self._kernel
        left = kernel.between(points, points) - basis @ basis.T
        root = safe_cholesky(left + 1e-9 * np.eye(len(left)))
        noise = rng.standard_normal((num, len(self.fit.mode)))
        carried = self.fit.mode + solve_triangular(self.fit.factor, noise.T, lower=True, trans=1).T
        drawn: np.ndarray = carried @ basis.T + rng.standard_normal((num, len(points))) @ root.T
        return drawn

    @property
    def _kernel(self) -> Kernel:
        features = self.points.shape[1] - self.sight.directions.rank
        return self.fit.person.kernel(num_features=features)

    def _basis(self, points: Points) -> Float64[np.ndarray, "n m"]:
        carriers = self.points[self.fit.carriers]
        basis: Float64[np.ndarray, "n m"] = self._kernel.between(points, carriers) @ self.fit.back
        return basis


def tastes(history: History) -> Values:
    """Return the most probable taste for each trial that was compared or scored, NaN for others.

    It has unit variance a priori, and only differences mean anything.
    """
    taste = np.full(len(history), np.nan)
    if history.preferences:
        model = TasteModel.of(history)
        taste[model.rows] = model.mean(model.points)
    return taste
