"""How rough sections are."""

from __future__ import annotations

import numpy as np

from latent_spaces_by_example.zoo.airfoil import cosine_grid, thickness_and_camber

SMOOTH_RANGE = (0.05, 0.95)


def roughness(sections: np.ndarray) -> np.ndarray:
    """Largest |d^2 y / d theta^2| of both sides over 0.05 <= x <= 0.95, shape (n,).

    By second differences, with x = (1 - cos theta) / 2; sections are as ``resample`` returns them.
    """
    thickness, camber = thickness_and_camber(sections)
    grid = cosine_grid(thickness.shape[1])
    inside = (grid[1:-1] >= SMOOTH_RANGE[0]) & (grid[1:-1] <= SMOOTH_RANGE[1])
    sides = np.stack([camber + thickness / 2.0, camber - thickness / 2.0])
    bends = np.abs(np.diff(sides, n=2, axis=2)[:, :, inside])
    return bends.max(axis=(0, 2)) / (np.pi / (len(grid) - 1)) ** 2
