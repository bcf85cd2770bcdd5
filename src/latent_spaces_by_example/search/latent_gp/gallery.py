"""Propose a gallery by taste: outputs that are good, and that differ."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64

from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp.directions import DECIMALS, Directions, Points
from latent_spaces_by_example.search.latent_gp.taste import TasteModel
from latent_spaces_by_example.search.latent_gp.walks import Rows, Walk, log_uniform, walk_in

_NUM_FRESH = 4  # prior draws that one gallery may lie along
_CANDIDATES, _DRAWS = 320, 128
_FROM_PRIOR = 4  # every so many-th candidate of the first half is a prior draw
_NUM_BEST, _NUM_PARENTS = 6, 16
# radians: of steps from the best outputs, and of those from the best candidates
_WIDE, _NARROW = (0.05, 1.2), (0.02, 0.4)
_NEW = 1e-3  # radians: two outputs nearer than this look the same


def propose_by_taste(
    history: History, *, n: int, rng: np.random.Generator
) -> Float64[np.ndarray, "n K_and_m"]:
    """Propose the n outputs among which the person's favourite is expected to be best.

    Candidates are prior draws and steps of many lengths from the outputs liked best so far, then
    steps from the best candidates. Of them that output joins the gallery next which raises the
    expected maximum of taste over the gallery and the present favourite most, by joint draws of
    the posterior (qEUBO, greedily). An output like one in the gallery raises it little, so the
    gallery is good and differs, and no distance has to be chosen.

    Args:
        history: has preferences.
        n: how many outputs.
        rng: the only source of randomness.

    Raises:
        ArgumentError: the history also has several scores or constraints.

    References:
        Astudillo et al., "qEUBO: a decision-theoretic acquisition function for preferential
        Bayesian optimization", AISTATS 2023.
    """
    space = history.space
    missing = space.num_latent_dims - space.num_seeds
    fresh = 0 if space.within_span else min(max(missing, 1), _NUM_FRESH, n)
    correlation = space.draw(fresh) if fresh else space.correlation
    directions = Directions.from_correlation(np.round(correlation, DECIMALS))
    model = TasteModel.of(history, directions=directions)
    walk = walk_in(space, directions)
    total = max(_CANDIDATES if space.look is None else space.num_candidates, 2 * n)

    liking = model.mean(model.points)
    liked = model.rows[np.argsort(-liking, kind="stable")]
    rows = _first_candidates(walk, walk.rows(history.weights[liked]), num=total // 2, rng=rng)
    points, penalty = model.sight.of_weights(walk.weights(rows))
    hope = penalty + _optimistic(model.draws(points, _DRAWS, rng))
    children = _steps(
        walk, rows[np.argsort(-hope, kind="stable")[:_NUM_PARENTS]], _NARROW, total - len(rows), rng
    )
    more, more_penalty = model.sight.of_weights(walk.weights(children))

    rows = np.concatenate([rows, children])
    points = np.concatenate([points, more])
    favourite = model.points[np.argmax(liking)][None]
    draws = model.draws(np.concatenate([points, favourite]), _DRAWS, rng)
    rank = directions.rank
    chosen = _greedily(
        draws[:, :-1] + np.concatenate([penalty, more_penalty]),
        draws[:, -1],
        n=n,
        allowed=np.all(_apart(points[:, :rank], model.points[:, :rank]), axis=1),
        apart=_apart(points[:, :rank], points[:, :rank]),
    )
    return walk.weights(rows[chosen])


def _first_candidates(walk: Walk, best: Rows, *, num: int, rng: np.random.Generator) -> Rows:
    """Return steps from the best few, and every fourth a prior draw."""
    num_draws = num // _FROM_PRIOR if len(best) else num
    draws = walk.draws(num_draws, rng)
    return np.concatenate([_steps(walk, best[:_NUM_BEST], _WIDE, num - num_draws, rng), draws])


def _steps(
    walk: Walk, parents: Rows, angles: tuple[float, float], num: int, rng: np.random.Generator
) -> Rows:
    if not num:
        return parents[:0]
    centres = parents[rng.integers(len(parents), size=num)]
    return walk.steps(centres, log_uniform(angles, num, rng), rng)


def _optimistic(draws: Float64[np.ndarray, "s n"]) -> Float64[np.ndarray, " n"]:
    optimistic: Float64[np.ndarray, " n"] = draws.mean(axis=0) + draws.std(axis=0)
    return optimistic


def _greedily(
    draws: Float64[np.ndarray, "s n"],
    base: Float64[np.ndarray, " s"],
    *,
    n: int,
    allowed: Bool[np.ndarray, " n"],
    apart: Bool[np.ndarray, "n n"],
) -> list[int]:
    """Return the n columns that raise the mean of the rows' maxima most, one after the other."""
    chosen: list[int] = []
    for _ in range(n):
        value = np.maximum(base[:, None], draws).mean(axis=0)
        ranked = np.lexsort([-value, ~allowed])
        chosen.append(next(index for index in ranked.tolist() if index not in chosen))
        base = np.maximum(base, draws[:, chosen[-1]])
        allowed = allowed & apart[chosen[-1]]
    return chosen


def _apart(points: Points, others: Points) -> Bool[np.ndarray, "n m"]:
    """Return where unit vectors are far enough apart to look different."""
    apart: Bool[np.ndarray, "n m"] = points @ others.T < np.cos(_NEW)
    return apart
