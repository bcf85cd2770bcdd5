"""The region that the search explores: how it opens, and how far its steps go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int

from latent_spaces_by_example.search.base import History, SearchSpace
from latent_spaces_by_example.search.coverage import SobolSearch
from latent_spaces_by_example.search.latent_gp.directions import Values

LARGEST = 0.8
BLIND = 0.6
_SHARE = 0.3
_GROW, _SHRINK = 1.5, 0.85
_SMALLEST = 0.03
_FIRST_BLIND = 64
# As much up in one success as down in four failures, so that one blind step in five succeeds.
_BLIND_GROW, _BLIND_SHRINK = 1.3, 1.3**-0.25
_BLIND_RANGE = (0.02, 1.4)


@dataclass(frozen=True)
class Region:
    """The trials since the search last began anew, and how far its next step goes.

    Attributes:
        start: number of the first trial of the region.
        angles: least and largest angle, in radians, between the region's best point and one that
            the model proposes.
        blind: the angle of a step along a fresh prior draw, in radians.
    """

    start: int
    angles: tuple[float, float]
    blind: float


def current_region(
    scores: Values,
    settled: Bool[np.ndarray, " n"],
    *,
    num_known: Int[np.ndarray, " n"],
    num_opening: int,
    num_dims: int,
    may_restart: bool,
) -> Region:
    """Replay the trials: success makes steps longer, failure shorter, until a region is left.

    The largest angle begins at 0.8. Each trial after the region's opening that beat all that was
    known in the region when it was proposed multiplies it by 1.5, up to 0.8 again, and each that
    did not by 0.85. The upper bound is a trust region's: far away the model knows nothing. The
    least angle is three tenths of it, because a model is not to be relied on for small steps
    either: where a score has cliffs and kinks it becomes ever more cautious, and a search that
    takes its word comes to a stop beside points it could have left behind. The angle of blind
    steps follows their own success alone: 1.3 times for one, 1.3^(-1/4) times for none. That of
    the early ones, which noise alone makes, is noise's, and they do not count.

    Once the largest angle is below 0.03 there is nothing more to gain nearby, and it begins at
    0.8 again: from the best point the next basin is nearer than from anywhere else. The blind steps
    keep their angle, and refine. Only if nothing better was found since the last time the region
    has given what it has, and the next trial begins another one, with an opening of its own.

    Args:
        scores: shape (n,), in the order of trials; minus infinity for one that failed.
        settled: shape (n,), false where a trial is still being evaluated.
        num_known: shape (n,), for each trial how many of those before it had a result when it was
            proposed, taken to be the first ones. That a batch's mate is better, or what another
            worker found meanwhile, does not make a step a failure.
        num_opening: how many trials of a region come before its steps.
        num_dims: of the latent, which blind steps depend on.
        may_restart: false to stay in the same region for ever.

    References:
        Eriksson et al., "Scalable global optimization via local Bayesian optimization",
        NeurIPS 2019 (trust regions that restart); Rechenberg, "Evolutionsstrategie" (1973) (the
        1/5 success rule).
    """
    start, angle, blind = 0, LARGEST, BLIND
    best = best_when_widened = -np.inf
    bests = np.empty(len(scores))  # before each trial, of its region
    for trial, (score, known) in enumerate(zip(scores.tolist(), settled.tolist(), strict=True)):
        bests[trial] = best
        if not known:
            continue
        beaten = bests[max(int(num_known[trial]), start)]
        # where nothing was known there was nothing to step from
        if trial >= start + num_opening and beaten > -np.inf:
            success = score > beaten
            angle = min(angle * _GROW, LARGEST) if success else angle * _SHRINK
            if is_blind(trial, noisy=False, num_dims=num_dims):
                blind *= _BLIND_GROW if success else _BLIND_SHRINK
                blind = min(max(blind, _BLIND_RANGE[0]), _BLIND_RANGE[1])
        best = max(best, score)
        if angle < _SMALLEST:
            angle = LARGEST
            if best > best_when_widened or not may_restart:
                best_when_widened = best
            else:
                start, blind = trial + 1, BLIND
                best = best_when_widened = -np.inf
    return Region(start, (_SHARE * angle, angle), blind)


def is_blind(trial: int, *, noisy: bool, num_dims: int) -> bool:
    """Return whether the trial of this number is a step along a fresh draw, without the model.

    Every other one where scores are noisy, to the model at least. Otherwise none of the first 64,
    and then every fourth until there are as many trials as the latent has dimensions: so long the
    model's own steps each find a new direction too. Then every other one as well. How often was
    measured (``benchmarks/search/variants.md``).
    """
    if noisy or trial >= max(_FIRST_BLIND, num_dims):
        return trial % 2 == 0
    return trial >= _FIRST_BLIND and trial % 4 == 0


def is_free(trial: int, *, within_span: bool) -> bool:
    """Return whether the trial of this number may be as near to the best as the model likes.

    Where the score is smooth the model is right about short steps too, and these find the summit.
    Every fourth trial is free, or every other one between examples, where none is blind.
    """
    return trial % 2 == 1 if within_span else trial % 4 == 1


# ---- the opening


_ONE = 1 - 1e-9
_SIZE, _SIZE_NOISY, _FEWEST = 8, 16, 2
_SPREAD = 6


def opening(history: History, n: int, *, start: int) -> Float64[np.ndarray, "m K_and_fresh"]:
    """Propose at most ``n`` first trials; none once there are enough.

    First come the given seed latents that have not been tried. Then, within their span, the
    centre and six evenly spread points; otherwise prior draws, fresh columns of one-hot weights.
    Trials that failed count too, since they teach where others would; but two have to have a score.

    Args:
        history: all trials so far.
        n: the most to propose.
        start: number of the first trial of the region that the search is in.
    """
    space = history.space
    untried = _untried(history)[:n]
    corners = np.eye(space.num_seeds)[untried]
    failed = history.failed[start:]
    too_few = _FEWEST - int((~failed).sum())
    missing = max(opening_size(space, noisy=history.noisy) - len(failed), too_few) - len(untried)
    if not history.scored[start:].any():
        missing = n  # a model of nothing has nothing to say
    more = min(max(missing, 0), n - len(untried))
    if not more:
        return corners
    if space.within_span:
        return np.concatenate([corners, _spread(history, more, first=len(untried))])
    first = np.concatenate([corners, np.zeros((len(corners), more))], axis=1)
    fresh = np.concatenate([np.zeros((more, space.num_seeds)), np.eye(more)], axis=1)
    return np.concatenate([first, fresh])


def opening_size(space: SearchSpace, *, noisy: bool) -> int:
    """Return how many trials of a region come before the model, whatever the budget.

    A study that is asked for more later must not have proposed other things from the start. Where
    scores are said to be noisy it takes more of them to tell where to go.
    """
    if space.within_span:
        return space.num_given + 1 + _SPREAD
    return max(space.num_given, _SIZE_NOISY if noisy else _SIZE)


def _untried(history: History) -> list[int]:
    num_given = history.space.num_given
    tried = set(np.nonzero(history.weights[:, :num_given] > _ONE)[1].tolist())
    return [k for k in range(num_given) if k not in tried]


def _spread(history: History, n: int, *, first: int) -> Float64[np.ndarray, "n K"]:
    num_given = history.space.num_given
    weights = np.zeros((n, history.space.num_seeds))
    index = len(history) + first + np.arange(n)
    rng = np.random.default_rng([history.random_seed, len(history)])
    weights[:, :num_given] = SobolSearch().propose(history, n, rng)[:, :num_given]
    weights[index == num_given, :num_given] = num_given**-0.5
    return weights
