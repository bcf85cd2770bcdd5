"""How promising a point is: the logarithm of the improvement to expect, stable in its tail."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.special import erfcx, log_ndtr

from latent_spaces_by_example.search.latent_gp.posterior import Prediction

_LOG_ROOT_2PI = 0.5 * np.log(2 * np.pi)
_FAR = -1e6


def log_expected_improvement(
    prediction: Prediction, best: float
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, "n r"]]:
    """log E[max(f - best, 0)] for f ~ N(mean, spread^2), and its gradient by the point.

    log EI = log h(z) + log spread with z = (mean - best) / spread and
    h(z) = phi(z) + z Phi(z).

    References:
        Ament et al., "Unexpected improvements to expected improvement for Bayesian
        optimization", NeurIPS 2023, eq. 9.
    """
    spread = prediction.spread
    z = (prediction.mean - best) / spread
    log_h = log_improvement(z)
    # d log h / dz = Phi / h, and dz = (d mean - z d spread) / spread
    by_z = np.exp(log_ndtr(z) - log_h)
    by_spread = (1 - z * by_z) / spread
    gradient = (by_z / spread)[:, None] * prediction.mean_gradient
    gradient += by_spread[:, None] * prediction.spread_gradient
    return log_h + np.log(spread), gradient


def log_feasibility(
    margin: Prediction, *, noise: float = 0.0
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, "n r"]]:
    """log P(g >= 0) for a margin g ~ N(mean, spread^2 + noise), and its gradient by the point.

    log Phi(z) with z = mean / sqrt(spread^2 + noise).

    References:
        Gardner et al., "Bayesian optimization with inequality constraints", ICML 2014, eq. 4 (the
        product of the expected improvement and this probability is the constrained one).
    """
    spread = np.sqrt(margin.spread**2 + noise)
    z = np.clip(margin.mean / spread, _FAR, -_FAR)
    log_probability = log_ndtr(z)
    # d log Phi / dz = phi / Phi, and dz = (d mean - z d spread) / spread
    by_z = np.exp(np.clip(-0.5 * z**2 - _LOG_ROOT_2PI - log_probability, None, 700))
    spread_gradient = (margin.spread / spread)[:, None] * margin.spread_gradient
    change = margin.mean_gradient - z[:, None] * spread_gradient
    return log_probability, (by_z / spread)[:, None] * change


def log_improvement(z: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """log(phi(z) + z Phi(z)) without cancellation for any finite z."""
    z = np.clip(z, _FAR, -_FAR)
    result = np.empty_like(z)
    near = z > -1
    result[near] = np.log(np.exp(-0.5 * z[near] ** 2 - _LOG_ROOT_2PI) + z[near] * _cdf(z[near]))
    tail = z[~near]
    # 1 + z Phi(z) / phi(z); from about -1e3 on what is left of it is 1 / z^2
    ratio = 1 + tail * np.sqrt(np.pi / 2) * erfcx(-tail / np.sqrt(2))
    log_ratio = np.where(tail > -1e3, np.log(np.maximum(ratio, 1e-300)), -2 * np.log(-tail))
    result[~near] = -0.5 * z[~near] ** 2 - _LOG_ROOT_2PI + log_ratio
    return result


def _cdf(z: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    probability: Float64[np.ndarray, " n"] = np.exp(log_ndtr(z))
    return probability
