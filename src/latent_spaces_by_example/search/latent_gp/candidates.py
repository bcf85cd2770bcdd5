"""Where the acquisition function is climbed from, and which of the summits is proposed."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64

from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp.ascent import climb_circle, climb_orthant
from latent_spaces_by_example.search.latent_gp.directions import Directions, on_sphere
from latent_spaces_by_example.search.latent_gp.model import Model

_NUM_STARTS = 12
_ITERATIONS = 25


def step_anywhere(
    model: Model,
    fresh: Float64[np.ndarray, "m r"],
    *,
    angle: float,
    rng: np.random.Generator,
) -> Float64[np.ndarray, " r"]:
    """The most promising point at an angle from the incumbent, in any direction.

    A direction is a signed mix of all points so far and of fresh prior draws. Climbs start along
    the gradient of the mean, with and without a fresh draw, and in random mixes.

    Args:
        model: of the scores.
        fresh: unit vectors of prior draws that no trial has used yet.
        angle: radians from the incumbent.
        rng: for the mixes.
    """
    centre = model.incumbent
    known = np.concatenate([model.posterior.points, fresh])
    starts = on_sphere(rng.standard_normal((_NUM_STARTS, len(known))) @ known)
    # the model knows nothing of fresh draws, so a third of the starts consist of one by half
    starts[::3] += on_sphere(rng.standard_normal((len(starts[::3]), len(fresh))) @ fresh)
    uphill = on_sphere(model.posterior.predict(centre[None]).mean_gradient)[0]
    starts[0], starts[1] = uphill, uphill + 0.5 * fresh[0]
    points, values = climb_circle(
        model.acquisition, starts, centre=centre, angle=angle, iterations=_ITERATIONS
    )
    ranked = np.concatenate([points[np.argsort(-values)], fresh])
    chosen: Float64[np.ndarray, " r"] = _first_new(ranked, model)
    return chosen


def step_between(
    model: Model,
    history: History,
    *,
    directions: Directions,
    angle: float,
    rng: np.random.Generator,
) -> Float64[np.ndarray, " K"]:
    """The most promising non-negative weights of the given seed latents.

    Summits less than half the angle from the incumbent are passed over: a step that small is not
    worth an evaluation while larger ones still succeed.

    Args:
        model: of the scores.
        history: for the points that climbs start near.
        directions: coordinates of the seed latents.
        angle: in radians; see ``step_angle``.
        rng: for the starts.
    """
    num_given = history.space.num_given
    starts = on_sphere(np.abs(rng.standard_normal((4 * _NUM_STARTS, num_given))))
    near = _best_between(history, _NUM_STARTS)
    starts[: len(near)] = near + angle * np.abs(rng.standard_normal(near.shape)) / num_given**0.5
    weights, values = climb_orthant(
        model.acquisition, on_sphere(starts), directions=directions, iterations=_ITERATIONS
    )
    ranked = np.concatenate([weights[np.argsort(-values)], on_sphere(starts)])
    padded = np.zeros((len(ranked), history.space.num_seeds))
    padded[:, :num_given] = ranked
    points = directions.from_weights(padded)
    far = points @ model.incumbent < np.cos(0.5 * angle)
    order = np.argsort(~far, kind="stable")
    new = [index for index in order.tolist() if model.is_new(points[index])]
    chosen: Float64[np.ndarray, " K"] = padded[new[0] if new else order[-1]]
    return chosen


def _best_between(history: History, n: int) -> Float64[np.ndarray, "m K"]:
    num_given = history.space.num_given
    inside: Bool[np.ndarray, " n"] = (history.weights >= 0).all(axis=1) & history.finished
    inside = inside & ~history.weights[:, num_given:].any(axis=1)
    index = np.flatnonzero(inside)
    best = index[np.argsort(-history.scores[index], kind="stable")][:n]
    weights: Float64[np.ndarray, "m K"] = history.weights[best, :num_given]
    return weights


def _first_new(points: Float64[np.ndarray, "n r"], model: Model) -> Float64[np.ndarray, " r"]:
    new = (point for point in points if model.is_new(point))
    chosen: Float64[np.ndarray, " r"] = next(new, points[-1])
    return chosen
