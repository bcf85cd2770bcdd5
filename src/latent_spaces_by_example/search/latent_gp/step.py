"""How far to step from the best point: an angle that grows with success and shrinks without."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64

FIRST = 0.8
_GROW, _SHRINK = 1.5, 0.85
_SMALLEST, _LARGEST = 0.01, 1.4


def step_angle(
    values: Float64[np.ndarray, " n"], settled: Bool[np.ndarray, " n"], *, num_opening: int
) -> float:
    """Radians between the best point and the next proposal.

    Each trial after the opening that beat all before it multiplies the angle by 1.5, each that
    did not by 0.85, so that it settles where two or three steps in ten succeed. Once it is so
    small that nothing more is to be had it starts again from 0.8.

    A model's own idea of the step is not to be relied on: where a score has cliffs and kinks
    the model becomes ever more cautious, and a search that only improves what it expects comes
    to a stop beside points it could have left behind. The angle is the 1/5 success rule of
    evolution strategies, with the direction left to the model.

    Args:
        values: shape (n,), in the order of trials; that of a failed trial is poor.
        settled: shape (n,), false where a trial is still being evaluated.
        num_opening: how many trials came before the model.

    References:
        Rechenberg, "Evolutionsstrategie" (1973); Eriksson et al., "Scalable global optimization
        via local Bayesian optimization", NeurIPS 2019 (a trust region replayed from successes).
    """
    angle, best = FIRST, -np.inf
    for index, (value, known) in enumerate(zip(values.tolist(), settled.tolist(), strict=True)):
        if not known:
            continue
        if index >= num_opening:
            angle = min(angle * _GROW, _LARGEST) if value > best else angle * _SHRINK
            angle = angle if angle > _SMALLEST else FIRST
        best = max(best, value)
    return angle
