"""Sections as a few unbounded numbers: smooth principal components of thickness and camber."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.zoo.airfoil.geometry import (
    POINTS_PER_SIDE,
    cosine_grid,
    join_sides,
    split_sides,
    stations,
)

NUM_POINTS = 2 * POINTS_PER_SIDE - 1
_INSIDE = POINTS_PER_SIDE - 2  # stations of a side strictly between its ends
_GRID = cosine_grid()
_CLASS = np.sqrt(_GRID[1:-1]) * (1.0 - _GRID[1:-1])

# The softplus bends where real sections hardly are. The gap is bounded on both sides, since a
# tail that is Gaussian in its logarithm would now and then open a section like a pair of jaws.
_BEND = 0.03
_GAP_CEILING = 0.05
LARGEST_GAP = 0.9999 * _GAP_CEILING  # the bluntest trailing edge that it holds, in chords
_TOLERANCE = 1e-5  # in chords; a section closer than this is moved by rounding alone

# What stands for a thickness or a gap that a positive representation cannot hold. These are not
# the least values that it can make, which would be far from everything else that is real.
_NO_SHAPE = 1.5e-3
_NO_GAP = 1e-5


def _softplus(v: np.ndarray) -> np.ndarray:
    y: np.ndarray = _BEND * np.logaddexp(0.0, v / _BEND)
    return y


def _inverse_softplus(y: np.ndarray) -> np.ndarray:
    # y + b log(1 - exp(-y / b)) is b log(exp(y / b) - 1) without its overflow
    v: np.ndarray = y + _BEND * np.log(-np.expm1(-y / _BEND))
    return v


def features(sections: Float64[np.ndarray, "n 127 2"]) -> Float64[np.ndarray, "n 125"]:
    """Return unbounded coordinates whose squared distance is close to that of ordinates.

    With t the thickness, c the camber line and g the trailing-edge gap,
    t(x) = g x + sqrt(x) (1 - x) softplus(v(x)): 62 values of sqrt(x) (1 - x) v / sqrt(2),
    62 of sqrt(2) c, and log(g / (0.05 - g)). Where a section has t(x) <= g x, a small thickness
    stands for it; a closed trailing edge becomes a gap of 1e-5.
    """
    upper, lower = split_sides(sections)
    thickness, camber = upper - lower, 0.5 * (upper + lower)
    gap = thickness[:, -1:]
    gap = np.where(gap < 1e-3 * _NO_GAP, _NO_GAP, np.minimum(gap, LARGEST_GAP))
    shape = (thickness - gap * _GRID)[:, 1:-1] / _CLASS
    v = _inverse_softplus(np.where(shape < 1e-4 * _NO_SHAPE, _NO_SHAPE, shape))
    g = np.log(gap / (_GAP_CEILING - gap))
    parts = [_CLASS * v / np.sqrt(2.0), np.sqrt(2.0) * camber[:, 1:-1], g]
    return np.concatenate(parts, axis=1)


def sections_from_features(f: Float64[np.ndarray, "n 125"]) -> Float64[np.ndarray, "n 127 2"]:
    """Invert ``features``: every result has positive thickness between its two ends."""
    v = np.sqrt(2.0) * f[:, :_INSIDE] / _CLASS
    camber = np.zeros((len(f), POINTS_PER_SIDE))
    camber[:, 1:-1] = f[:, _INSIDE:-1] / np.sqrt(2.0)
    gap = _GAP_CEILING / (1.0 + np.exp(-np.clip(f[:, -1:], -700.0, 700.0)))
    thickness = gap * _GRID
    thickness[:, 1:-1] += _CLASS * _softplus(v)
    return join_sides(camber + 0.5 * thickness, camber - 0.5 * thickness)


def first_fault(sections: Float64[np.ndarray, "n 127 2"]) -> tuple[int, str] | None:
    """Return row and fault of the first section that no features can hold, or None."""
    upper, lower = split_sides(sections)
    thickness = upper - lower
    crossed = (thickness[:, 1:-1] <= 0.0).any(axis=1)
    blunt = thickness[:, -1] > LARGEST_GAP
    faults = {
        "x other than the model's grid": np.abs(sections[:, :, 0] - stations()).max(axis=1)
        > _TOLERANCE,
        "a leading edge away from (0, 0)": np.abs(upper[:, 0]) > _TOLERANCE,
        "a trailing edge whose middle is off the x axis": np.abs(upper + lower)[:, -1] > _TOLERANCE,
        "sides that touch or cross": crossed | (thickness[:, -1] < -_TOLERANCE),
        f"a trailing edge blunter than {LARGEST_GAP:.2%} of the chord": blunt,
    }
    for fault, at_fault in faults.items():
        if at_fault.any():
            return int(np.flatnonzero(at_fault)[0]), fault
    return None


@dataclass(frozen=True)
class SectionRepresentation:
    """Sections <-> vectors of zero mean and unit covariance, nearly Gaussian in each direction.

    q = (principal components of the features, gap), s = sinh(tail asinh((q - location) / scale)
    - skew) element by element (Jones and Pewsey 2009, Biometrika 96(4), 761), and
    y = whitening (s - centre).

    Attributes:
        mean: mean of the features, shape (125,).
        basis: orthonormal directions in the first 124 features, shape (d - 1, 124).
        location, scale, skew, tail: the element-wise law, shape (d,) each.
        centre, whitening, colouring: the affine map and its inverse, (d,), (d, d) and (d, d).
    """

    mean: Float64[np.ndarray, " 125"]
    basis: Float64[np.ndarray, "d_minus_1 124"]
    location: Float64[np.ndarray, " d"]
    scale: Float64[np.ndarray, " d"]
    skew: Float64[np.ndarray, " d"]
    tail: Float64[np.ndarray, " d"]
    centre: Float64[np.ndarray, " d"]
    whitening: Float64[np.ndarray, "d d"]
    colouring: Float64[np.ndarray, "d d"]

    @property
    def num_dims(self) -> int:
        """Return the dimension d of the vectors."""
        return len(self.location)

    def project(self, f: Float64[np.ndarray, "n 125"]) -> Float64[np.ndarray, "n d"]:
        """Return principal components and gap, q, of features."""
        centred = f - self.mean
        return np.concatenate([centred[:, :-1] @ self.basis.T, centred[:, -1:]], axis=1)

    def standardise(self, q: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
        """Carry q to y."""
        s = np.sinh(self.tail * np.arcsinh((q - self.location) / self.scale) - self.skew)
        y: np.ndarray = (s - self.centre) @ self.whitening.T
        return y

    def restore(self, y: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
        """Carry y back to q."""
        s = y @ self.colouring.T + self.centre
        unskewed = (np.arcsinh(s) + self.skew) / self.tail
        q: np.ndarray = self.location + self.scale * np.sinh(unskewed)
        return q

    def encode(self, sections: Float64[np.ndarray, "n 127 2"]) -> Float64[np.ndarray, "n d"]:
        """Return the vectors y of sections."""
        return self.standardise(self.project(features(sections)))

    def decode(self, y: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n 127 2"]:
        """Return the sections of vectors y."""
        q = self.restore(y)
        f = np.concatenate([q[:, :-1] @ self.basis, q[:, -1:]], axis=1) + self.mean
        return sections_from_features(f)
