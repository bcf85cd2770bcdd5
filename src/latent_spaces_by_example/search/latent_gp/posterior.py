"""The Gaussian process given the scores: mean and spread at new points, and their gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.linalg import LinAlgError, cholesky
from scipy.linalg.lapack import dpotri

from latent_spaces_by_example.search.latent_gp.kernel import AngleKernel


@dataclass(frozen=True)
class Prediction:
    """Posterior at n points: mean and standard deviation, and their gradients by the point.

    Attributes:
        mean: shape (n,).
        spread: standard deviation of the noise-free score, shape (n,), positive.
        mean_gradient: shape (n, r), in the coordinates of the points.
        spread_gradient: shape (n, r).
    """

    mean: Float64[np.ndarray, " n"]
    spread: Float64[np.ndarray, " n"]
    mean_gradient: Float64[np.ndarray, "n r"]
    spread_gradient: Float64[np.ndarray, "n r"]


@dataclass(frozen=True)
class Posterior:
    """A Gaussian process conditioned on values at points of the unit sphere.

    Attributes:
        kernel: the covariance, noise included.
        points: unit vectors, shape (n, r).
        values: shape (n,).
        constant: the prior mean.
        inverse: inverse of the covariance of the values, shape (n, n).
        weights: ``inverse @ (values - constant)``, shape (n,).
    """

    kernel: AngleKernel
    points: Float64[np.ndarray, "n r"]
    values: Float64[np.ndarray, " n"]
    constant: float
    inverse: Float64[np.ndarray, "n n"]
    weights: Float64[np.ndarray, " n"]

    @classmethod
    def given(
        cls,
        points: Float64[np.ndarray, "n r"],
        values: Float64[np.ndarray, " n"],
        *,
        kernel: AngleKernel,
        constant: float | None = None,
        num_exact: int = 0,
    ) -> Posterior:
        """Condition on values, the last ``num_exact`` of which have no noise.

        The constant is the values' generalised mean unless it is given.
        """
        covariance = kernel(points @ points.T)
        noisy = np.arange(len(points) - num_exact)
        covariance[noisy, noisy] += kernel.noise
        factor = safe_cholesky(covariance)
        inverse = inverse_of(factor)
        if constant is None:
            pull = inverse.sum(axis=0)
            constant = float(pull @ values / pull.sum())
        return cls(kernel, points, values, constant, inverse, inverse @ (values - constant))

    def mean(self, points: Float64[np.ndarray, "n r"]) -> Float64[np.ndarray, " n"]:
        """Posterior mean of the score."""
        covariance = self.kernel(points @ self.points.T)
        mean: Float64[np.ndarray, " n"] = self.constant + covariance @ self.weights
        return mean

    def mean_with_gradient(
        self, points: Float64[np.ndarray, "n r"]
    ) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, "n r"]]:
        """Posterior mean of the score, shape (n,), and its gradient by the point, (n, r)."""
        covariance, slope = self.kernel.with_slope(points @ self.points.T)
        return self.constant + covariance @ self.weights, (slope * self.weights) @ self.points

    def predict(self, points: Float64[np.ndarray, "n r"]) -> Prediction:
        """Posterior mean and standard deviation of the noise-free score, with gradients."""
        cosine = points @ self.points.T
        covariance, slope = self.kernel.with_slope(cosine)
        solved = covariance @ self.inverse
        variance = self.kernel.variance - (solved * covariance).sum(axis=1)
        spread = np.sqrt(np.maximum(variance, 1e-10 * self.kernel.variance))
        return Prediction(
            mean=self.constant + covariance @ self.weights,
            spread=spread,
            mean_gradient=(slope * self.weights) @ self.points,
            spread_gradient=-((slope * solved) @ self.points) / spread[:, None],
        )


def safe_cholesky(matrix: Float64[np.ndarray, "n n"]) -> Float64[np.ndarray, "n n"]:
    """Lower Cholesky factor, with as little added to the diagonal as makes it exist."""
    scale = float(np.diag(matrix).mean())
    scale = scale if scale > 0 else 1.0
    for jitter in (0.0, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2):
        try:
            factor: Float64[np.ndarray, "n n"] = cholesky(
                matrix + jitter * scale * np.eye(len(matrix)), lower=True, check_finite=False
            )
        except LinAlgError:
            continue
        if np.isfinite(factor).all():
            return factor
    diagonal: Float64[np.ndarray, "n n"] = np.eye(len(matrix)) * np.sqrt(scale)
    return diagonal


def inverse_of(factor: Float64[np.ndarray, "n n"]) -> Float64[np.ndarray, "n n"]:
    """Inverse of L L^T, given a lower triangular L of positive diagonal."""
    lower, _ = dpotri(factor, lower=True)
    lower = np.tril(lower)
    inverse: Float64[np.ndarray, "n n"] = lower + np.tril(lower, -1).T
    return inverse
