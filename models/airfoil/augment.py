"""Training examples without end: every real section, blurred along the sections next to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from latent_spaces_by_example.zoo.airfoil.representation import (
    SectionRepresentation,
    features,
)

CLOSED_GAP = -8.0  # log(g / (0.05 - g)) of what the database means by a closed trailing edge
CAMBER = slice(62, 124)  # where the features hold the camber line
SYMMETRIC = 1e-4


@dataclass(frozen=True)
class Blur:
    """How far from real sections the training examples lie, in units of one standard deviation.

    A density estimate by kernels whose covariance is that of the nearest neighbours (manifold
    Parzen windows, Vincent and Bengio 2003, equation 3): narrow where families of sections are
    dense, wide where sections are rare, and along the directions in which neighbours differ.
    Of the camber that blurring would give to a symmetric section, a tenth is left.
    """

    num_neighbours: int = 8
    along_neighbours: float = 0.5
    everywhere: float = 0.02
    closed_gap: float = 0.8
    camber_of_symmetric: float = 0.1


def spread_closed_gaps(f: np.ndarray, *, blur: Blur, rng: np.random.Generator) -> np.ndarray:
    """Most gaps are exactly 0: make them a hump of gaps that are as good as closed."""
    spread = f.copy()
    closed = f[:, -1] < CLOSED_GAP
    spread[closed, -1] += blur.closed_gap * rng.standard_normal(closed.sum())
    return spread


class Examples:
    """Batches of blurred sections in the representation's coordinates."""

    def __init__(
        self, sections: np.ndarray, *, representation: SectionRepresentation, blur: Blur
    ) -> None:
        self._representation, self._blur = representation, blur
        f = features(sections)
        self._q = representation.project(f)
        self._closed = f[:, -1] < CLOSED_GAP
        self._y = representation.standardise(self._q)
        _, near = cKDTree(self._y).query(self._y, k=blur.num_neighbours + 1)
        self._near = near[:, 1:]
        self._symmetric = np.abs(f[:, CAMBER]).max(axis=1) < SYMMETRIC

    def batch(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """``size`` examples, shape (size, d)."""
        blur = self._blur
        i = rng.integers(len(self._y), size=size)
        q = self._q[i]
        q[:, -1] += blur.closed_gap * rng.standard_normal(size) * self._closed[i]
        y = self._representation.standardise(q)
        share = rng.standard_normal((size, blur.num_neighbours)) / np.sqrt(blur.num_neighbours)
        towards = self._y[self._near[i]] - self._y[i][:, None]
        y += blur.along_neighbours * np.einsum("nk,nkd->nd", share, towards)
        y += blur.everywhere * rng.standard_normal(y.shape)
        symmetric = self._symmetric[i]
        y[symmetric] = self._with_less_camber(y[symmetric])
        return y

    def _with_less_camber(self, y: np.ndarray) -> np.ndarray:
        r = self._representation
        q = r.restore(y)
        camber_basis = r.basis[:, CAMBER]
        camber = q[:, :-1] @ camber_basis + r.mean[CAMBER]
        q[:, :-1] -= (1.0 - self._blur.camber_of_symmetric) * camber @ camber_basis.T
        return r.standardise(q)
