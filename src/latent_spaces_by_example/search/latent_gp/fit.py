"""Hyperparameters of the Gaussian process: the most probable ones given the scores."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.linalg import cho_solve
from scipy.optimize import minimize

from latent_spaces_by_example.search.latent_gp.kernel import AngleKernel
from latent_spaces_by_example.search.latent_gp.posterior import safe_cholesky

# Normal priors on the logarithms of linear, smooth, length and noise, for values of unit spread.
# They are wide; what they rule out is a model that explains noise by hills as narrow as it takes.
_PRIOR_MEAN = np.log([0.5, 0.5, 1.0, 1e-2])
_PRIOR_SPREAD = np.array([1.5, 1.5, 0.7, 2.5])
_BOUNDS = np.log([[1e-4, 1e3], [1e-4, 1e3], [0.1, 20.0], [1e-6, 4.0]]).tolist()
_STARTS = np.log([[0.5, 0.5, 1.0, 1e-2], [0.2, 0.5, 0.5, 0.3]])
_LARGEST = 300


def fit_kernel(
    points: Float64[np.ndarray, "n r"], values: Float64[np.ndarray, " n"], *, iterations: int = 30
) -> AngleKernel:
    """Maximise the log marginal likelihood plus the log prior, from two starts.

    With more than 300 points the best third of them and an even selection of the others are
    used: hyperparameters need no more, and a proposal has to take less than a second.

    Args:
        points: unit vectors, shape (n, r).
        values: shape (n,), of about unit spread.
        iterations: most L-BFGS iterations from each start.

    References:
        Rasmussen and Williams, "Gaussian processes for machine learning", eq. 5.8 and 5.9.
    """
    if len(points) > _LARGEST:
        chosen = _selection(values)
        points, values = points[chosen], values[chosen]
    cosine = points @ points.T
    best = min(
        (
            minimize(
                _negative_log_posterior,
                start,
                args=(cosine, values),
                jac=True,
                method="L-BFGS-B",
                bounds=_BOUNDS,
                options={"maxiter": iterations},
            )
            for start in _STARTS
        ),
        key=lambda result: float(result.fun),
    )
    return AngleKernel.from_logs(best.x)


def _selection(values: Float64[np.ndarray, " n"]) -> np.ndarray:
    order = np.argsort(-values, kind="stable")
    best, rest = order[: _LARGEST // 3], order[_LARGEST // 3 :]
    even = np.linspace(0, len(rest) - 1, _LARGEST - len(best)).round().astype(int)
    return np.sort(np.concatenate([best, rest[even]]))


def _negative_log_posterior(
    logs: Float64[np.ndarray, " 4"],
    cosine: Float64[np.ndarray, "n n"],
    values: Float64[np.ndarray, " n"],
) -> tuple[float, Float64[np.ndarray, " 4"]]:
    kernel = AngleKernel.from_logs(logs)
    by_log = kernel.log_gradients(cosine)
    covariance = by_log[0] + by_log[1]
    covariance[np.diag_indices(len(values))] += kernel.noise
    factor = safe_cholesky(covariance)
    inverse = cho_solve((factor, True), np.eye(len(values)))
    pull = inverse.sum(axis=0)
    # the constant mean is the one of largest likelihood, where its own derivative is zero
    residual = values - pull @ values / pull.sum()
    weights = inverse @ residual
    value = 0.5 * residual @ weights + np.log(np.diag(factor)).sum()
    inner = np.outer(weights, weights) - inverse
    gradient = np.array([-0.5 * (inner * matrix).sum() for matrix in by_log] + [0.0])
    gradient[3] = -0.5 * kernel.noise * np.trace(inner)
    deviation = (logs - _PRIOR_MEAN) / _PRIOR_SPREAD
    return float(value + 0.5 * deviation @ deviation), gradient + deviation / _PRIOR_SPREAD
