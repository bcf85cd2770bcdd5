"""Generate many, score few: candidates are generated and looked at, and the best one is scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp.acquisition import Beliefs
from latent_spaces_by_example.search.latent_gp.directions import (
    DECIMALS,
    Directions,
    Points,
    Values,
)
from latent_spaces_by_example.search.latent_gp.model import num_explained
from latent_spaces_by_example.search.latent_gp.output_kernel import fit_output_kernel
from latent_spaces_by_example.search.latent_gp.process import NOISY, PERHAPS_NOISY, fit_kernel
from latent_spaces_by_example.search.latent_gp.walks import Rows, Walk, walk_in
from latent_spaces_by_example.search.latent_gp.warp import standardised

# Prior draws that a proposal may lie along, while they span new directions: all that are missing
# where latents have few dimensions, else so many.
_FEW_DIMS, _NUM_FRESH = 256, 16
# chains, each of at least so many looks; a chain's first step, its least and largest, in radians
_CHAINS, _LEAST_LOOKS = 16, 8
_STEP, _STEPS = 0.3, (0.02, 1.4)
# how a step that is taken and one that is not change a chain's next: one in four is taken then
_TAKEN, _REFUSED = 1.2, 1.2 ** (-1 / 3)
_SHARED = 4  # the second and later of a batch look at a quarter as many
# how much larger the log evidence of scores that follow outputs has to be. With 8 to 36 scores it
# was larger by more for features of noise in 1 of 60 cases; for those of sections by at least 3.7,
# for those of digits by 3.1 from 36 on
_EVIDENCE = 1.5
_MOST_FITTED = 150


def outputs_tell(history: History) -> bool:
    """Return whether scores follow the outputs' features, rather than angles alone.

    Looking for an output that promises much among many is harmful where features have nothing to
    do with the score: it then chooses by chance. So the log evidence of a model over features
    against that of one over angles decides, anew each time.

    Args:
        history: all trials, at least one of them scored, with features.
    """
    directions = Directions.from_correlation(np.round(history.space.correlation, DECIMALS))
    features = Sight.of(history, directions).scaled(history.features)
    scored = history.scored
    num_first = int(scored[: num_explained(len(history))].sum()) or int(scored.sum())
    points = directions.from_weights(history.weights)[scored][:num_first]
    seen = np.concatenate([points, features[scored][:num_first]], axis=1)
    values = standardised(history.scores[scored][:num_first])
    noise = NOISY if history.noisy else PERHAPS_NOISY
    _, by_outputs = fit_output_kernel(
        seen, values, num_features=features.shape[1], noise=noise, most=_MOST_FITTED
    )
    _, by_angles = fit_kernel(points, values, noise=noise, most=_MOST_FITTED)
    return by_outputs - by_angles > _EVIDENCE


def propose_by_sight(
    history: History,
    first: Float64[np.ndarray, "m K_and_opened"],
    *,
    n: int,
    rng: np.random.Generator,
) -> Float64[np.ndarray, "n K_and_m"]:
    """Propose points by a model of the score over outputs, after the opening's.

    What comes out of a latent is known before its score is paid for. So the model is one of the
    score over features of outputs, and every candidate is generated before it is judged. From the
    best trials chains walk over latents, so that they draw from the prior times the probability of
    beating the best. Of their ends the one of the largest log expected improvement is proposed.
    To walk, rather than to climb to where the model promises most, leaves poor basins: what a
    model of few scores promises most is mostly wrong.

    In a batch the chains go on for each further point, the model believing its own means at those
    chosen so far, and the end of the largest mean plus one and a half deviations is taken.

    Args:
        history: all trials, at least two of them scored; its space says how many candidates.
        first: weights of the opening that are part of this proposal, m < n.
        n: how many points to propose.
        rng: the only source of randomness.

    References:
        Moss et al., "Return of the latent space COWBOYS", arXiv 2507.03910 (chains towards
        improvement, and a model of outputs); Cotter et al., "MCMC methods for functions",
        Statistical Science 2013 (steps that keep to the prior); Desautels et al.,
        "Parallelizing exploration-exploitation tradeoffs in Gaussian process bandit
        optimization", JMLR 2014 (optimism in a batch).
    """
    space, width = history.space, first.shape[1]
    missing = space.num_latent_dims - width
    most = missing if space.num_latent_dims <= _FEW_DIMS else _NUM_FRESH
    fresh = 0 if space.within_span else max(min(missing, most), 1)
    added = width - space.num_seeds + fresh
    correlation = space.draw(added) if added else space.correlation
    directions = Directions.from_correlation(np.round(correlation, DECIMALS))
    sight = Sight.of(history, directions)
    beliefs = Beliefs.of(history, directions, start=0, features=sight.scaled(history.features))
    weights = np.zeros((n, len(correlation)))
    weights[: len(first), :width] = first
    for point in sight.of_weights(weights[: len(first)])[0] if len(first) else []:
        beliefs = beliefs.believing(point)
    walk = walk_in(space, directions)
    num_chains = min(_CHAINS, max(1, space.num_candidates // _LEAST_LOOKS))
    scored = history.weights[history.scored]
    starts = walk.rows(scored[_ranked(history, beliefs)])[:num_chains]
    chains = _Chains.at(starts if len(starts) else walk.draws(num_chains, rng), walk, sight)
    num_steps = space.num_candidates // len(chains.rows) - 1
    for row in range(len(first), n):
        chains = chains.after(max(num_steps, 1), beliefs=beliefs, rng=rng)
        num_steps = space.num_candidates // (_SHARED * len(chains.rows))
        judged = beliefs.promise if row == len(first) else beliefs.optimistic
        order = np.argsort(-judged(chains.points), kind="stable").tolist()
        chosen = next((i for i in order if beliefs.is_new(chains.points[i])), order[0])
        weights[row] = walk.weights(chains.rows[chosen : chosen + 1])[0]
        if row < n - 1:
            beliefs = beliefs.believing(chains.points[chosen])
    return weights


@dataclass(frozen=True)
class Sight:
    """Looks at latents: weights become points, unit vectors with scaled features after them.

    Attributes:
        directions: the frame of the seed latents.
        look: weights, shape (n, K) -> features, shape (n, p).
        middle: mean of the features, shape (p,).
        size: all features are divided by this one number, so that what varies little between
            outputs counts little.
    """

    directions: Directions
    look: Callable[[Rows], Rows]
    middle: Float64[np.ndarray, " p"]
    size: float

    @classmethod
    def of(cls, history: History, directions: Directions) -> Sight:
        """Measure the features of most trials, so that the model fitted to them stays."""
        look = history.space.look
        features = history.features[: num_explained(len(history))]
        known = features[np.isfinite(features).all(axis=1)]
        middle = known.mean(axis=0) if len(known) else np.zeros(features.shape[1])
        size = float(np.sqrt(((known - middle) ** 2).sum(axis=1).mean())) if len(known) else 0.0
        # constant features, but for rounding, tell nothing
        size = size if size > 1e-12 * float(np.abs(known).max(initial=0.0)) else np.inf
        return cls(directions, look or _nothing, middle, size)

    def scaled(self, features: Rows) -> Rows:
        """Return features about their mean, in units of their size; zeros where not known."""
        scaled = (features - self.middle) / self.size
        return np.where(np.isfinite(scaled).all(axis=1, keepdims=True), scaled, 0.0)

    def of_weights(self, weights: Rows) -> tuple[Points, Values]:
        """Return the points at weights, and for each 0, or minus infinity if nothing came out."""
        features = self.look(weights)
        points = np.concatenate(
            [self.directions.from_weights(weights), self.scaled(features)], axis=1
        )
        return points, np.where(np.isfinite(features).all(axis=1), 0.0, -np.inf)


def _nothing(weights: Rows) -> Rows:
    return np.zeros((len(weights), 0))


@dataclass(frozen=True)
class _Chains:
    """Chains over latents, each at a point that was looked at.

    Attributes:
        walk: moves them.
        sight: looks at where they come to.
        rows: where each is, as the walk has it, shape (m, q).
        points: unit vectors with scaled features after them, shape (m, r + p).
        steps: how far each goes next, in radians, shape (m,).
    """

    walk: Walk
    sight: Sight
    rows: Rows
    points: Points
    steps: Values

    @classmethod
    def at(cls, rows: Rows, walk: Walk, sight: Sight) -> _Chains:
        """Begin a chain at each row."""
        points, _ = sight.of_weights(walk.weights(rows))
        return cls(walk, sight, rows, points, np.full(len(rows), _STEP))

    def after(self, num_steps: int, *, beliefs: Beliefs, rng: np.random.Generator) -> _Chains:
        """Return the chains so many steps on; one that stayed all the time moves by its last."""
        rows, points, steps = self.rows, self.points, self.steps
        stayed, logs = np.ones(len(rows), dtype=bool), beliefs.log_chance(points)
        for _ in range(num_steps):
            moved = self.walk.steps(rows, steps, rng)
            seen, penalty = self.sight.of_weights(self.walk.weights(moved))
            there = beliefs.log_chance(seen) + penalty
            taken = np.log(rng.uniform(size=len(rows))) < there - logs
            rows = np.where(taken[:, None], moved, rows)
            points = np.where(taken[:, None], seen, points)
            logs = np.where(taken, there, logs)
            steps = np.clip(steps * np.where(taken, _TAKEN, _REFUSED), *_STEPS)
            stayed &= ~taken
        lost = (stayed & np.isfinite(penalty))[:, None]
        return replace(
            self,
            rows=np.where(lost, moved, rows),
            points=np.where(lost, seen, points),
            steps=steps,
        )


def _ranked(history: History, beliefs: Beliefs) -> np.ndarray:
    """Return the scored trials, feasible and then best by the posterior mean first."""
    num_scored = int(history.scored.sum())
    means = beliefs.posterior.mean(beliefs.posterior.points[:num_scored])
    return np.lexsort([-means, ~history.feasible[history.scored]])
