"""The default search: a Gaussian process over the latent geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp.candidates import step_anywhere, step_between
from latent_spaces_by_example.search.latent_gp.directions import Directions
from latent_spaces_by_example.search.latent_gp.model import Model
from latent_spaces_by_example.search.latent_gp.opening import opening, opening_size
from latent_spaces_by_example.search.latent_gp.step import step_angle
from latent_spaces_by_example.search.latent_gp.values import standardised


@dataclass(frozen=True)
class LatentGPSearch:
    """Model the score over the angles between latents; step from the best where it may improve.

    Every point scored so far is a unit vector through the seed latents' correlation, so that a
    Gaussian process whose covariance sees only angles uses all of them, whatever the latent
    dimension. A proposal is a step from the best point: its angle follows from how often steps
    have succeeded, its direction maximises log expected improvement. It is a mix of non-negative
    weights of the given seed latents where the space says ``within_span``, otherwise of signed
    weights of every seed latent so far and a fresh prior draw.

    Attributes:
        opening_share: of the budget, spent before the model is used: on the given seed latents,
            then on prior draws (or points spread between the given ones).
        num_fresh: prior draws that each proposal may mix in.

    References:
        Bodin et al., arXiv 2408.08558 (combinations of latents); Ament et al., NeurIPS 2023
        (LogEI).

    Example:
        >>> LatentGPSearch(opening_share=0.25).opening_share
        0.25
    """

    opening_share: float = 0.1
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
        fresh = 0 if space.within_span else self.num_fresh * (n - len(first))
        added = first.shape[1] - space.num_seeds + fresh
        correlation = space.draw(added) if added else space.correlation
        directions = Directions.from_correlation(correlation)
        weights = np.zeros((n, len(correlation)))
        weights[: len(first), : first.shape[1]] = first
        model = Model.of(history, directions)
        for point in directions.from_weights(weights[: len(first)]):
            model = model.believing(point)
        angle = self._angle(history)
        for row in range(len(first), n):
            if space.within_span:
                weights[row] = step_between(
                    model, history, directions=directions, angle=angle, rng=rng
                )
            else:
                begin = first.shape[1] + (row - len(first)) * self.num_fresh
                unused = directions.factor[begin : begin + self.num_fresh]
                point = step_anywhere(model, unused, angle=angle, rng=rng)
                weights[row] = directions.to_weights(point[None])[0]
            model = model.believing(directions.from_weights(weights[row : row + 1])[0])
        return weights

    def _angle(self, history: History) -> float:
        known = history.finished & np.isfinite(history.scores)
        return step_angle(
            standardised(history.scores, known),
            ~history.pending,
            num_opening=opening_size(history, share=self.opening_share),
        )
