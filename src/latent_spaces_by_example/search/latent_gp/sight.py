"""Generate many, score few: candidates are generated and looked at, and the best one is scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp.acquisition import Beliefs
from latent_spaces_by_example.search.latent_gp.directions import (
    DECIMALS,
    Directions,
    Points,
    Values,
    on_sphere,
)
from latent_spaces_by_example.search.latent_gp.model import num_explained
from latent_spaces_by_example.search.latent_gp.output_kernel import fit_output_kernel
from latent_spaces_by_example.search.latent_gp.process import NOISY, PERHAPS_NOISY, fit_kernel
from latent_spaces_by_example.search.latent_gp.walks import Rows, Walk, log_uniform, walk_in
from latent_spaces_by_example.search.latent_gp.warp import standardised

# prior draws that a proposal may lie along at most, while they span new directions
_NUM_FRESH = 4
# of the candidates: the share that comes first, a third of it prior draws; the rounds of children
# that the others come in; and how few are one round
_FIRST, _PRIOR, _ROUNDS, _FEW = 0.4, 3, 4, 64
_NUM_BEST, _NUM_PARENTS = 6, 16
# radians: of steps from the best trials, and of those from the best candidates
_WIDE, _NARROW = (0.03, 1.2), (0.01, 0.5)
# radians: how far climbs by the model of angles go, which need no outputs
_CLIMBS = (0.8, 0.2)
_OPTIMISTIC = 3  # every so many-th trial
_SHARED = 4  # the second and later of a batch add a quarter as many candidates
# how much larger the log evidence of scores that follow outputs has to be. For features of noise it
# it was at most 1.7 with 8 to 36 scores, and above 1.5 in 2 of 60 cases; for those of sections at
# least 6 from 12 scores on
_EVIDENCE = 1.5
_MOST_FITTED = 150

Judge = Callable[[Points], Values]


def outputs_tell(history: History) -> bool:
    """Return whether scores follow the outputs' features, rather than angles alone.

    Looking for an output that promises much among many is harmful where features have nothing to
    do with the score: it then chooses by chance. So the log evidence decides, anew each time.

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
    """Propose points by a model of the score over latents and outputs, after the opening's.

    What comes out of a latent is known before its score is paid for. So the model is one of
    the score over angles and features of outputs, and every candidate is generated before it is
    judged: prior draws and steps of many lengths from the best trials, then steps from the best
    candidates and mixes of two, in a few rounds. What is proposed has the largest log expected
    improvement; every third time the largest mean plus one and a half deviations, so as not to
    stay in a poor basin. In a batch all but the first have the latter, the means being believed.

    Args:
        history: all trials, at least two of them scored; its space says how many candidates.
        first: weights of the opening that are part of this proposal, m < n.
        n: how many points to propose.
        rng: the only source of randomness.

    References:
        Desautels et al., "Parallelizing exploration-exploitation tradeoffs in Gaussian process
        bandit optimization", JMLR 2014 (optimism in a batch).
    """
    space, width = history.space, first.shape[1]
    missing = space.num_latent_dims - width
    fresh = 0 if space.within_span else min(max(missing, 1), _NUM_FRESH)
    added = width - space.num_seeds + fresh
    correlation = space.draw(added) if added else space.correlation
    directions = Directions.from_correlation(np.round(correlation, DECIMALS))
    view = Sight.of(history, directions)
    beliefs = Beliefs.of(history, directions, start=0, features=view.scaled(history.features))
    angles_alone = Beliefs.of(history, directions, start=0)
    weights = np.zeros((n, len(correlation)))
    weights[: len(first), :width] = first
    for point in view.of_weights(weights[: len(first)])[0] if len(first) else []:
        beliefs = beliefs.believing(point)
        angles_alone = angles_alone.believing(point[: directions.rank])
    scored = history.weights[history.scored]
    walk = walk_in(space, directions, fresh=directions.factor[width:])
    pool = _Pool(walk, view).with_rows(
        _first_rows(
            max(1, round(_FIRST * space.num_candidates)),
            walk=walk,
            climbs=walk.climbs(angles_alone, history, lengths=_CLIMBS, rng=rng),
            best=walk.rows(scored[_ranked(history, beliefs)])[:_NUM_BEST],
            rng=rng,
        )
    )
    rounds = _ROUNDS if space.num_candidates >= _FEW else 1
    counts = np.diff(np.linspace(len(pool.rows), space.num_candidates, rounds + 1).astype(int))
    for row in range(len(first), n):
        # of a batch all but the first are optimistic: its best is better for that
        is_optimistic = row > len(first) or (len(history) + row) % _OPTIMISTIC == _OPTIMISTIC - 1
        judge = beliefs.optimistic if is_optimistic else beliefs.promise
        for count in counts.tolist():
            pool = pool.with_children(count, judge=judge, rng=rng)
        # what was generated for the first of a batch is there for the others too
        counts = np.array([space.num_candidates // _SHARED])
        order = np.argsort(-pool.values(judge), kind="stable").tolist()
        chosen = next((index for index in order if beliefs.is_new(pool.points[index])), order[0])
        weights[row] = walk.weights(pool.rows[chosen : chosen + 1])[0]
        if row < n - 1:
            beliefs = beliefs.believing(pool.points[chosen])
    return weights


def _first_rows(n: int, *, walk: Walk, climbs: Rows, best: Rows, rng: np.random.Generator) -> Rows:
    """Return the first candidates: climbs, prior draws, and steps from the best trials."""
    climbs = climbs[:n]
    num_drawn = n - len(climbs)
    num_draws = num_drawn // _PRIOR if len(best) else num_drawn
    rows = [climbs, walk.draws(num_draws, rng)]
    if len(best):
        centres = best[rng.integers(len(best), size=num_drawn - num_draws)]
        rows.append(walk.steps(centres, log_uniform(_WIDE, len(centres), rng), rng))
    return np.concatenate(rows)


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
class _Pool:
    """The candidates that were generated so far for one batch.

    Attributes:
        walk: how they are moved.
        view: how they are looked at.
        rows: where each is, as the walk has it, shape (n, q).
        points: unit vectors with scaled features after them, shape (n, r + p).
        penalty: 0, or minus infinity where nothing came out, shape (n,).
    """

    walk: Walk
    view: Sight
    rows: Rows = field(default_factory=lambda: np.zeros((0, 0)))
    points: Points = field(default_factory=lambda: np.zeros((0, 0)))
    penalty: Values = field(default_factory=lambda: np.zeros(0))

    def values(self, judge: Judge) -> Values:
        """Return the promise of each."""
        return judge(self.points) + self.penalty

    def with_rows(self, rows: Rows) -> _Pool:
        """Generate the outputs at rows, and add them."""
        if not len(rows):
            return self
        points, penalty = self.view.of_weights(self.walk.weights(rows))
        if len(self.rows):
            rows = np.concatenate([self.rows, rows])
            points = np.concatenate([self.points, points])
            penalty = np.concatenate([self.penalty, penalty])
        return replace(self, rows=rows, points=points, penalty=penalty)

    def with_children(self, n: int, *, judge: Judge, rng: np.random.Generator) -> _Pool:
        """Add n steps from the best candidates, and from mixes of two of them."""
        order = np.argsort(-self.values(judge), kind="stable")
        parents = self.rows[order[:_NUM_PARENTS]]
        pair = parents[rng.integers(len(parents), size=(2, n))]
        # every other child has one parent
        share = rng.uniform(size=(n, 1)) * (rng.uniform(size=(n, 1)) < 0.5)
        mixed = on_sphere((1 - share) * pair[0] + share * pair[1])
        return self.with_rows(self.walk.steps(mixed, log_uniform(_NARROW, n, rng), rng))


def _ranked(history: History, beliefs: Beliefs) -> np.ndarray:
    """Return the scored trials, feasible and then best by the posterior mean first."""
    num_scored = int(history.scored.sum())
    means = beliefs.posterior.mean(beliefs.posterior.points[:num_scored])
    return np.lexsort([-means, ~history.feasible[history.scored]])
