"""The default search: a Gaussian process over the latent geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.constraints import ranked_scores, relative_violation
from latent_spaces_by_example.search.latent_gp.acquisition import Beliefs
from latent_spaces_by_example.search.latent_gp.directions import DECIMALS, Directions
from latent_spaces_by_example.search.latent_gp.gallery import propose_by_taste
from latent_spaces_by_example.search.latent_gp.region import (
    LARGEST,
    Region,
    current_region,
    is_blind,
    is_free,
    opening,
    opening_size,
)
from latent_spaces_by_example.search.latent_gp.sight import outputs_tell, propose_by_sight
from latent_spaces_by_example.search.latent_gp.steps import (
    step_anywhere,
    step_between,
    step_blindly,
)
from latent_spaces_by_example.search.pareto import scalarised


@dataclass(frozen=True)
class LatentGPSearch:
    """Model the score over the angles between latents; step from the best where it may improve.

    Every point scored so far is a unit vector through the seed latents' correlation, so that a
    Gaussian process whose covariance sees only angles uses all of them, whatever the latent
    dimension. Whether the score is smooth or kinked, and how much of a poor score's badness counts,
    is what the scores make most probable. A proposal is a step from the best point that maximises
    log expected improvement, within a range of angles that follows from how often steps have
    succeeded; every fourth may also be shorter. It has non-negative weights of the given seed
    latents where the space says ``within_span``, otherwise signed weights of every seed latent so
    far and of a fresh prior draw, which each proposal follows by some angle at least, so that each
    trial tells of a new direction. There some proposals after the first 64, and every other one
    where scores look noisy or all directions have been seen, are blind steps along a fresh draw: a
    hill climb that shares its finds with the model, and goes on where cliffs lead a smooth model
    astray. Noise makes these angles longer, so that a step tells of the score as much as of the
    noise. Where steps no longer succeed they become wide again, and if that finds nothing either
    the search begins anew from prior draws; the model keeps what it has learnt. Between examples
    nothing is too far, there are no blind steps, and every other proposal keeps a least distance
    from the best point.

    Where the history says that scores are noisy the model expects it, twice as many prior draws
    come first, every other step is blind, and the search does not begin anew: that a lucky score
    is not beaten says little. Where most of what scores follow is linear steps are longer too, and
    failures do not shorten them.

    Trials that failed have no score. A Gaussian process of its own says where that is likely, and
    the log probability of success counts beside the improvement.

    Each constraint has a Gaussian process of its own. Then the best point is the best feasible
    one, and what is maximised is the log expected improvement plus the log of the probability that
    all constraints are met; the probability alone until something is feasible.

    Of several scores each call makes one, by the Tchebycheff function with random weights (ParEGO),
    so that the proposals move along the Pareto front.

    Where the history's space can be looked at and allows more candidates than one, and scores
    follow what is seen, candidates are generated instead, and the one whose output promises most is
    proposed. See
    :mod:`latent_spaces_by_example.search.latent_gp.sight`.

    Where the history has preferences, a model of taste proposes. See
    :mod:`latent_spaces_by_example.search.latent_gp.taste`.

    Attributes:
        num_fresh: prior draws that each proposal may mix in.
        num_prior_seeds: how many prior draws a study should span the space with: none, since
            this search asks for its own.
        looks: that it makes use of ``SearchSpace.look``.
        takes_preferences: that it learns from ``History.preferences``.

    References:
        Bodin et al., arXiv 2408.08558 (combinations of latents); Ament et al., NeurIPS 2023
        (LogEI); Gardner et al., ICML 2014 (constraints); Knowles, IEEE Trans.
        Evolutionary Computation 10 (2006) (several scores).

    Example:
        >>> LatentGPSearch(num_fresh=2).num_fresh
        2
    """

    num_fresh: int = 1
    num_prior_seeds: ClassVar[int] = 0
    looks: ClassVar[bool] = True
    takes_preferences: ClassVar[bool] = True

    def propose(
        self, history: History, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n K_and_m"]:
        """Propose ``n`` points to score next.

        Raises:
            ArgumentError: preferences go with scores that do not mix.
        """
        space = history.space
        if history.preferences:
            return propose_by_taste(history, n=n, rng=rng)
        if history.objectives.shape[1]:
            history = scalarised(history, rng)
        if space.look is not None and space.num_candidates > 1:
            first = opening(history, n, start=0)
            if len(first) == n:
                return first
            if outputs_tell(history):
                return propose_by_sight(history, first, n=n, rng=rng)
        region = current_region(
            np.where(
                history.finished,
                ranked_scores(history, violation=relative_violation(history)),
                -np.inf,
            ),
            ~history.pending,
            num_known=history.num_known,
            num_opening=opening_size(space, noisy=history.noisy),
            num_dims=space.num_latent_dims,
            # where scores are luck, that the best is not beaten does not say that all is found
            may_restart=not space.within_span and not history.noisy,
        )
        first = opening(history, n, start=region.start)
        if len(first) == n:
            return first
        return self._with_model(history, first, region=region, n=n, rng=rng)

    def _with_model(
        self,
        history: History,
        first: Float64[np.ndarray, "m K_and_opened"],
        *,
        region: Region,
        n: int,
        rng: np.random.Generator,
    ) -> Float64[np.ndarray, "n K_and_m"]:
        space, width = history.space, first.shape[1]
        fresh = 0 if space.within_span else self.num_fresh * (n - len(first))
        added = width - space.num_seeds + fresh
        correlation = space.draw(added) if added else space.correlation
        directions = Directions.from_correlation(np.round(correlation, DECIMALS))
        weights = np.zeros((n, len(correlation)))
        weights[: len(first), :width] = first
        beliefs = Beliefs.of(history, directions, start=region.start)
        for row in range(n):
            trial = len(history) + row
            least, most = region.angles
            if beliefs.is_noisy_trend and not space.within_span:
                most = LARGEST  # nor how far to step
            angles = (0.0 if is_free(trial, within_span=space.within_span) else least, most)
            if row >= len(first) and space.within_span:
                weights[row] = step_between(
                    beliefs, history, directions=directions, angles=angles, rng=rng
                )
            elif row >= len(first):
                begin = width + (row - len(first)) * self.num_fresh
                unused = directions.factor[begin : begin + self.num_fresh]
                if is_blind(trial, noisy=beliefs.is_noisy, num_dims=space.num_latent_dims):
                    point = step_blindly(beliefs, unused, angle=region.blind, most=most)
                else:
                    point = step_anywhere(beliefs, unused, angles=angles, rng=rng)
                weights[row] = directions.to_weights(point[None])[0]
            if row < n - 1:
                beliefs = beliefs.believing(directions.from_weights(weights[row : row + 1])[0])
        return weights
