"""A kernel that sees two things of a point: the angle of its latent, and features of its output."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float64
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

from latent_spaces_by_example.search.latent_gp.directions import Points, Values
from latent_spaces_by_example.search.latent_gp.process import (
    FIVE_HALVES,
    NoisePrior,
    Posterior,
    Pull,
    inverse_of,
    matern,
    safe_cholesky,
    selection,
)
from latent_spaces_by_example.search.latent_gp.warp import (
    OUTPUT_WARPS,
    in_spreads,
    standardised,
)


@dataclass(frozen=True)
class OutputKernel:
    """k = a s + b M(chord / l) + c f.f' + d M(|f - f'| / m), f the features of the outputs.

    s is the cosine of the angle between the latents, chord = sqrt(2 - 2 s), and M the Matern
    function of smoothness 5/2.

    A point is a row of the latent's unit vector and then of ``num_features`` features.

    Attributes:
        latent: variances a and b, and length l on the chord.
        output: variances c and d, and length m in the features' unit.
        noise: variance of the noise of a score, positive.
        num_features: how many columns of a point are features.
    """

    latent: tuple[float, float, float]
    output: tuple[float, float, float]
    noise: float
    num_features: int

    def between(self, points: Points, others: Points) -> Float64[np.ndarray, "n m"]:
        """Return the covariance, without noise, of points with others."""
        tables = _tables(points, others, num_features=self.num_features)
        covariance = np.zeros((len(points), len(others)))
        for (linear, smooth, length), inner, square in (
            (self.latent, 1 - tables[0] / 2, tables[0]),
            (self.output, tables[1], tables[2]),
        ):
            if linear:
                covariance += linear * inner
            if smooth:
                covariance += smooth * matern(np.sqrt(square) / length, FIVE_HALVES)[0]
        return covariance

    def at(self, points: Points) -> Values:
        """Return the prior variance of the noise-free score at each point."""
        features = points[:, points.shape[1] - self.num_features :]
        fixed = self.latent[0] + self.latent[1] + self.output[1]
        variance: Values = fixed + self.output[0] * (features**2).sum(axis=1)
        return variance

    def with_pull(self, points: Points, others: Points) -> tuple[Float64[np.ndarray, "n m"], Pull]:
        """Return the covariance, and no gradients: features are known where one has looked."""
        return self.between(points, others), lambda _: np.zeros((len(points), 0))


def _tables(
    points: Points, others: Points, *, num_features: int
) -> tuple[Float64[np.ndarray, "n m"], Float64[np.ndarray, "n m"], Float64[np.ndarray, "n m"]]:
    """Return the latents' chords squared, and the features' products and distances squared."""
    split = points.shape[1] - num_features
    cosine = points[:, :split] @ others[:, :split].T
    features, theirs = points[:, split:], others[:, split:]
    apart = cdist(features, theirs, "sqeuclidean")
    return np.maximum(2 - 2 * cosine, 0.0), features @ theirs.T, apart


def posterior_of_outputs(
    points: Points, scores: Values, *, num_fitted: int, num_features: int, noise: NoisePrior
) -> Posterior[OutputKernel]:
    """Return the process given the scores, by the output warp that makes them most probable.

    Args:
        points: shape (n, r + num_features), unit vectors and then features of about unit norm.
        scores: shape (n,), finite.
        num_fitted: how many of the first points kernel and warp are fitted to.
        num_features: how many columns are features.
        noise: what is known of the noise.
    """
    fitted = points[:num_fitted], scores[:num_fitted]
    spreads = in_spreads(fitted[1])
    explanations = []
    for warp in OUTPUT_WARPS:
        values = standardised(fitted[1], output_warp=warp)
        kernel, fit = fit_output_kernel(fitted[0], values, num_features=num_features, noise=noise)
        explanations.append((fit + warp.log_slope(spreads), warp, kernel))
    _, warp, kernel = max(explanations, key=lambda triple: triple[0])
    return Posterior.given(points, standardised(scores, output_warp=warp), kernel=kernel)


# ---- the fit, of features alone

# Normal priors on the logarithms of d and m, for values and features of unit spread. Short lengths
# are thought possible: a model that is sure of what it has not seen stays in the first basin.
_PRIOR_MEAN, _PRIOR_SPREAD = np.zeros(2), np.ones(2)
_BOUNDS = np.log([[1e-5, 1e3], [0.1, 20.0], [1e-6, 4.0]])
_START = np.append(_PRIOR_MEAN, np.log(1e-2))
_ITERATIONS = 30


def fit_output_kernel(
    points: Points, values: Values, *, num_features: int, noise: NoisePrior, most: int = 150
) -> tuple[OutputKernel, float]:
    """Maximise the log marginal likelihood plus the log prior over d, m and the noise.

    Latents have no part in it, nor has a linear term: with them the search ended lower on digits,
    and no higher on sections. Of many points the best third and an even selection of the others are
    used. The last few fits are kept.

    Args:
        points: shape (n, r + num_features): unit vectors, then features of about unit norm.
        values: shape (n,), of about unit spread.
        num_features: how many columns are features.
        noise: what is known of the noise.
        most: how many of the points are used at most.

    Returns:
        The kernel, and the log marginal likelihood plus log prior, less a constant that is the same
        for the same number of points.
    """
    if len(points) > most:
        chosen = selection(values, most)
        points, values = points[chosen], values[chosen]
    features = points[:, points.shape[1] - num_features :]
    apart = np.round(cdist(features, features), 9)
    logs, fit = _most_probable(apart.tobytes(), values.tobytes(), noise)
    variance, length, noise_variance = np.exp(logs).tolist()
    return OutputKernel((0.0, 0.0, 1.0), (0.0, variance, length), noise_variance, num_features), fit


@lru_cache(maxsize=32)
def _most_probable(
    apart_bytes: bytes, value_bytes: bytes, noise: NoisePrior
) -> tuple[np.ndarray, float]:
    values = np.frombuffer(value_bytes)
    best = minimize(
        _negative_log_posterior,
        _START,
        args=(np.frombuffer(apart_bytes).reshape(len(values), -1), values, noise),
        jac=True,
        method="L-BFGS-B",
        bounds=_BOUNDS,
        options={"maxiter": _ITERATIONS},
    )
    return best.x, -float(best.fun)


def _negative_log_posterior(
    logs: Float64[np.ndarray, " 3"],
    apart: Float64[np.ndarray, "n n"],
    values: Values,
    noise: NoisePrior,
) -> tuple[float, Float64[np.ndarray, " 3"]]:
    variance, length, noise_variance = np.exp(logs).tolist()
    ratio = apart / length
    value, slope = matern(ratio, FIVE_HALVES)
    covariance = variance * value
    by_log = [covariance, variance * ratio**2 * slope]
    factor = safe_cholesky(covariance + noise_variance * np.eye(len(values)))
    inverse = inverse_of(factor)
    pull = inverse.sum(axis=0)
    residual = values - pull @ values / pull.sum()
    weights = inverse @ residual
    fit = 0.5 * residual @ weights + np.log(np.diag(factor)).sum()
    inner = np.outer(weights, weights) - inverse
    gradient = [-0.5 * np.vdot(inner, matrix) for matrix in by_log]
    gradient.append(-0.5 * noise_variance * np.trace(inner))
    spreads = np.append(_PRIOR_SPREAD, noise.spread)
    deviation = np.append((logs[:2] - _PRIOR_MEAN) / _PRIOR_SPREAD, noise.deviation(logs[2]))
    return float(fit + 0.5 * deviation @ deviation), np.array(gradient) + deviation / spreads
