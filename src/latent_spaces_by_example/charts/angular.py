"""The angular chart: hyperspherical angles, scaled to the unit hypercube."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.charts.base import DifferentiableChart
from latent_spaces_by_example.charts.stick_breaking import (
    angle_gradient,
    tail_norms,
    weights_from_splits,
)
from latent_spaces_by_example.errors import ArgumentError

# A sine this small is that of a collapsed face, to rounding.
_COLLAPSED = 1e-14
_SMALLEST = np.finfo(np.float64).tiny


@final
class AngularChart(DifferentiableChart):
    """Chart by hyperspherical angles: simple and smooth, but not uniform.

    theta_k = (pi / 2) u_k;  w_k = cos(theta_k) prod_{j<k} sin(theta_j);  w_K = prod_j sin(theta_j).

    For K > 2 uniform u crowds the weights around the first seeds: prefer
    :class:`KnotheRosenblattChart` for sampling. The inverse uses atan2 of the tail's norm, which
    keeps its digits where an arc cosine loses them all.

    Where u_k = 0, the face collapses: w does not depend on u_{k+1}, ..., u_{K-1}, which come
    back from :meth:`inverse` as 0. The weights still round-trip. For uniform u the weights halve,
    in the geometric mean, from each seed to the next: the last of about 1,000 seeds would have
    weights below the smallest float64, and their coordinates would not come back, which is an
    ArgumentError.

    Source: Willis et al. 2025 (arXiv 2509.23800); the angles are those of Blumenson, "A
    derivation of n-dimensional spherical coordinates", Am. Math. Monthly 67 (1960).

    Example:
        >>> import numpy as np
        >>> chart = AngularChart()
        >>> w = chart.forward(np.array([[0.0, 0.5], [1.0, 1.0]]))
        >>> w
        array([[1., 0., 0.],
               [0., 0., 1.]])
        >>> chart.inverse(w)
        array([[0., 0.],
               [1., 1.]])
    """

    is_uniform: ClassVar[bool] = False

    def _weights(self, u: Float64[np.ndarray, "n m"]) -> Float64[np.ndarray, "n m+1"]:
        cosines, sines = _splits(u)
        _check_representable(sines)
        return weights_from_splits(cosines, sines)

    def _pull_back(
        self, u: Float64[np.ndarray, "n m"], w_gradient: Float64[np.ndarray, "n m+1"]
    ) -> Float64[np.ndarray, "n m"]:
        return 0.5 * np.pi * angle_gradient(*_splits(u), w_gradient=w_gradient)

    def _coordinates(self, w: Float64[np.ndarray, "n K"]) -> Float64[np.ndarray, "n K-1"]:
        tails = tail_norms(w)[:, 1:]
        heads = w[:, :-1]
        from_start = np.arctan2(tails, heads) * (2.0 / np.pi)
        from_end = np.arctan2(heads, tails) * (2.0 / np.pi)
        coordinates: Float64[np.ndarray, "n K-1"] = np.where(
            tails <= heads, from_start, 1.0 - from_end
        )
        return coordinates


def _check_representable(sines: Float64[np.ndarray, "n m"]) -> None:
    # within rounding of a collapsed face, nothing is lost that was there
    whole = np.minimum.accumulate(sines, axis=1) > _COLLAPSED
    lost = (np.cumprod(sines, axis=1) < _SMALLEST) & whole
    if lost.any():
        row, seed = (int(i) for i in np.argwhere(lost)[0])
        raise ArgumentError(
            f"u[{row}] makes the weights after seed {seed} smaller than the smallest float64, "
            f"{_SMALLEST:.1g}, so that u[{row}, {seed + 1}] and beyond could not come back; use "
            "KnotheRosenblattChart, or fewer than about 1,000 seed latents"
        )


def _splits(
    u: Float64[np.ndarray, "n m"],
) -> tuple[Float64[np.ndarray, "n m"], Float64[np.ndarray, "n m"]]:
    """Return the cosines and sines of the angles."""
    # The angle is measured from the nearer axis, so that u = 1 gives a cosine of exactly 0.
    first_half = u <= 0.5
    angle = 0.5 * np.pi * np.where(first_half, u, 1.0 - u)
    near, far = np.cos(angle), np.sin(angle)
    return np.where(first_half, near, far), np.where(first_half, far, near)
