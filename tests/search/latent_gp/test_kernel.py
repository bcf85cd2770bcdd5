import numpy as np
import pytest
from sklearn.gaussian_process.kernels import Matern

from latent_spaces_by_example.search.latent_gp.kernel import AngleKernel

KERNEL = AngleKernel(linear=0.3, smooth=1.7, length=0.6, noise=0.01)


def sphere(n, d, seed=0):
    x = np.random.default_rng(seed).standard_normal((n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_it_is_linear_plus_matern_of_the_chord():
    x = sphere(20, 5)
    expected = 0.3 * x @ x.T + 1.7 * Matern(length_scale=0.6, nu=2.5)(x)
    # the chord is a difference of cosines, so that 1e-16 becomes 1e-8 before it is squared
    np.testing.assert_allclose(KERNEL(x @ x.T), expected, atol=1e-12)


def test_slope_is_the_derivative_and_finite_at_one():
    s = np.linspace(-0.99, 0.99, 23)
    step = 1e-6
    numeric = (KERNEL(s + step) - KERNEL(s - step)) / (2 * step)
    np.testing.assert_allclose(KERNEL.slope(s), numeric, rtol=1e-6)
    assert KERNEL.slope(np.array([1.0]))[0] == pytest.approx(0.3 + 1.7 * 5 / (3 * 0.36))
    assert np.isfinite(KERNEL.slope(np.array([1.0 + 1e-15]))).all()


def test_log_gradients():
    cosine = sphere(6, 3) @ sphere(6, 3).T
    logs = np.log([0.3, 1.7, 0.6, 0.01])
    for index, gradient in enumerate(KERNEL.log_gradients(cosine)):
        step = np.eye(4)[index] * 1e-6
        upper, lower = AngleKernel.from_logs(logs + step), AngleKernel.from_logs(logs - step)
        np.testing.assert_allclose(
            gradient, (upper(cosine) - lower(cosine)) / 2e-6, rtol=1e-6, atol=1e-8
        )


@pytest.mark.parametrize("dims", [2, 50])
def test_positive_definite(dims):
    x = sphere(60, dims, seed=1)
    assert np.linalg.eigvalsh(KERNEL(x @ x.T)).min() > -1e-10
