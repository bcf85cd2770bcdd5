"""Choose among many scored latents those to span a space, or to show: good ones that differ."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int

from latent_spaces_by_example.arguments import (
    ArrayLike,
    check_whole,
    checked_number,
    real_array,
)
from latent_spaces_by_example.errors import ArgumentError

RULES = ("best", "diverse", "mix")


def choose(
    scores: ArrayLike,
    *,
    num: int,
    distances: ArrayLike | None = None,
    rule: str = "mix",
    among: float = 0.5,
) -> Int[np.ndarray, " num"]:
    """Choose some of n scored candidates, the best one first.

    The best score always comes first. Then, one by one, with d the distance of a candidate to the
    nearest one chosen so far:

    - "best": the next best score; distances are not needed;
    - "diverse": the largest d, among the better share of the candidates;
    - "mix": the largest sum of d, over the largest d there is, and of the score's rank, over n.

    Args:
        scores: shape (n,), higher is better; a candidate whose score is NaN is not chosen.
        num: how many to choose, from 1 to the number of finite scores.
        distances: shape (n, n), from each to each, at least 0; ``angles_between`` and
            ``distances_between`` make such.
        rule: one of the three.
        among: for "diverse", the share of candidates that may be chosen, in (0, 1]; never fewer
            than ``num`` of them.

    Returns:
        Indices into the candidates, shape (num,), in the order in which they were chosen.

    Raises:
        ArgumentError: an argument is of the wrong shape or out of range.

    References:
        Gonzalez, "Clustering to minimize the maximum intercluster distance" (1985), for the
        greedy rule of the largest smallest distance.

    Examples:
        >>> import numpy as np
        >>> scores, places = [5.0, 4.9, 1.0, 3.0], np.array([0.0, 0.1, 9.0, 4.0])
        >>> distances = np.abs(places[:, None] - places)
        >>> choose(scores, num=2, rule="best").tolist()
        [0, 1]
        >>> choose(scores, num=2, rule="diverse", distances=distances, among=0.75).tolist()
        [0, 3]
    """
    values = real_array(scores, name="scores", shape="(n,)")
    known = np.flatnonzero(np.isfinite(values)) if values.ndim == 1 else np.empty(0, int)
    _check(values, num=num, num_known=len(known), rule=rule, among=among)
    order = known[np.argsort(-values[known], kind="stable")]
    if rule == "best":
        return order[:num]
    between = _checked_distances(distances, n=len(values), rule=rule)
    allowed = max(num, int(np.ceil(among * len(order)))) if rule == "diverse" else len(order)
    candidates = order[:allowed]
    # ranks and not scores, so that an outlier among the scores decides nothing
    worth = np.zeros(allowed) if rule == "diverse" else 1 - np.arange(allowed) / len(order)
    return candidates[_greedily(between[np.ix_(candidates, candidates)], worth, num=num)]


def _greedily(
    distances: Float64[np.ndarray, "n n"], worth: Float64[np.ndarray, " n"], *, num: int
) -> list[int]:
    scale = float(distances.max()) or 1.0
    chosen, nearest = [0], distances[0].copy()
    while len(chosen) < num:
        value = nearest / scale + worth
        value[chosen] = -np.inf
        chosen.append(int(value.argmax()))
        nearest = np.minimum(nearest, distances[chosen[-1]])
    return chosen


def _check(values: np.ndarray, *, num: int, num_known: int, rule: str, among: float) -> None:
    if values.ndim != 1:
        raise ArgumentError(f"scores has shape {values.shape}; expected one score each, (n,)")
    if not isinstance(rule, str) or rule not in RULES:
        raise ArgumentError(f"rule={rule!r}; expected one of {', '.join(RULES)}")
    checked_number(among, argument="among", low=0.0, high=1.0, above=True)
    check_whole(num, argument="num")
    if num > num_known:
        raise ArgumentError(
            f"num={num!r:.60}; there are {num_known} candidates with a finite score to choose from"
        )


def _checked_distances(distances: ArrayLike | None, *, n: int, rule: str) -> np.ndarray:
    if distances is None:
        raise ArgumentError(
            f"rule={rule!r} needs distances of shape ({n}, {n}); make them with angles_between or "
            "distances_between, or take rule='best'"
        )
    between = real_array(distances, name="distances", shape=f"({n}, {n})")
    if between.shape != (n, n):
        raise ArgumentError(f"distances has shape {between.shape}; expected ({n}, {n})")
    if not np.isfinite(between).all() or between.min() < 0:
        raise ArgumentError("distances holds values that are negative, NaN or infinite")
    return between
