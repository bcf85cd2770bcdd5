"""Hyperparameters of the Gaussian process: the most probable ones given the scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from jaxtyping import Float64, Int
from scipy.optimize import minimize

from latent_spaces_by_example.search.latent_gp.kernel import AngleKernel
from latent_spaces_by_example.search.latent_gp.matern import FIVE_HALVES, Matern
from latent_spaces_by_example.search.latent_gp.posterior import inverse_of, safe_cholesky

# Normal priors on the logarithms of linear, smooth and length, for values of unit spread. Lengths
# have a floor: cliffs and kinks look like hills too narrow to be of use away from a point, and a
# model that gives in to that sees no reason to leave the best point's neighbourhood.
_PRIOR_MEAN = np.log([0.5, 0.5, 1.0])
_PRIOR_SPREAD = np.array([1.5, 1.5, 0.7])
_BOUNDS = np.log([[1e-4, 1e3], [1e-4, 1e3], [0.5, 20.0], [1e-6, 4.0]]).tolist()
_START = np.log([0.5, 0.5, 1.0, 1e-2])
_ITERATIONS = 15
_DECIMALS = 9  # to which cosines are the same, however their points were computed


@dataclass(frozen=True)
class NoisePrior:
    """A normal prior on the logarithm of the noise's variance, for values of unit spread.

    Attributes:
        median: of the variance.
        spread: standard deviation of its natural logarithm.
    """

    median: float
    spread: float

    def deviation(self, log_noise: float) -> float:
        """How many standard deviations a logarithm is from the mean."""
        return float(log_noise - np.log(self.median)) / self.spread


# kinks look like noise too: there is little unless much evidence says otherwise
EXACT = NoisePrior(3e-4, 1.0)
# for a model whose smoothness has been chosen for the scores, so that kinks are no excuse
PERHAPS_NOISY = NoisePrior(1e-3, 2.5)
# for scores that are known to have noise: otherwise a few far apart might as well be rugged
NOISY = NoisePrior(0.2, 0.7)


@dataclass(frozen=True)
class Fit:
    """The most probable kernel of one smoothness.

    Attributes:
        kernel: the kernel.
        log_posterior: log marginal likelihood plus log prior, less a constant that is the same
            for the same number of points.
    """

    kernel: AngleKernel
    log_posterior: float


@dataclass(frozen=True)
class _Data:
    """Cosines and values; equal if their digests are, so that a fit is looked up by them."""

    digest: bytes
    cosine: Float64[np.ndarray, "n n"] = field(compare=False)
    values: Float64[np.ndarray, " n"] = field(compare=False)


def fit_kernel(
    points: Float64[np.ndarray, "n r"],
    values: Float64[np.ndarray, " n"],
    *,
    matern: Matern = FIVE_HALVES,
    noise: NoisePrior = EXACT,
    most: int = 200,
) -> Fit:
    """Maximise the log marginal likelihood plus the log prior.

    Of many points the best third and an even selection of the others are used: hyperparameters
    need no more, and a proposal has to take less than a second. The last few fits are kept, as
    the same data are asked about by one proposal after the other.

    Args:
        points: unit vectors, shape (n, r).
        values: shape (n,), of about unit spread.
        matern: the smoothness of the kernel.
        noise: what is known of the noise.
        most: how many of the points are used at most.

    References:
        Rasmussen and Williams, "Gaussian processes for machine learning", eq. 5.8 and 5.9.
    """
    if len(points) > most:
        chosen = selection(values, most)
        points, values = points[chosen], values[chosen]
    cosine = np.round(points @ points.T, _DECIMALS)
    digest = blake2b(cosine.tobytes() + values.tobytes()).digest()
    return _most_probable(_Data(digest, cosine, values), matern, noise)


@lru_cache(maxsize=32)
def _most_probable(data: _Data, matern: Matern, noise: NoisePrior) -> Fit:
    best = minimize(
        _negative_log_posterior,
        _START,
        args=(data.cosine, data.values, matern, noise),
        jac=True,
        method="L-BFGS-B",
        bounds=_BOUNDS,
        options={"maxiter": _ITERATIONS},
    )
    return Fit(AngleKernel.from_logs(best.x, matern=matern), -float(best.fun))


def selection(values: Float64[np.ndarray, " n"], most: int) -> Int[np.ndarray, " m"]:
    """Indices of the best third of ``most`` values, and of others spread evenly over the ranks."""
    order = np.argsort(-values, kind="stable")
    best, rest = order[: most // 3], order[most // 3 :]
    even = np.linspace(0, len(rest) - 1, most - len(best)).round().astype(int)
    return np.sort(np.concatenate([best, rest[even]]))


def _negative_log_posterior(
    logs: Float64[np.ndarray, " 4"],
    cosine: Float64[np.ndarray, "n n"],
    values: Float64[np.ndarray, " n"],
    matern: Matern,
    noise: NoisePrior,
) -> tuple[float, Float64[np.ndarray, " 4"]]:
    kernel = AngleKernel.from_logs(logs, matern=matern)
    by_log = kernel.log_gradients(cosine)
    covariance = by_log[0] + by_log[1]
    covariance[np.diag_indices(len(values))] += kernel.noise
    factor = safe_cholesky(covariance)
    inverse = inverse_of(factor)
    pull = inverse.sum(axis=0)
    # the constant mean is the one of largest likelihood, where its own derivative is zero
    residual = values - pull @ values / pull.sum()
    weights = inverse @ residual
    value = 0.5 * residual @ weights + np.log(np.diag(factor)).sum()
    inner = np.outer(weights, weights) - inverse
    gradient = np.array([-0.5 * np.vdot(inner, matrix) for matrix in by_log] + [0.0])
    gradient[3] = -0.5 * kernel.noise * np.trace(inner)
    spreads = np.append(_PRIOR_SPREAD, noise.spread)
    deviation = np.append((logs[:3] - _PRIOR_MEAN) / _PRIOR_SPREAD, noise.deviation(logs[3]))
    return float(value + 0.5 * deviation @ deviation), gradient + deviation / spreads
