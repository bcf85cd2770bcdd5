from dataclasses import replace

import numpy as np
import pytest
from sklearn.gaussian_process.kernels import Matern

from latent_spaces_by_example.search.latent_gp.kernel import AngleKernel
from latent_spaces_by_example.search.latent_gp.matern import FIVE_HALVES, THREE_HALVES

KERNELS = [
    AngleKernel(linear=0.3, smooth=1.7, length=0.6, noise=0.01, matern=matern)
    for matern in (THREE_HALVES, FIVE_HALVES)
]
both = pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.matern.name)


def sphere(n, d, seed=0):
    x = np.random.default_rng(seed).standard_normal((n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@both
def test_it_is_linear_plus_matern_of_the_chord(kernel):
    x = sphere(20, 5)
    nu = {"3/2": 1.5, "5/2": 2.5}[kernel.matern.name]
    expected = 0.3 * x @ x.T + 1.7 * Matern(length_scale=0.6, nu=nu)(x)
    # the chord is a difference of cosines, so that 1e-16 becomes 1e-8 before it is squared
    np.testing.assert_allclose(kernel(x @ x.T), expected, atol=1e-12)


@both
def test_slope_is_the_derivative_and_finite_at_one(kernel):
    s = np.linspace(-0.99, 0.99, 23)
    step = 1e-6
    numeric = (kernel(s + step) - kernel(s - step)) / (2 * step)
    np.testing.assert_allclose(kernel.with_slope(s)[1], numeric, rtol=1e-6)
    at_zero = {"3/2": 3, "5/2": 5 / 3}[kernel.matern.name]
    assert kernel.with_slope(np.array([1.0]))[1][0] == pytest.approx(0.3 + 1.7 * at_zero / 0.36)
    assert np.isfinite(kernel.with_slope(np.array([1.0 + 1e-15]))[1]).all()


@both
def test_log_gradients(kernel):
    cosine = sphere(6, 3) @ sphere(6, 3).T
    logs = np.log([0.3, 1.7, 0.6, 0.01])
    for index, gradient in enumerate(kernel.log_gradients(cosine)):
        step = np.eye(4)[index] * 1e-6
        upper = AngleKernel.from_logs(logs + step, matern=kernel.matern)
        lower = AngleKernel.from_logs(logs - step, matern=kernel.matern)
        np.testing.assert_allclose(
            gradient, (upper(cosine) - lower(cosine)) / 2e-6, rtol=1e-6, atol=1e-8
        )


@both
@pytest.mark.parametrize("dims", [2, 50])
def test_positive_definite(dims, kernel):
    x = sphere(60, dims, seed=1)
    assert np.linalg.eigvalsh(kernel(x @ x.T)).min() > -1e-10


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
