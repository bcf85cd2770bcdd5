"""The Gaussian process: against scikit-learn's, and its own derivatives."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern, WhiteKernel

from latent_spaces_by_example.search.latent_gp import process
from latent_spaces_by_example.search.latent_gp.process import (
    FIVE_HALVES,
    THREE_HALVES,
    AngleKernel,
    Posterior,
    safe_cholesky,
)

KERNELS = [
    AngleKernel(linear=0.3, smooth=1.7, length=0.6, noise=0.01, smoothness=matern)
    for matern in (THREE_HALVES, FIVE_HALVES)
]


both = pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.smoothness)


def sphere(n, d, seed=0):
    x = np.random.default_rng(seed).standard_normal((n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@both
def test_it_is_linear_plus_matern_of_the_chord(kernel):
    x = sphere(20, 5)
    nu = {"3/2": 1.5, "5/2": 2.5}[kernel.smoothness]
    expected = 0.3 * x @ x.T + 1.7 * Matern(length_scale=0.6, nu=nu)(x)
    # the chord is a difference of cosines, so that 1e-16 becomes 1e-8 before it is squared
    np.testing.assert_allclose(kernel(x @ x.T), expected, atol=1e-12)


@both
def test_slope_is_the_derivative_and_finite_at_one(kernel):
    s = np.linspace(-0.99, 0.99, 23)
    step = 1e-6
    numeric = (kernel(s + step) - kernel(s - step)) / (2 * step)
    np.testing.assert_allclose(kernel.with_slope(s)[1], numeric, rtol=1e-6)
    at_zero = {"3/2": 3, "5/2": 5 / 3}[kernel.smoothness]
    assert kernel.with_slope(np.array([1.0]))[1][0] == pytest.approx(0.3 + 1.7 * at_zero / 0.36)
    assert np.isfinite(kernel.with_slope(np.array([1.0 + 1e-15]))[1]).all()


@both
@pytest.mark.parametrize("noise", [1e-6, 1e-3, 0.1, 0.9])
def test_a_telling_angle_is_where_news_and_noise_are_equal(kernel, noise):
    noisy = replace(kernel, noise=noise)
    cosine = np.cos([noisy.telling_angle(1.5)])
    told = noisy.variance - noisy(cosine) ** 2 / noisy.variance
    assert told[0] == pytest.approx(noise, rel=1e-6)


@both
@pytest.mark.parametrize(("related", "expected"), [(0.6, 0.7), (0.8, 0.8)])
def test_a_telling_angle_asks_for_more_news_of_related_scores(kernel, related, expected):
    noisy = replace(kernel, noise=kernel.variance * (1 - 0.7**2) / 3)
    angle = noisy.telling_angle(1.5, news=3.0, related=related)
    assert noisy(np.cos([angle]))[0] / noisy.variance == pytest.approx(expected)


@both
def test_a_telling_angle_is_no_larger_than_asked_for(kernel):
    assert replace(kernel, noise=10.0).telling_angle(1.2) == 1.2


KERNEL = AngleKernel(linear=0.4, smooth=1.2, length=0.7, noise=0.05)


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


def test_constant_is_the_generalised_mean():
    x = sphere(25, 6)
    values = 5 + x[:, 0]
    covariance = KERNEL(x @ x.T) + 0.05 * np.eye(25)
    ones = np.ones(25)
    expected = (
        ones @ np.linalg.solve(covariance, values) / (ones @ np.linalg.solve(covariance, ones))
    )
    assert Posterior.given(x, values, kernel=KERNEL).constant == pytest.approx(expected)


@pytest.mark.parametrize("matrix", [np.ones((5, 5)), -np.eye(3), np.full((2, 2), np.nan)])
def test_safe_cholesky_always_returns_a_factor(matrix):
    factor = safe_cholesky(matrix)
    assert factor.shape == matrix.shape
    assert not np.triu(factor, 1).any()


def test_safe_cholesky_changes_nothing_without_need():
    matrix = KERNEL(sphere(10, 4) @ sphere(10, 4).T) + 0.1 * np.eye(10)
    factor = safe_cholesky(matrix)
    np.testing.assert_allclose(factor @ factor.T, matrix, atol=1e-14)


@pytest.mark.parametrize("matern", [THREE_HALVES, FIVE_HALVES], ids=str)
@pytest.mark.parametrize("logs", [[0.0, 0.0, 0.0, -3.0], [-2.0, 1.0, 1.0, -6.0]])
@pytest.mark.parametrize("noise", [process.EXACT, process.PERHAPS_NOISY])
def test_gradient_is_the_derivative(logs, matern, noise):
    x = sphere(15, 5)
    values = x[:, 0] + x[:, 1] ** 2
    arguments = (x @ x.T, values, matern, noise)
    error = check_grad(
        lambda p: process._negative_log_posterior(p, *arguments)[0],
        lambda p: process._negative_log_posterior(p, *arguments)[1],
        np.array(logs),
    )
    assert error < 1e-4


@pytest.mark.parametrize(
    "truth",
    [
        AngleKernel(linear=2.0, smooth=0.01, length=1.0, noise=1e-2),
        AngleKernel(linear=0.01, smooth=2.0, length=0.5, noise=1e-2),
    ],
)
def test_it_tells_a_trend_from_hills(truth):
    # the share of the linear term, over 10 draws from each law
    shares = []
    for seed in range(10):
        x = sphere(80, 3, seed)
        covariance = truth(x @ x.T) + truth.noise * np.eye(80)
        values = np.linalg.cholesky(covariance) @ np.random.default_rng(seed).standard_normal(80)
        kernel = process.fit_kernel(x, values)[0]
        shares.append(kernel.linear / kernel.variance)
    assert (np.median(shares) > 0.5) == (truth.linear > truth.smooth)


def test_it_tells_noise():
    x = sphere(100, 4)
    noise = np.random.default_rng(0).standard_normal(100)
    assert process.fit_kernel(x, noise)[0].noise > 0.2
    assert process.fit_kernel(x, x[:, 0] / x[:, 0].std())[0].noise < 0.01


@pytest.mark.parametrize("values", [np.zeros(12), np.full(12, 3.0), np.eye(12)[0], np.array([0.5])])
def test_flat_values_and_one_alone(values):
    kernel = process.fit_kernel(sphere(len(values), 4), values)[0]
    assert all(np.isfinite([kernel.linear, kernel.smooth, kernel.length, kernel.noise]))


def test_a_large_history_keeps_the_best_points():
    values = np.random.default_rng(0).standard_normal(1000)
    chosen = process.selection(values, 300)
    assert len(np.unique(chosen)) == 300
    assert set(np.argsort(-values)[:100]) <= set(chosen)
    assert values[chosen].min() == values.min()


def test_the_same_data_are_fitted_once():
    x, values = sphere(40, 6), np.random.default_rng(1).standard_normal(40)
    first = process.fit_kernel(x, values)
    turned = x @ np.linalg.qr(np.random.default_rng(2).standard_normal((6, 6)))[0]
    assert process.fit_kernel(turned, values) is first
    assert process.fit_kernel(x, values, smoothness=THREE_HALVES) != first
    assert process.fit_kernel(x, values + 1e-3 * x[:, 0]) != first


def test_who_allows_for_noise_finds_more_of_it():
    x = sphere(40, 4)
    values = x[:, 0] / x[:, 0].std() + 0.1 * np.random.default_rng(3).standard_normal(40)
    exact, noisy = (
        process.fit_kernel(x, values, noise=noise)[0].noise
        for noise in (process.EXACT, process.PERHAPS_NOISY)
    )
    assert exact < noisy < 0.1
