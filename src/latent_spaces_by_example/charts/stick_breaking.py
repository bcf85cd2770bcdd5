"""Break the unit sphere one weight at a time, as every chart here does.

Each step splits what is left, a tail of norm t_k, into the weight w_k = t_k cos(theta_k) and the
next tail t_{k+1} = t_k sin(theta_k). Cosine and sine travel as two numbers, because either one
computed from the other loses all its digits when it is small.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64


def weights_from_splits(
    cosines: Float64[np.ndarray, "n m"], sines: Float64[np.ndarray, "n m"]
) -> Float64[np.ndarray, "n m+1"]:
    """Return w_k = cos(theta_k) prod_{j<k} sin(theta_j), and w_K the product of all sines."""
    n, m = cosines.shape
    weights = np.ones((n, m + 1))
    np.cumprod(sines, axis=1, out=weights[:, 1:])
    weights[:, :-1] *= cosines
    return weights


def angle_gradient(
    cosines: Float64[np.ndarray, "n m"],
    sines: Float64[np.ndarray, "n m"],
    *,
    w_gradient: Float64[np.ndarray, "n m+1"],
) -> Float64[np.ndarray, "n m"]:
    """Return dL/dtheta_k = t_k (cos(theta_k) q_{k+1} - sin(theta_k) g_k), g = dL/dw.

    q_k = g_k cos(theta_k) + q_{k+1} sin(theta_k), q_K = g_K, is the derivative along the direction
    that the weights from k on have. Nothing is divided by, so collapsed faces are no exception.
    """
    n, m = cosines.shape
    along = np.empty((n, m + 1))
    along[:, -1] = w_gradient[:, -1]
    for k in reversed(range(m)):
        along[:, k] = w_gradient[:, k] * cosines[:, k] + along[:, k + 1] * sines[:, k]
    tails = np.ones((n, m))
    np.cumprod(sines[:, :-1], axis=1, out=tails[:, 1:])
    gradient: Float64[np.ndarray, "n m"] = tails * (
        cosines * along[:, 1:] - sines * w_gradient[:, :-1]
    )
    return gradient


def tail_norms(w: Float64[np.ndarray, "n K"]) -> Float64[np.ndarray, "n K"]:
    """Return t_k = |(w_k, ..., w_K)|, summed from the far end: small tails keep their digits."""
    # hypot, not squares: squares of weights below 1e-154 would underflow.
    reversed_norms = np.hypot.accumulate(w[:, ::-1], axis=1)
    norms: Float64[np.ndarray, "n K"] = reversed_norms[:, ::-1]
    return norms
