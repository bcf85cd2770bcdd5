"""The angle by which a random rotation turns, carried to the norm of a 3-d Gaussian and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Float64
from scipy.interpolate import PchipInterpolator
from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv

Vector = Float64[np.ndarray, " m"]
Edges = Float64[np.ndarray, " edges"]
# Angles beyond so many sigma have probabilities that float64 cannot tell from zero.
FARTHEST_SIGMAS = 36.0
# Below this sigma the heat kernel is summed over windings of the circle, above it over
# frequencies: each is exact, and here is where both need few terms and cancel nothing.
_WINDINGS_UP_TO = 1.0
# Half a turn is kept this far away, so that its norm is finite; it is a rounding of pi.
_NEAREST_TO_HALF_TURN = 2.0**-60
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(20)
_NODES, _NODE_WEIGHTS = (_NODES + 1.0) / 2.0, _NODE_WEIGHTS / 2.0
_MOST_STEPS = 40
# Newton's method squares its error, so that after a step as small as this nothing is left.
_SMALL_STEP = 1e-9

Tail = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@final
@dataclass(frozen=True)
class RotationAngle:
    """The law of the angle theta in [0, pi] of a rotation, and its map onto the law of |g|.

    Uniform rotations: p(theta) = (1 - cos theta) / pi. Isotropic Gaussian ones, the heat kernel
    on SO(3) at time sigma^2:
    p(theta) = (1 - cos theta) / pi sum_l (2l + 1) exp(-l (l + 1) sigma^2 / 2)
    sin((l + 1/2) theta) / sin(theta / 2).
    The map is theta -> |g| with P(angle <= theta) = P(chi_3 <= |g|).

    It is computed from the nearer end of the interval, so that both tails keep all their digits,
    by Gauss-Legendre quadrature of the density over panels; the inverse by Newton's method.

    Attributes:
        sigma: of the isotropic Gaussian, positive; None for uniform rotations.
    """

    sigma: float | None

    @property
    def farthest(self) -> float:
        """The largest angle that has an image: pi, unless sigma is small."""
        return float(np.pi) if self.sigma is None else min(np.pi, FARTHEST_SIGMAS * self.sigma)

    def norm_of(self, theta: Vector, rest: Vector) -> Vector:
        """Return |g| of angles theta; ``rest`` is pi - theta, which near pi has more digits."""
        if not self._to_half_turn:
            rest = self._end - theta
        squares = np.empty_like(theta)
        near = theta <= self._median
        squares[near] = gammaincinv(1.5, self._below(theta[near]))
        upper = self._above(theta[~near], np.maximum(rest[~near], _NEAREST_TO_HALF_TURN))
        squares[~near] = gammainccinv(1.5, upper)
        norms: Vector = np.sqrt(2.0 * squares)
        return norms

    def angle_of(self, norm: Vector) -> tuple[Vector, Vector]:
        """Return theta of norms |g|, and pi - theta, which near pi has more digits."""
        half_squares = norm**2 / 2.0
        lower, upper = gammainc(1.5, half_squares), gammaincc(1.5, half_squares)
        theta = np.minimum(self._guess(np.minimum(norm, self._norms[-1])), self._end)
        near = lower <= upper
        theta[near] = self._solved(
            lower[near], theta[near], tail=lambda x: (self._below(x), self._density(x))
        )
        rest = np.pi - theta
        left = self._solved(
            upper[~near],
            self._end - theta[~near],
            tail=lambda x: (self._above(self._end - x, x), self._density(self._end - x)),
        )
        theta[~near] = self._end - left
        rest[~near] = left + (np.pi - self._end)
        return theta, rest

    def _density(self, theta: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        density: Float64[np.ndarray, "*shape"]
        half_sine = np.sin(theta / 2.0)
        if self.sigma is None:
            density = 2.0 * half_sine**2 / np.pi
            return density
        time = self.sigma**2
        total = np.zeros_like(theta)
        if self.sigma <= _WINDINGS_UP_TO:
            for winding in (2, -2, 1, -1, 0):  # small terms first
                turned = theta + 2.0 * np.pi * winding
                total += (-1.0) ** winding * turned * np.exp(-(turned**2) / (2.0 * time))
            total *= np.exp(time / 8.0) * np.sqrt(2.0 * np.pi) * time**-1.5
        else:
            for degree in range(9, -1, -1):
                decay = np.exp(-degree * (degree + 1) * time / 2.0)
                total += (2 * degree + 1) * decay * np.sin((degree + 0.5) * theta)
        density = 2.0 / np.pi * half_sine * total
        return density

    @property
    def _end(self) -> float:
        """The end of the panels, a little beyond ``farthest``, so that its whole tail is there."""
        return float(np.pi) if self.sigma is None else min(np.pi, 1.03 * self.farthest)

    @property
    def _to_half_turn(self) -> bool:
        return self._end == np.pi

    @cached_property
    def _panels(self) -> Edges:
        width = np.pi / 16.0 if self.sigma is None else min(np.pi / 16.0, self.sigma / 2.0)
        return np.linspace(0.0, self._end, int(np.ceil(self._end / width)) + 1)

    @cached_property
    def _sums(self) -> tuple[Edges, Edges]:
        """P(angle <= edge) and P(angle >= edge), each added up from its small end."""
        edges = self._panels
        shares = self._integral(edges[:-1], np.diff(edges))
        below = np.concatenate([[0.0], np.cumsum(shares)])
        above = np.concatenate([np.cumsum(shares[::-1])[::-1], [0.0]])
        return below, above

    @cached_property
    def _median(self) -> float:
        """An angle near the median, where both tails have all their digits."""
        return float(self._panels[np.argmin(np.abs(self._sums[0] - 0.5))])

    @cached_property
    def _norms(self) -> Edges:
        edges = self._panels
        return self.norm_of(edges, np.pi - edges)

    @cached_property
    def _guess(self) -> PchipInterpolator:
        distinct = np.concatenate([[True], np.diff(self._norms) > 0.0])
        return PchipInterpolator(self._norms[distinct], self._panels[distinct])

    def _integral(self, start: Vector, width: Vector) -> Vector:
        nodes = start[:, None] + width[:, None] * _NODES
        integral: Vector = width * (self._density(nodes) @ _NODE_WEIGHTS)
        return integral

    def _panel_of(self, theta: Vector) -> np.ndarray:
        return np.clip(np.searchsorted(self._panels, theta) - 1, 0, len(self._panels) - 2)

    def _below(self, theta: Vector) -> Vector:
        """Return P(angle <= theta)."""
        panel = self._panel_of(theta)
        start = self._panels[panel]
        below: Vector = self._sums[0][panel] + self._integral(start, theta - start)
        return below

    def _above(self, theta: Vector, rest: Vector) -> Vector:
        """Return P(angle >= theta); ``rest`` is the way left to the end of the panels."""
        panel = self._panel_of(theta)
        last = panel == len(self._panels) - 2
        width = np.where(last, rest, self._panels[panel + 1] - theta)
        above: Vector = self._sums[1][panel + 1] + self._integral(theta, width)
        return above

    def _solved(self, probability: Vector, x: Vector, *, tail: Tail) -> Vector:
        """Solve P(x) = probability by Newton's method in logarithms; near 0, P is a power of x.

        Args:
            probability: of the tail that ends at x.
            x: first guesses, the length of the tail.
            tail: x -> P(x) and its density.
        """
        solution = np.zeros_like(x)
        inside = probability > 0.0
        target, x = np.log(probability[inside]), np.maximum(x[inside], 1e-99)
        for _ in range(_MOST_STEPS):
            below, density = tail(x)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                step = (target - np.log(below)) * below / (x * density)
            step = np.clip(np.nan_to_num(step), -1.0, 1.0)
            x = np.minimum(x * np.exp(step), self._end)
            if not (np.abs(step) > _SMALL_STEP).any():
                break
        solution[inside] = x
        return solution
