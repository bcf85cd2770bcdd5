"""The scores of trials as a page shows them, and the range of scores that is worth showing."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.report.formatting import shown
from latent_spaces_by_example.study import Trial


def expected_or_score(trial: Trial) -> float:
    """Return the number that ranks a scored trial: its expected score if known, else its score."""
    value = trial.expected_or_score
    return np.nan if value is None else value


def expected_of(trial: Trial) -> str:
    """Return the words that follow a noisy score; none follow an exact one."""
    expected = trial.expected_score
    return "" if expected is None else f" (expected {shown(expected)})"


def useful_range(
    scores: Float64[np.ndarray, " n"], *, minimise: bool = False, margin: float = 0.05
) -> tuple[float, float]:
    """Return bounds that show what matters: penalties far worse than the rest do not flatten it."""
    if minimise:
        low, high = useful_range(-scores, margin=margin)
        return -high, -low
    known = scores[np.isfinite(scores)]
    low, high = float(np.quantile(known, 0.1)), float(known.max())
    if high - low <= 1e-9 * abs(high):
        # scores that are all equal, but for rounding, still need a range to stand in
        room = 0.1 * abs(high) or 1.0
        return high - room, high + room
    room = high - low
    return max(float(known.min()), low - room) - margin * room, high + margin * room
