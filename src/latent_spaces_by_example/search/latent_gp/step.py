"""How far to step from the best point: angles that grow with success and shrink without."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64

LARGEST = 0.8
BLIND = 0.6
_SHARE = 0.3
_GROW, _SHRINK = 1.5, 0.85
_SMALLEST = 0.01
# As much up in one success as down in four failures, so that one blind step in five succeeds.
_BLIND_GROW, _BLIND_SHRINK = 1.3, 1.3**-0.25
_BLIND_RANGE = (0.02, 1.4)


def step_angles(
    values: Float64[np.ndarray, " n"], settled: Bool[np.ndarray, " n"], *, num_opening: int
) -> tuple[float, float]:
    """Least and largest angle, in radians, between the best point and the next proposal.

    The largest begins at 0.8. Each trial after the opening that beat all before it multiplies it
    by 1.5, up to 0.8 again, and each that did not by 0.85; below 0.01 there is nothing more to be
    had, and it starts anew. The least is three tenths of it.

    The upper bound is a trust region's: far away the model knows nothing. The lower one is there
    because a model is not to be relied on for small steps either: where a score has cliffs and
    kinks it becomes ever more cautious, and a search that takes its word comes to a stop beside
    points it could have left behind.

    Args:
        values: shape (n,), in the order of trials, without their noise as far as that is known.
        settled: shape (n,), false where a trial is still being evaluated.
        num_opening: how many trials came before the model.

    References:
        Eriksson et al., "Scalable global optimization via local Bayesian optimization",
        NeurIPS 2019 (trust region); Rechenberg, "Evolutionsstrategie" (1973) (success rule).
    """
    angle, best = LARGEST, -np.inf
    for index, (value, known) in enumerate(zip(values.tolist(), settled.tolist(), strict=True)):
        if not known:
            continue
        if index >= num_opening:
            angle = min(angle * _GROW, LARGEST) if value > best else angle * _SHRINK
            angle = angle if angle > _SMALLEST else LARGEST
        best = max(best, value)
    return _SHARE * angle, angle


def is_blind(trial: int) -> bool:
    """Whether the trial of this number is a step along a fresh prior draw, without the model."""
    return trial % 2 == 0


def blind_angle(
    values: Float64[np.ndarray, " n"], settled: Bool[np.ndarray, " n"], *, num_opening: int
) -> float:
    """Angle in radians of the next step along a fresh prior draw.

    It follows the success of such steps alone: 1.3 times for one, 1.3^(-1/4) times for none.

    Args:
        values: shape (n,), in the order of trials.
        settled: shape (n,), false where a trial is still being evaluated.
        num_opening: how many trials came before such steps.

    References:
        Rechenberg, "Evolutionsstrategie" (1973): the 1/5 success rule.
    """
    angle, best = BLIND, -np.inf
    for trial, (value, known) in enumerate(zip(values.tolist(), settled.tolist(), strict=True)):
        if known and trial >= num_opening and is_blind(trial):
            angle *= _BLIND_GROW if value > best else _BLIND_SHRINK
            angle = min(max(angle, _BLIND_RANGE[0]), _BLIND_RANGE[1])
        best = max(best, value) if known else best
    return angle
