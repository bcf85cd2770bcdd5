"""Gaussian processes of the rivals, over a unit cube or over features, by PyTorch's gradients.

A kernel is a correlation times a scale; hyperparameters maximise the likelihood times their prior.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

torch.set_num_threads(1)
_JITTER = 1e-6
_ITERATIONS = 50
_FREE = (-20.0, 20.0)

Correlation = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class LogNormal:
    """Density of a positive number whose logarithm is normal."""

    mean: float
    spread: float

    def log_density(self, log: Tensor) -> Tensor:
        """Return the log density at exp(log), less a constant, summed."""
        return (-0.5 * ((log - self.mean) / self.spread) ** 2 - log).sum()

    @property
    def log_mode(self) -> float:
        return self.mean - self.spread**2


@dataclass(frozen=True)
class Kernel:
    """A family of kernels, scale * correlation, and what is believed of its parameters.

    All parameters are one vector: those of the correlation, log scale, log noise variance.

    Attributes:
        correlation: parameters, (n, d) and (m, d) points -> (n, m), 1 on the diagonal.
        log_prior: all parameters -> log density, less a constant.
        start: parameters that the fit begins with.
        bounds: of each; an interval of one point fixes it.
    """

    correlation: Correlation
    log_prior: Callable[[Tensor], Tensor]
    start: np.ndarray
    bounds: list[tuple[float, float]]


@dataclass(frozen=True)
class Posterior:
    """A kernel given scores; means and deviations are of scores about their mean, in spreads."""

    kernel: Kernel
    parameters: Tensor
    points: Tensor
    factor: Tensor
    constant: Tensor
    weights: Tensor
    best: float

    def predict(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of the noise-free score at points, (n, d)."""
        across = self._covariance(points, self.points)
        solved = torch.linalg.solve_triangular(self.factor, across.T, upper=False)
        variance = self.parameters[-2].exp() - (solved**2).sum(dim=0)
        return self.constant + across @ self.weights, variance.clamp_min(1e-10).sqrt()

    def sample(self, points: Tensor, rng: np.random.Generator) -> Tensor:
        """Draw the noise-free score at all of the points together."""
        across = self._covariance(points, self.points)
        solved = torch.linalg.solve_triangular(self.factor, across.T, upper=False)
        covariance = self._covariance(points, points) - solved.T @ solved
        factor = torch.linalg.cholesky(covariance + 1e-4 * torch.eye(len(points)))
        mean = self.constant + across @ self.weights
        return mean + factor @ torch.from_numpy(rng.standard_normal(len(points)))

    def log_improves(self, points: Tensor) -> Tensor:
        """Return the log probability that the score is above the best so far."""
        mean, spread = self.predict(points)
        return torch.special.log_ndtr((mean - self.best) / spread)

    def log_ei(self, points: Tensor) -> Tensor:
        """Return log expected improvement (Ament et al., NeurIPS 2023), finite everywhere."""
        mean, spread = self.predict(points)
        u = (mean - self.best) / spread
        near, far = u.clamp_min(-1.0), u.clamp(-1e5, -1.0)
        density = torch.exp(-(near**2) / 2) / math.sqrt(2 * math.pi)
        direct = torch.log(density + near * torch.special.ndtr(near))
        tail = 1 + far * math.sqrt(math.pi / 2) * torch.special.erfcx(-far / math.sqrt(2))
        distant = -(far**2) / 2 - math.log(2 * math.pi) / 2 + torch.log(tail)
        return torch.where(u > -1, direct, distant) + spread.log()

    def _covariance(self, points: Tensor, others: Tensor) -> Tensor:
        scale = self.parameters[-2].exp()
        return scale * self.kernel.correlation(self.parameters[:-2], points, others)


def fit(kernel: Kernel, points: np.ndarray, scores: np.ndarray) -> Posterior:
    """Return the posterior with the most probable parameters, for points of shape (n, d)."""
    torch.set_default_dtype(torch.float64)
    x = torch.from_numpy(np.ascontiguousarray(points, dtype=np.float64))
    values = (scores - scores.mean()) / scores.std()
    y = torch.from_numpy(values)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        p = torch.from_numpy(parameters.copy()).requires_grad_()
        factor, _, residual, weights = _solved(kernel, p, x, y)
        likelihood = -0.5 * residual @ weights - factor.diagonal().log().sum()
        value = -(likelihood + kernel.log_prior(p))
        value.backward()
        return value.item(), p.grad.numpy()

    result = minimize(
        loss,
        kernel.start,
        jac=True,
        method="L-BFGS-B",
        bounds=kernel.bounds,
        options={"maxiter": _ITERATIONS},
    )
    with torch.no_grad():
        p = torch.from_numpy(result.x)
        factor, constant, _, weights = _solved(kernel, p, x, y)
    return Posterior(kernel, p, x, factor, constant, weights, float(values.max()))


def _solved(kernel: Kernel, p: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    """Return the Cholesky factor, the generalised mean, the residual, and its weights."""
    covariance = p[-2].exp() * kernel.correlation(p[:-2], x, x)
    factor = torch.linalg.cholesky(covariance + (p[-1].exp() + _JITTER) * torch.eye(len(x)))
    columns = torch.cholesky_solve(torch.stack([torch.ones_like(y), y], dim=1), factor)
    constant = columns[:, 1].sum() / columns[:, 0].sum()
    return factor, constant, y - constant, columns[:, 1] - constant * columns[:, 0]


def _squares(points: Tensor, others: Tensor) -> Tensor:
    """Return squared distances, by one product of matrices."""
    square = (points**2).sum(dim=1)[:, None] + (others**2).sum(dim=1) - 2 * points @ others.T
    return square.clamp_min(0.0)


def _rbf(logs: Tensor, points: Tensor, others: Tensor) -> Tensor:
    lengths = logs.exp()
    return torch.exp(-_squares(points / lengths, others / lengths) / 2)


def _matern(logs: Tensor, points: Tensor, others: Tensor) -> Tensor:
    """Matern of smoothness 5/2, with one length scale or one for each dimension."""
    lengths = logs.exp()
    t = torch.sqrt(5 * _squares(points / lengths, others / lengths) + 1e-12)
    return (1 + t + t**2 / 3) * torch.exp(-t)


def dimension_scaled(dims: int) -> Kernel:
    """Return the RBF kernel whose length scales are believed to grow with the root of dimensions.

    One length for each dimension of the unit cube; the scale is 1.
    """
    length, noise = LogNormal(math.sqrt(2) + math.log(dims) / 2, math.sqrt(3)), LogNormal(-4, 1)
    return Kernel(
        correlation=_rbf,
        log_prior=lambda p: length.log_density(p[:-2]) + noise.log_density(p[-1]),
        start=np.array([length.log_mode] * dims + [0.0, noise.log_mode]),
        bounds=[(math.log(0.025), 20.0)] * dims + [(0.0, 0.0), (math.log(1e-4), 2.0)],
    )


def spherical_linear(dims: int) -> Kernel:
    """Return the linear kernel of the unit cube's points carried to a sphere.

    k = b0 + b1 P(x)'P(x'), b0 + b1 = 1, P the inverse stereographic projection of points about the
    cube's centre, over a length for each dimension and one for all.
    """
    length, noise = LogNormal(math.sqrt(2), math.sqrt(3)), LogNormal(-4, 1)

    def on_sphere(p: Tensor, points: Tensor) -> Tensor:
        lengths = p[:dims].exp()
        corner = ((0.5 / lengths) ** 2).sum()
        scaled = (points - 0.5) / lengths / torch.sqrt(torch.sigmoid(p[dims]) * corner)
        square = (scaled**2).sum(dim=1, keepdim=True)
        return torch.cat([2 * scaled, square - 1], dim=1) / (1 + square)

    def correlation(p: Tensor, points: Tensor, others: Tensor) -> Tensor:
        share = torch.sigmoid(p[dims + 1])
        return 1 - share + share * on_sphere(p, points) @ on_sphere(p, others).T

    return Kernel(
        correlation=correlation,
        log_prior=lambda p: length.log_density(p[:dims]) + noise.log_density(p[-1]),
        start=np.array([length.log_mode] * dims + [0.0, 0.0, 0.0, noise.log_mode]),
        bounds=[(math.log(0.025), 20.0)] * dims + [_FREE, _FREE, (0.0, 0.0), (math.log(1e-4), 2.0)],
    )


def trust_region_matern(dims: int) -> Kernel:
    """Return TuRBO's kernel: Matern 5/2 with a length for each dimension, bounds, and no prior."""
    return Kernel(
        correlation=_matern,
        log_prior=lambda p: torch.zeros(()),
        start=np.log([0.5] * dims + [1.0, 5e-4]),
        bounds=np.log([[0.005, 4.0]] * dims + [[0.05, 20.0], [1e-8, 1e-3]]).tolist(),
    )


def features_matern() -> Kernel:
    """Return a Matern 5/2 kernel with one length, for features of about unit norm."""
    length, scale, noise = LogNormal(0.5, 1.0), LogNormal(0.5, 1.0), LogNormal(-4, 1)
    return Kernel(
        correlation=_matern,
        log_prior=lambda p: (
            length.log_density(p[:1]) + scale.log_density(p[-2]) + noise.log_density(p[-1])
        ),
        start=np.array([0.0, 0.0, noise.log_mode]),
        bounds=[(math.log(0.05), 5.0), (-5.0, 5.0), (math.log(1e-5), 2.0)],
    )
