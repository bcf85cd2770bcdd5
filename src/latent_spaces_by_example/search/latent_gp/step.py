"""How far to step from the best point: a range that grows with success and shrinks without."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64

LARGEST = 0.8
_SHARE = 0.3
_GROW, _SHRINK = 1.5, 0.85
_SMALLEST = 0.01


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
