"""A Gaussian process on the sphere: its kernel, its posterior, and the most probable kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Generic, Literal, Protocol, TypeAlias, TypeVar

import numpy as np
from jaxtyping import Float64, Int
from scipy.linalg import LinAlgError, cholesky
from scipy.linalg.lapack import dpotri
from scipy.optimize import brentq, minimize

from latent_spaces_by_example.search.latent_gp.directions import Points, Values

# ---- the kernel

_Table: TypeAlias = Float64[np.ndarray, "*shape"]
Pull: TypeAlias = Callable[[_Table], Points]
Smoothness: TypeAlias = Literal["3/2", "5/2"]
THREE_HALVES: Final = "3/2"  # of functions that have a gradient, and kinks
FIVE_HALVES: Final = "5/2"  # of functions that have a curvature


def matern(r: _Table, smoothness: Smoothness) -> tuple[_Table, _Table]:
    """Return the Matern function M(r), r the distance over the length scale, and -M'(r) / r.

    M(r) = (1 + t) exp(-t) with t = sqrt(3) r, or (1 + t + t^2 / 3) exp(-t) with t = sqrt(5) r. The
    slope is 3 exp(-t), or 5 / 3 (1 + t) exp(-t), finite at zero.

    References:
        Rasmussen and Williams, "Gaussian processes for machine learning", eq. 4.17.
    """
    t = np.sqrt(3.0 if smoothness == THREE_HALVES else 5.0) * r
    decay = np.exp(-t)
    linear = (1 + t) * decay
    if smoothness == THREE_HALVES:
        return linear, 3 * decay
    return linear + t**2 / 3 * decay, 5 / 3 * linear


@dataclass(frozen=True)
class AngleKernel:
    """k(s) = linear * s + smooth * M(sqrt(2 - 2 s) / length), s the cosine of the angle.

    M is a Matern function, and sqrt(2 - 2 s) the chord between two points of the unit sphere. The
    linear term alone finds the direction of a trend from prior draws, however many dimensions the
    latent has; the Matern term sees hills and valleys. Both are positive definite on the sphere
    in any dimension.

    Attributes:
        linear: variance of the linear term, positive.
        smooth: variance of the Matern term, positive.
        length: length scale on the chord, positive; the chord is at most 2.
        noise: variance of the noise of a score, positive.
        smoothness: of M.
    """

    linear: float
    smooth: float
    length: float
    noise: float
    smoothness: Smoothness = FIVE_HALVES

    @classmethod
    def from_logs(
        cls, logs: Float64[np.ndarray, " 4"], *, smoothness: Smoothness = FIVE_HALVES
    ) -> AngleKernel:
        """Return the kernel whose first four attributes have these natural logarithms."""
        linear, smooth, length, noise = np.exp(logs).tolist()
        return cls(linear=linear, smooth=smooth, length=length, noise=noise, smoothness=smoothness)

    @property
    def variance(self) -> float:
        """Prior variance of the noise-free score at one point."""
        return self.linear + self.smooth

    def __call__(self, cosine: _Table) -> _Table:
        """Return the covariance at each cosine, without noise."""
        return self.with_slope(cosine)[0]

    def between(self, points: Points, others: Points) -> Float64[np.ndarray, "n m"]:
        """Return the covariance, without noise, of points of the unit sphere with others."""
        return self(points @ others.T)

    def at(self, points: Points) -> Values:
        """Return the prior variance of the noise-free score at each point."""
        return np.full(len(points), self.variance)

    def with_pull(self, points: Points, others: Points) -> tuple[_Table, Pull]:
        """Return the covariance, and what makes gradients of it by the points.

        The second is a function of factors c, of shape (m,) or (n, m): it returns
        sum_j c_j dk(x_i, y_j)/dx_i, shape (n, r).
        """
        covariance, slope = self.with_slope(points @ others.T)
        return covariance, lambda factors: (slope * factors) @ others

    def with_slope(self, cosine: _Table) -> tuple[_Table, _Table]:
        """Return the covariance k(s) at each cosine s, and dk/ds.

        That is finite at s = 1 too: there the chord's infinite slope meets M'(0) = 0.
        """
        value, slope = matern(self._ratio(cosine), self.smoothness)
        covariance = self.linear * cosine + self.smooth * value
        return covariance, self.linear + self.smooth / self.length**2 * slope

    def telling_angle(self, most: float, *, news: float = 1.0, related: float = 0.0) -> float:
        """Return the angle, in radians, from a known score at which news equals noise.

        There the variance of the score given the known one, k(1) - k(cos t)^2 / k(1), is that of
        the noise. A shorter step along a direction of which nothing is known tells less of that
        direction than of the noise.

        Args:
            most: what is returned if the angle is larger; at most pi / 2.
            news: how many times as much news as noise it is to be.
            related: the least correlation with the known score; where that is nearer, the angle is
                there.
        """

        def surplus(angle: float) -> float:
            correlation = float(self(np.array([np.cos(angle)]))[0]) / self.variance
            spare = self.variance * (1 - correlation**2) - news * self.noise
            return max(spare, self.variance * (related - correlation))

        return float(brentq(surplus, 0.0, most)) if surplus(most) > 0 else most

    def log_gradients(self, cosine: Float64[np.ndarray, "n n"]) -> list[Float64[np.ndarray, "n n"]]:
        """Return the covariance's derivatives by the logarithms of linear, smooth and length."""
        ratio = self._ratio(cosine)
        value, slope = matern(ratio, self.smoothness)
        return [self.linear * cosine, self.smooth * value, self.smooth * ratio**2 * slope]

    def _ratio(self, cosine: _Table) -> _Table:
        chord: _Table = np.sqrt(np.maximum(2 - 2 * cosine, 0.0))
        return chord / self.length


# ---- the posterior


class Kernel(Protocol):
    """Give a posterior what it needs of a covariance; see :class:`AngleKernel`."""

    @property
    def noise(self) -> float:
        """Variance of the noise of a score."""
        ...

    def between(self, points: Points, others: Points) -> Float64[np.ndarray, "n m"]:
        """Return the covariance, without noise, of points with others."""
        ...

    def at(self, points: Points) -> Values:
        """Return the prior variance of the noise-free score at each point."""
        ...

    def with_pull(self, points: Points, others: Points) -> tuple[_Table, Pull]:
        """Return the covariance, and what makes gradients of it by the points."""
        ...


K = TypeVar("K", bound=Kernel)


@dataclass(frozen=True)
class Prediction:
    """Posterior at n points: mean and standard deviation, and their gradients by the point.

    Attributes:
        mean: shape (n,).
        spread: standard deviation of the noise-free score, shape (n,), positive.
        mean_gradient: shape (n, r), in the coordinates of the points.
        spread_gradient: shape (n, r).
    """

    mean: Values
    spread: Values
    mean_gradient: Points
    spread_gradient: Points


@dataclass(frozen=True)
class Posterior(Generic[K]):
    """A Gaussian process conditioned on values at points.

    Attributes:
        kernel: the covariance, noise included.
        points: as the kernel takes them, shape (n, r); unit vectors for angles.
        values: shape (n,).
        constant: the prior mean.
        inverse: inverse of the covariance of the values, shape (n, n).
        weights: ``inverse @ (values - constant)``, shape (n,).
    """

    kernel: K
    points: Points
    values: Values
    constant: float
    inverse: Float64[np.ndarray, "n n"]
    weights: Values

    @classmethod
    def given(
        cls,
        points: Points,
        values: Values,
        *,
        kernel: K,
        constant: float | None = None,
        num_exact: int = 0,
    ) -> Posterior[K]:
        """Condition on values, the last ``num_exact`` of which have no noise.

        The constant is the values' generalised mean unless it is given.
        """
        covariance = kernel.between(points, points)
        noisy = np.arange(len(points) - num_exact)
        covariance[noisy, noisy] += kernel.noise
        factor = safe_cholesky(covariance)
        inverse = inverse_of(factor)
        if constant is None:
            pull = inverse.sum(axis=0)
            constant = float(pull @ values / pull.sum())
        return cls(kernel, points, values, constant, inverse, inverse @ (values - constant))

    def mean(self, points: Points) -> Values:
        """Return the posterior mean of the score."""
        covariance = self.kernel.between(points, self.points)
        mean: Values = self.constant + covariance @ self.weights
        return mean

    def predict(self, points: Points) -> Prediction:
        """Return mean and standard deviation of the noise-free score, with gradients."""
        covariance, pull = self.kernel.with_pull(points, self.points)
        solved = covariance @ self.inverse
        prior = self.kernel.at(points)
        variance = prior - (solved * covariance).sum(axis=1)
        spread = np.sqrt(np.maximum(variance, 1e-10 * prior))
        return Prediction(
            mean=self.constant + covariance @ self.weights,
            spread=spread,
            mean_gradient=pull(self.weights),
            spread_gradient=-pull(solved) / spread[:, None],
        )


def safe_cholesky(matrix: Float64[np.ndarray, "n n"]) -> Float64[np.ndarray, "n n"]:
    """Return the lower Cholesky factor, with as little added to the diagonal as makes it exist."""
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
    """Return the inverse of L L^T, given a lower triangular L of positive diagonal."""
    lower, _ = dpotri(factor, lower=True)
    lower = np.tril(lower)
    inverse: Float64[np.ndarray, "n n"] = lower + np.tril(lower, -1).T
    return inverse


# ---- the fit

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
        """Return how many standard deviations a logarithm is from the mean."""
        return float(log_noise - np.log(self.median)) / self.spread


# kinks look like noise too: there is little unless much evidence says otherwise
EXACT = NoisePrior(3e-4, 1.0)
# for a model whose smoothness has been chosen for the scores, so that kinks are no excuse
PERHAPS_NOISY = NoisePrior(1e-3, 2.5)
# for scores that are known to have noise: otherwise a few far apart might as well be rugged
NOISY = NoisePrior(0.2, 0.7)


def fit_kernel(
    points: Points,
    values: Values,
    *,
    smoothness: Smoothness = FIVE_HALVES,
    noise: NoisePrior = EXACT,
    most: int = 200,
) -> tuple[AngleKernel, float]:
    """Maximise the log marginal likelihood plus the log prior.

    Of many points the best third and an even selection of the others are used: hyperparameters
    need no more, and a proposal has to take less than a second. The last few fits are kept, as
    the same data are asked about by one proposal after the other.

    Args:
        points: unit vectors, shape (n, r).
        values: shape (n,), of about unit spread.
        smoothness: of the kernel.
        noise: what is known of the noise.
        most: how many of the points are used at most.

    Returns:
        The kernel, and the log marginal likelihood plus log prior, less a constant that is the same
        for the same number of points.

    References:
        Rasmussen and Williams, "Gaussian processes for machine learning", eq. 5.8 and 5.9.
    """
    if len(points) > most:
        chosen = selection(values, most)
        points, values = points[chosen], values[chosen]
    cosine = np.round(points @ points.T, _DECIMALS)
    return _most_probable(cosine.tobytes(), values.tobytes(), smoothness, noise)


@lru_cache(maxsize=32)
def _most_probable(
    cosine_bytes: bytes, value_bytes: bytes, smoothness: Smoothness, noise: NoisePrior
) -> tuple[AngleKernel, float]:
    values = np.frombuffer(value_bytes)
    cosine = np.frombuffer(cosine_bytes).reshape(len(values), len(values))
    best = minimize(
        _negative_log_posterior,
        _START,
        args=(cosine, values, smoothness, noise),
        jac=True,
        method="L-BFGS-B",
        bounds=_BOUNDS,
        options={"maxiter": _ITERATIONS},
    )
    return AngleKernel.from_logs(best.x, smoothness=smoothness), -float(best.fun)


def selection(values: Values, most: int) -> Int[np.ndarray, " m"]:
    """Return indices of the best third of ``most`` values, and of others even in rank."""
    order = np.argsort(-values, kind="stable")
    best, rest = order[: most // 3], order[most // 3 :]
    even = np.linspace(0, len(rest) - 1, most - len(best)).round().astype(int)
    return np.sort(np.concatenate([best, rest[even]]))


def _negative_log_posterior(
    logs: Float64[np.ndarray, " 4"],
    cosine: Float64[np.ndarray, "n n"],
    values: Values,
    smoothness: Smoothness,
    noise: NoisePrior,
) -> tuple[float, Float64[np.ndarray, " 4"]]:
    kernel = AngleKernel.from_logs(logs, smoothness=smoothness)
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
