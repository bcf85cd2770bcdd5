"""Counts how often each pixel of real digits has each grey level."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from latent_spaces_by_example.zoo.digits.levels import NUM_LEVELS, LevelRepresentation


def fit_levels(levels: np.ndarray, *, pseudo_count: float = 0.05) -> LevelRepresentation:
    """The representation of levels (n, 64); a ``pseudo_count`` for each makes none impossible."""
    one_hot = levels[:, :, None] == np.arange(NUM_LEVELS)
    count = one_hot.sum(axis=0) + pseudo_count
    share = count / count.sum(axis=1, keepdims=True)
    return LevelRepresentation(np.asarray(ndtri(np.cumsum(share, axis=1)[:, :-1])))
