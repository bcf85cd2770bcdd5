"""The first trials, before there is anything for a model to learn from."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.base import History, SearchSpace
from latent_spaces_by_example.search.sobol import SobolSearch

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
    if not (history.finished & np.isfinite(history.scores))[start:].any():
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
    """How many trials of a region come before the model: it does not depend on the budget.

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
