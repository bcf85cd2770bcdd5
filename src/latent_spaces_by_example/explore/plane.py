"""Nine points on a plane through a point, near or far, on the shell that latents lie on."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.latent_gp.directions import DECIMALS, Directions, on_sphere
from latent_spaces_by_example.study import Study

_SAME = 1e-9


def frame_of(study: Study, num_seeds: int) -> Directions:
    """Return the frame of a study's first seed latents."""
    return Directions.from_correlation(np.round(study.space.correlation_of(num_seeds), DECIMALS))


def nine_around(
    study: Study,
    centre: Float64[np.ndarray, " K"],
    *,
    angle: float,
    turn: int = 0,
    towards: Float64[np.ndarray, "m K"] | None = None,
) -> Float64[np.ndarray, "n K_and_m"]:
    """Return the weights of a grid of three by three, the centre in its middle.

    Neighbours are ``angle`` apart on the sphere of inner latents. Between examples, steps that
    would leave their space end at its edge, and points that coincide there come once.

    Args:
        study: the study.
        centre: weights over its seed latents.
        angle: in radians, above 0 and at most pi / 2.
        turn: which of many planes through the centre; in a study that is not confined to its
            examples each has prior draws of its own.
        towards: other weights; the plane's first direction points to the first of them, the second
            to the next.

    Returns:
        Weights, row by row, at most nine.
    """
    settings = study.settings
    num_seeds = max(len(centre), settings.num_given)
    if not settings.within_span:
        num_seeds = max(num_seeds, study.weights.shape[1]) + 2 * (turn + 1)
    frame = frame_of(study, num_seeds)
    middle = frame.from_weights(centre[None])[0]
    rng = np.random.default_rng([settings.random_seed, turn, num_seeds])
    aims = [] if towards is None or turn else list(frame.from_weights(towards))
    if settings.within_span:
        aims += list(frame.from_weights(np.abs(rng.standard_normal((4, num_seeds)))))
    else:
        aims += [frame.factor[-1], frame.factor[-2]]
    axes: list[np.ndarray] = []
    for aim in aims:
        left = aim - sum(((aim @ axis) * axis for axis in [middle, *axes]), np.zeros(len(aim)))
        if np.linalg.norm(left) > 1e-3 and len(axes) < 2:
            axes.append(on_sphere(left[None])[0])
    points = []
    for down in (1, 0, -1):
        for across in (-1, 0, 1):
            move = np.zeros(len(middle))
            for axis, steps in zip(axes, (across, down), strict=False):
                move += steps * axis
            length = float(np.linalg.norm(move))
            reach = min(angle * length, np.pi / 2)
            point = np.cos(reach) * middle
            points.append(point + np.sin(reach) * move / length if length else point)
    weights = frame.to_weights(np.stack(points))
    weights[4, :] = 0.0
    weights[4, : len(centre)] = centre
    if settings.within_span:
        kept = np.maximum(weights, 0.0)
        weights = on_sphere(np.where(kept.any(axis=1, keepdims=True), kept, weights[4]))
    new = [0]
    for row in range(1, len(weights)):
        if np.abs(weights[new] - weights[row]).max(axis=1).min() > _SAME:
            new.append(row)
    return weights[new]
