import numpy as np
import pytest
from scipy.optimize import check_grad

from latent_spaces_by_example.search.latent_gp import fit
from latent_spaces_by_example.search.latent_gp.kernel import AngleKernel
from latent_spaces_by_example.search.latent_gp.matern import FIVE_HALVES, THREE_HALVES


def sphere(n, d, seed=0):
    x = np.random.default_rng(seed).standard_normal((n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@pytest.mark.parametrize("matern", [THREE_HALVES, FIVE_HALVES], ids=lambda m: m.name)
@pytest.mark.parametrize("logs", [[0.0, 0.0, 0.0, -3.0], [-2.0, 1.0, 1.0, -6.0]])
@pytest.mark.parametrize("noise", [fit.EXACT, fit.PERHAPS_NOISY])
def test_gradient_is_the_derivative(logs, matern, noise):
    x = sphere(15, 5)
    values = x[:, 0] + x[:, 1] ** 2
    arguments = (x @ x.T, values, matern, noise)
    error = check_grad(
        lambda p: fit._negative_log_posterior(p, *arguments)[0],
        lambda p: fit._negative_log_posterior(p, *arguments)[1],
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
        found = fit.fit_kernel(x, values).kernel
        shares.append(found.linear / found.variance)
    assert (np.median(shares) > 0.5) == (truth.linear > truth.smooth)


def test_it_tells_noise():
    x = sphere(100, 4)
    noise = np.random.default_rng(0).standard_normal(100)
    assert fit.fit_kernel(x, noise).kernel.noise > 0.2
    assert fit.fit_kernel(x, x[:, 0] / x[:, 0].std()).kernel.noise < 0.01


@pytest.mark.parametrize("values", [np.zeros(12), np.full(12, 3.0), np.eye(12)[0]])
def test_flat_values(values):
    kernel = fit.fit_kernel(sphere(12, 4), values).kernel
    assert all(np.isfinite([kernel.linear, kernel.smooth, kernel.length, kernel.noise]))


def test_one_point():
    assert fit.fit_kernel(sphere(1, 4), np.array([0.5])).kernel.length > 0


def test_a_large_history_keeps_the_best_points():
    values = np.random.default_rng(0).standard_normal(1000)
    chosen = fit.selection(values, 300)
    assert len(np.unique(chosen)) == 300
    assert set(np.argsort(-values)[:100]) <= set(chosen)
    assert values[chosen].min() == values.min()


def test_the_same_data_are_fitted_once():
    x, values = sphere(40, 6), np.random.default_rng(1).standard_normal(40)
    first = fit.fit_kernel(x, values)
    turned = x @ np.linalg.qr(np.random.default_rng(2).standard_normal((6, 6)))[0]
    assert fit.fit_kernel(turned, values) is first
    assert fit.fit_kernel(x, values, matern=THREE_HALVES) != first
    assert fit.fit_kernel(x, values + 1e-3 * x[:, 0]) != first


def test_who_allows_for_noise_finds_more_of_it():
    x = sphere(40, 4)
    values = x[:, 0] / x[:, 0].std() + 0.1 * np.random.default_rng(3).standard_normal(40)
    exact, noisy = (
        fit.fit_kernel(x, values, noise=noise).kernel.noise
        for noise in (fit.EXACT, fit.PERHAPS_NOISY)
    )
    assert exact < noisy < 0.1
