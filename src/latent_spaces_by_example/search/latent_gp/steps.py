"""Steps from the best point: by the model, blindly, or between examples; and the climbs to them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float64

from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.constraints import ranked_scores
from latent_spaces_by_example.search.latent_gp.acquisition import Acquisition, Beliefs
from latent_spaces_by_example.search.latent_gp.directions import (
    Directions,
    Point,
    Points,
    Values,
    on_sphere,
    outside,
)

_NUM_STARTS = 12
_ITERATIONS = 25
# of a step that noise makes longer: its angle at most, how much of the range in which the model is
# trusted it may begin in, and how many climbs find out where
_LONGEST, _NEARBY, _NUM_CLIMBS = 1.2, 0.5, 4
# of a step by the model: the angle by which it leaves the span of what was scored, by the largest
# angle, and at most where there is noise; and how much of a fresh draw has to lie outside for
# there to be anything to leave for
_LEAVING, _LEAVING_NOISE, _NEW = 0.15, 0.5, 0.3
# beside m pending trials that angle is 1 + m (6 / n)^2 times as large, n the number of scores
_FEW = 6
_ROUNDING = 1e-6  # of a cosine


def step_anywhere(
    beliefs: Beliefs,
    fresh: Float64[np.ndarray, "m r"],
    *,
    angles: tuple[float, float],
    rng: np.random.Generator,
) -> Point:
    """Return the most promising point within a range of angles of the incumbent, in any direction.

    A direction is a signed mix of all points so far and of fresh prior draws. Climbs start along
    the gradient of the mean, with and without a fresh draw, and in random mixes.

    Expected improvement looks one step ahead, and so it often stays in the span of the latents that
    were scored, where the next score tells nothing of the many other directions. The point
    found is therefore turned out of their span, along a fresh draw, by at least 0.15 of the largest
    angle: that costs it one hundredth of its height at most, and each trial shows how the score
    changes in one direction more. Beside pending trials it is turned farther as long as few have a
    score: several workers would otherwise all trust the same little. Noise makes that angle longer,
    as it does that of blind steps.

    Args:
        beliefs: of the scores and constraints.
        fresh: unit vectors of prior draws that no trial has used yet; the span is left along the
            first.
        angles: least and largest, in radians, before the span is left; see ``current_region``.
        rng: for the mixes.
    """
    centre = beliefs.incumbent
    known = np.concatenate([beliefs.posterior.points, fresh])
    mixes = on_sphere(rng.standard_normal((_NUM_STARTS, len(known))) @ known)
    # the model knows nothing of fresh draws, so a third of the starts consist of one by half
    mixes[::3] += on_sphere(rng.standard_normal((len(mixes[::3]), len(fresh))) @ fresh)
    uphill = on_sphere(beliefs.uphill)[0]
    mixes[0], mixes[1] = uphill, uphill + 0.5 * fresh[0]
    tangents = on_sphere(mixes - (mixes @ centre)[:, None] * centre)
    first = angles[1] * rng.uniform(0.2, 1.0, size=(_NUM_STARTS, 1))
    points, values = climb_ring(
        beliefs.acquisition,
        np.cos(first) * centre + np.sin(first) * tangents,
        centre=centre,
        angles=angles,
        iterations=_ITERATIONS,
    )
    ranked = np.concatenate([points[np.argsort(-values)], fresh])
    new = (point for point in ranked if beliefs.is_new(point))
    share = _LEAVING * (1 + beliefs.num_pending * (_FEW / beliefs.num_scored) ** 2)
    leaving = min(share, 1.0) * angles[1]
    if beliefs.is_noisy:
        leaving = min(beliefs.telling_angle(_LONGEST), _LEAVING_NOISE * angles[1])
    return _turned_outside(next(new, ranked[-1]), beliefs, fresh[0], angle=leaving)


def _turned_outside(point: Point, beliefs: Beliefs, draw: Point, *, angle: float) -> Point:
    """Turn the point out of the span of what was scored by at least an angle, along a draw."""
    left = outside(draw, beliefs.posterior.points)
    size = np.linalg.norm(left)
    if size < _NEW:
        return point
    axis = left / size
    along = float(point @ axis)
    if abs(along) >= np.sin(angle):
        return point
    within = on_sphere((point - along * axis)[None])[0]
    side = -1.0 if along < -_ROUNDING else 1.0
    return np.cos(angle) * within + side * np.sin(angle) * axis


def step_blindly(
    beliefs: Beliefs, fresh: Float64[np.ndarray, "m r"], *, angle: float, most: float
) -> Point:
    """Return the point at an angle from the incumbent in the direction of a fresh prior draw.

    What such steps find does not depend on the model, so that they go on where it is wrong; and
    they tell it how the score changes about the incumbent in directions that it did not choose.

    Where noise would drown what so short a step tells, it is as long as it has to be, and taken
    from where the mean is highest nearby: the incumbent is then only one of many points of
    which none is known well.

    Args:
        beliefs: of the scores and constraints.
        fresh: unit vectors of prior draws that no trial has used yet; the first is the direction.
        angle: of the step where there is no noise, in radians.
        most: how far the model is trusted, in radians.
    """
    centre = beliefs.incumbent
    telling = beliefs.telling_angle(_LONGEST)
    if telling > angle:
        angle = telling
        if not beliefs.constraints:
            centre = _summit(beliefs, within=_NEARBY * most)
    tangent = on_sphere(fresh[:1] - (fresh[:1] @ centre)[:, None] * centre)
    point = on_sphere(np.cos(angle) * centre + np.sin(angle) * tangent)[0]
    chosen: Point = point if beliefs.is_new(point) else fresh[0]
    return chosen


def _summit(beliefs: Beliefs, *, within: float) -> Point:
    """Climb to the highest posterior mean within an angle of the incumbent."""
    centre = beliefs.incumbent
    uphill = beliefs.uphill - (beliefs.uphill @ centre)[:, None] * centre
    first = within * np.linspace(0, 1, _NUM_CLIMBS)[:, None]

    def mean(points: Points) -> tuple[Values, Points]:
        prediction = beliefs.posterior.predict(points)
        return prediction.mean, prediction.mean_gradient

    points, means = climb_ring(
        mean,
        np.cos(first) * centre + np.sin(first) * on_sphere(uphill),
        centre=centre,
        angles=(0.0, within),
        iterations=_ITERATIONS,
    )
    highest: Point = points[np.argmax(means)]
    return highest


def step_between(
    beliefs: Beliefs,
    history: History,
    *,
    directions: Directions,
    angles: tuple[float, float],
    rng: np.random.Generator,
) -> Float64[np.ndarray, " K"]:
    """Return the most promising non-negative weights of the given seed latents.

    Nothing is too far away here, since the examples bound the space; summits nearer to the
    incumbent than the least angle are passed over.

    Args:
        beliefs: of the scores and constraints.
        history: for the points that climbs start near.
        directions: coordinates of the seed latents.
        angles: least and largest, in radians; see ``current_region``.
        rng: for the starts.
    """
    num_given = history.space.num_given
    starts = on_sphere(np.abs(rng.standard_normal((4 * _NUM_STARTS, num_given))))
    near = _best_between(history, _NUM_STARTS)
    starts[: len(near)] = (
        near + angles[1] * np.abs(rng.standard_normal(near.shape)) / num_given**0.5
    )
    weights, values = climb_orthant(
        beliefs.acquisition, on_sphere(starts), directions=directions, iterations=_ITERATIONS
    )
    ranked = np.concatenate([weights[np.argsort(-values)], on_sphere(starts)])
    padded = np.zeros((len(ranked), history.space.num_seeds))
    padded[:, :num_given] = ranked
    points = directions.from_weights(padded)
    far = points @ beliefs.incumbent < np.cos(angles[0])
    order = np.argsort(~far, kind="stable")
    new = [index for index in order.tolist() if beliefs.is_new(points[index])]
    chosen: Float64[np.ndarray, " K"] = padded[new[0] if new else order[-1]]
    return chosen


def _best_between(history: History, n: int) -> Float64[np.ndarray, "m K"]:
    num_given = history.space.num_given
    inside: Bool[np.ndarray, " n"] = (history.weights >= 0).all(axis=1) & history.finished
    inside = inside & ~history.weights[:, num_given:].any(axis=1)
    index = np.flatnonzero(inside)
    best = index[np.argsort(-ranked_scores(history)[index], kind="stable")][:n]
    weights: Float64[np.ndarray, "m K"] = history.weights[best, :num_given]
    return weights


# ---- climbs

_FIRST_STEP, _GROW, _SHRINK = 0.1, 1.6, 0.4


def climb_ring(
    acquisition: Acquisition,
    starts: Points,
    *,
    centre: Point,
    angles: tuple[float, float],
    iterations: int,
) -> tuple[Points, Values]:
    """Gradient ascent over the points of the unit sphere whose angle to a centre is in a range.

    Args:
        acquisition: what is climbed.
        starts: vectors of any length; what lies outside the ring is brought to its edge.
        centre: unit vector.
        angles: least and largest angle in radians, at least 0 and at most pi.
        iterations: steps of each climb.

    Returns:
        Unit vectors, shape (n, r), and the acquisition there, shape (n,).
    """
    highest, lowest = np.cos(angles)

    def retract(vectors: Points) -> Points:
        points = on_sphere(vectors)
        cosine = points @ centre
        inside = np.clip(cosine, lowest, highest)[:, None]
        tangents = on_sphere(points - cosine[:, None] * centre)
        return on_sphere(inside * centre + np.sqrt(1 - inside**2) * tangents)

    def value(points: Points) -> tuple[np.ndarray, np.ndarray]:
        values, gradient = acquisition(points)
        return values, gradient - (gradient * points).sum(axis=1, keepdims=True) * points

    return _climb(value, retract, retract(starts), iterations=iterations)


def climb_orthant(
    acquisition: Acquisition,
    starts: Float64[np.ndarray, "n K"],
    *,
    directions: Directions,
    iterations: int,
) -> tuple[Float64[np.ndarray, "n K"], Values]:
    """Projected gradient ascent over non-negative weights of unit norm, faces included."""
    factor = directions.factor[: starts.shape[1]]

    def value(weights: Float64[np.ndarray, "n K"]) -> tuple[np.ndarray, np.ndarray]:
        vectors = weights @ factor
        lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        points = vectors / lengths
        values, gradient = acquisition(points)
        gradient = gradient - (gradient * points).sum(axis=1, keepdims=True) * points
        by_weight = (gradient / lengths) @ factor.T
        by_weight -= (by_weight * weights).sum(axis=1, keepdims=True) * weights
        # a weight that is zero and would become negative stays where it is
        return values, np.where((weights <= 0) & (by_weight < 0), 0.0, by_weight)

    def to_orthant(weights: Float64[np.ndarray, "n K"]) -> Float64[np.ndarray, "n K"]:
        return on_sphere(np.maximum(weights, 0.0))

    return _climb(value, to_orthant, starts, iterations=iterations)


def _climb(
    value: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    retract: Callable[[np.ndarray], np.ndarray],
    starts: Float64[np.ndarray, "n p"],
    *,
    iterations: int,
) -> tuple[Float64[np.ndarray, "n p"], Values]:
    points = starts
    values, gradients = value(points)
    steps = np.full(len(points), _FIRST_STEP)
    for _ in range(iterations):
        trial = retract(points + steps[:, None] * on_sphere(gradients))
        trial_values, trial_gradients = value(trial)
        better = trial_values > values
        points = np.where(better[:, None], trial, points)
        gradients = np.where(better[:, None], trial_gradients, gradients)
        values = np.where(better, trial_values, values)
        steps *= np.where(better, _GROW, _SHRINK)
    return points, values
