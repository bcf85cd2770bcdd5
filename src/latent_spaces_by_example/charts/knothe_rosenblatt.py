"""The Knothe-Rosenblatt chart: the one that is uniform on the sphere."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from jaxtyping import Float64
from scipy.special import beta, betainc, betaincc, betainccinv, betaincinv

from latent_spaces_by_example.charts.base import DifferentiableChart
from latent_spaces_by_example.charts.stick_breaking import (
    angle_gradient,
    tail_norms,
    weights_from_splits,
)
from latent_spaces_by_example.errors import OutsideSpaceError

# A weight vector this close to a seed is that seed, to rounding.
_SNAP = 1e-14
# SciPy's inverse gives NaN for some subnormal numbers, and they lack digits anyway.
_SMALLEST = np.finfo(np.float64).tiny
# The chart's slope grows without bound towards u_k = 0; nearer than this, it is taken from here.
_STEEPEST = float(np.finfo(np.float64).eps)


@final
class KnotheRosenblattChart(DifferentiableChart):
    """Chart under which uniform coordinates are uniform on the orthant of the sphere.

    u_k = 1 - I_{v_k}(1/2, (K - k)/2);  w_k^2 = v_k prod_{j<k} (1 - v_j);  w_K^2 = prod_j (1 - v_j).

    I is the regularised incomplete beta function: v_k = w_k^2 / (w_k^2 + ... + w_K^2) of a
    uniformly drawn w follows Beta(1/2, (K - k)/2), independently of the others, so each v_k goes
    through its own distribution function. u = 0 is the first seed, u = (1, ..., 1) the last.
    v and 1 - v are both computed directly, whichever is smaller first, so neither cancels.

    Where u_k = 0, the face collapses: w does not depend on u_{k+1}, ..., u_{K-1}, which come
    back from :meth:`inverse` as 0. The weights still round-trip. With many seeds the cube is
    very thin near a seed: u_1 is about (1 - w_1^2)^((K - 1)/2), which for K = 1024 is no float64
    any more when w_1 > 0.87; :meth:`inverse` then raises OutsideSpaceError rather than move w.

    The derivative dw/du is unbounded towards u_k = 0 (except for the last k): within 2^-52 of
    that face, ``pull_back`` takes dv_k/du_k at u_k = 2^-52, which is large and finite. Elsewhere,
    the faces u_k = 1 included, it is exact.

    Source: Willis et al. 2025 (arXiv 2509.23800); Rosenblatt, "Remarks on a multivariate
    transformation", Ann. Math. Stat. 23 (1952).

    Example:
        >>> import numpy as np
        >>> chart = KnotheRosenblattChart()
        >>> w = chart.forward(np.array([[0.25, 0.75]]))
        >>> w.round(6)
        array([[0.75    , 0.253121, 0.611089]])
        >>> chart.inverse(w)
        array([[0.25, 0.75]])
    """

    is_uniform: ClassVar[bool] = True

    def _weights(self, u: Float64[np.ndarray, "n m"]) -> Float64[np.ndarray, "n m+1"]:
        return weights_from_splits(*_splits(u))

    def _pull_back(
        self, u: Float64[np.ndarray, "n m"], w_gradient: Float64[np.ndarray, "n m+1"]
    ) -> Float64[np.ndarray, "n m"]:
        # du/dv is the density of Beta(1/2, b), and v = cos(theta)^2, so that
        # dtheta/du = B(1/2, b) / (2 sin(theta)^(2b - 1)).
        b = _second_shapes(u.shape[1])
        sines = _splits(np.maximum(u, _STEEPEST))[1]
        slopes = beta(0.5, b) / (2.0 * sines ** (2.0 * b - 1.0))
        gradient: Float64[np.ndarray, "n m"] = slopes * angle_gradient(
            *_splits(u), w_gradient=w_gradient
        )
        return gradient

    def _coordinates(self, w: Float64[np.ndarray, "n K"]) -> Float64[np.ndarray, "n K-1"]:
        tails = tail_norms(w)
        # An empty tail has collapsed: treat it as all head, which is u = 0.
        collapsed = tails[:, :-1] == 0.0
        whole = np.where(collapsed, 1.0, tails[:, :-1])
        v = np.where(collapsed, 1.0, (w[:, :-1] / whole) ** 2)
        rest = (tails[:, 1:] / whole) ** 2
        b = np.broadcast_to(_second_shapes(w.shape[1] - 1), v.shape)

        mostly_head = v > 0.5
        u = np.empty_like(v)
        u[mostly_head] = betainc(b[mostly_head], 0.5, rest[mostly_head])
        v_low, b_low = v[~mostly_head], b[~mostly_head]
        below = betainc(0.5, b_low, v_low)
        # The complement is asked for only where it is the smaller one: SciPy's betaincc is
        # wrong by 1e-10 next to 1.
        small = below > 0.5
        above = 1.0 - below
        above[small] = betaincc(0.5, b_low[small], v_low[small])
        u[~mostly_head] = above
        _check_representable(u, tails[:, 1:])
        return u


def _splits(
    u: Float64[np.ndarray, "n m"],
) -> tuple[Float64[np.ndarray, "n m"], Float64[np.ndarray, "n m"]]:
    """Return sqrt(v) and sqrt(1 - v), the cosines and sines of stick breaking."""
    u = np.where(u > 0.0, np.maximum(u, _SMALLEST), 0.0)
    b = np.broadcast_to(_second_shapes(u.shape[1]), u.shape)
    v, rest = np.empty_like(u), np.empty_like(u)
    # Three ranges: in each, the smaller of v and 1 - v comes from the smaller of u and 1 - u.
    mostly_head = u < betaincc(0.5, b, 0.5)
    low = ~mostly_head & (u < 0.5)
    high = ~mostly_head & (u >= 0.5)
    rest[mostly_head] = betaincinv(b[mostly_head], 0.5, u[mostly_head])
    v[mostly_head] = 1.0 - rest[mostly_head]
    v[low] = betainccinv(0.5, b[low], u[low])
    v[high] = betaincinv(0.5, b[high], 1.0 - u[high])
    rest[~mostly_head] = 1.0 - v[~mostly_head]
    return np.sqrt(v), np.sqrt(rest)


def _second_shapes(m: int) -> Float64[np.ndarray, " {m}"]:
    """Return (K - k)/2 for k = 1..K-1, the second parameter of the law of each v_k."""
    return np.arange(m, 0, -1) / 2.0


def _check_representable(u: Float64[np.ndarray, "n m"], tails: Float64[np.ndarray, "n m"]) -> None:
    lost = (u < _SMALLEST) & (tails > _SNAP)
    if lost.any():
        row, seed = (int(i) for i in np.argwhere(lost)[0])
        raise OutsideSpaceError(
            f"w[{row}] is so close to seed {seed} (the weights after it have norm "
            f"{tails[row, seed]:.3g}) that its coordinate u[{row}, {seed}] is below the smallest "
            f"float64, {_SMALLEST:.1g}; keep to w, or set the weights after that seed to 0"
        )
