import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern, WhiteKernel

from latent_spaces_by_example.search.latent_gp.kernel import AngleKernel
from latent_spaces_by_example.search.latent_gp.posterior import Posterior, safe_cholesky

KERNEL = AngleKernel(linear=0.4, smooth=1.2, length=0.7, noise=0.05)


def sphere(n, d, seed=0):
    x = np.random.default_rng(seed).standard_normal((n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@pytest.fixture
def posterior():
    x = sphere(25, 6)
    return Posterior.given(x, np.sin(3 * x[:, 0]) + x[:, 1], kernel=KERNEL, constant=0.0)


def test_it_is_scikit_learn_s(posterior):
    kernel = (
        ConstantKernel(0.4) * DotProduct(sigma_0=0.0, sigma_0_bounds="fixed")
        + ConstantKernel(1.2) * Matern(0.7, nu=2.5)
        + WhiteKernel(0.05)
    )
    x = posterior.points
    reference = GaussianProcessRegressor(kernel, optimizer=None).fit(
        x, np.sin(3 * x[:, 0]) + x[:, 1]
    )
    new = sphere(9, 6, seed=1)
    mean, deviation = reference.predict(new, return_std=True)
    prediction = posterior.predict(new)
    np.testing.assert_allclose(prediction.mean, mean, rtol=1e-8)
    np.testing.assert_allclose(posterior.mean(new), mean, rtol=1e-8)
    # scikit-learn's prediction is of a noisy score
    np.testing.assert_allclose(prediction.spread**2 + 0.05, deviation**2, rtol=1e-8)


def test_gradients(posterior):
    new = sphere(5, 6, seed=2)
    prediction = posterior.predict(new)
    step = 1e-6
    for axis in range(6):
        shift = step * np.eye(6)[axis]
        # off the sphere the kernel's variance is not constant, so only tangents are compared
        tangent = shift - (new @ shift)[:, None] * new
        upper, lower = (
            posterior.predict(
                (new + sign * tangent) / np.linalg.norm(new + sign * tangent, axis=1, keepdims=True)
            )
            for sign in (1, -1)
        )
        for name in ("mean", "spread"):
            numeric = (getattr(upper, name) - getattr(lower, name)) / (2 * step)
            along = (getattr(prediction, f"{name}_gradient") * tangent / step).sum(axis=1)
            np.testing.assert_allclose(along, numeric, rtol=1e-4, atol=1e-7)


def test_the_mean_with_its_gradient_is_what_is_predicted(posterior):
    new = sphere(7, posterior.points.shape[1], seed=3)
    mean, gradient = posterior.mean_with_gradient(new)
    predicted = posterior.predict(new)
    np.testing.assert_allclose(mean, predicted.mean, rtol=1e-12)
    np.testing.assert_allclose(gradient, predicted.mean_gradient, rtol=1e-12)


def test_constant_is_the_generalised_mean():
    x = sphere(25, 6)
    values = 5 + x[:, 0]
    covariance = KERNEL(x @ x.T) + 0.05 * np.eye(25)
    ones = np.ones(25)
    expected = (
        ones @ np.linalg.solve(covariance, values) / (ones @ np.linalg.solve(covariance, ones))
    )
    assert Posterior.given(x, values, kernel=KERNEL).constant == pytest.approx(expected)


def test_identical_points_do_not_break_it():
    x = np.repeat(sphere(2, 4), 20, axis=0)
    noiseless = AngleKernel(linear=1.0, smooth=1.0, length=5.0, noise=1e-300)
    posterior = Posterior.given(x, np.arange(40.0), kernel=noiseless)
    prediction = posterior.predict(sphere(3, 4, seed=3))
    assert np.isfinite(prediction.mean).all()
    assert (prediction.spread > 0).all()


@pytest.mark.parametrize("matrix", [np.ones((5, 5)), -np.eye(3), np.full((2, 2), np.nan)])
def test_safe_cholesky_always_returns_a_factor(matrix):
    factor = safe_cholesky(matrix)
    assert factor.shape == matrix.shape
    assert not np.triu(factor, 1).any()


def test_safe_cholesky_changes_nothing_without_need():
    matrix = KERNEL(sphere(10, 4) @ sphere(10, 4).T) + 0.1 * np.eye(10)
    factor = safe_cholesky(matrix)
    np.testing.assert_allclose(factor @ factor.T, matrix, atol=1e-14)
