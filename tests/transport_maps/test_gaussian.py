import numpy as np
import pytest

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.testing import TransportMapContract
from latent_spaces_by_example.transport_maps import GaussianTransportMap

SHAPE = (2, 3)
MEAN = np.arange(6.0).reshape(SHAPE) - 2.0
SCALE = np.array([[0.5, 1.0, 2.0], [0.1, 3.0, 1.0]])
FACTOR = np.tril(np.random.default_rng(7).standard_normal((6, 6))) + 3.0 * np.eye(6)


class DiagonalLaw(TransportMapContract):
    def draw_latents(self, n, rng):
        return rng.normal(MEAN, SCALE, (n, *SHAPE))


class TestScale(DiagonalLaw):
    def make_transport_map(self):
        return GaussianTransportMap(MEAN, scale=SCALE)


class TestVariance(DiagonalLaw):
    def make_transport_map(self):
        return GaussianTransportMap(MEAN.ravel(), variance=SCALE.ravel() ** 2)


class TestCovariance(TransportMapContract):
    def make_transport_map(self):
        return GaussianTransportMap(MEAN, covariance=FACTOR @ FACTOR.T)

    def draw_latents(self, n, rng):
        return rng.multivariate_normal(MEAN.ravel(), FACTOR @ FACTOR.T, n).reshape(n, *SHAPE)


class TestNumbers(TransportMapContract):
    def make_transport_map(self):
        return GaussianTransportMap(3, scale=2)

    def draw_latents(self, n, rng):
        return rng.normal(3.0, 2.0, (n, 5))


def test_combination_is_the_closed_form_that_needs_no_covariance():
    # (1 - alpha / sqrt(beta)) mean + sum_k w_k z_k / sqrt(beta), alpha = sum w, beta = sum w^2.
    rng = np.random.default_rng(0)
    z = rng.multivariate_normal(MEAN.ravel(), FACTOR @ FACTOR.T, 4)
    w = rng.random(4)
    alpha, beta = w.sum(), (w**2).sum()
    transport_map = GaussianTransportMap(MEAN.ravel(), covariance=FACTOR @ FACTOR.T)
    combined = transport_map.inverse((w / np.sqrt(beta))[None] @ transport_map.forward(z))
    expected = (1.0 - alpha / np.sqrt(beta)) * MEAN.ravel() + w @ z / np.sqrt(beta)
    np.testing.assert_allclose(combined[0], expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_large_mean_costs_narrow_latents_no_digits(dtype):
    transport_map = GaussianTransportMap(1000.0001, scale=0.25)
    z = np.array([[1000.0, 1002.0]], dtype)
    exact = (z.astype(float) - 1000.0001) / 0.25
    np.testing.assert_allclose(transport_map.forward(z), exact, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 1.0, "variance": 1.0}, "only one"),
        ({"scale": 0.0}, "not positive"),
        ({"scale": 1e-320}, "too small to divide by"),
        ({"mean": np.array([1j])}, "complex numbers"),
        ({"mean": 10**400}, "too large to convert"),
        ({"variance": [1.0, -1.0]}, "not positive"),
        ({"mean": np.nan}, "mean holds"),
        ({"mean": "much"}, "mean cannot be read"),
        ({"covariance": np.ones((2, 2))}, "singular"),
        ({"covariance": np.diag([1.0, 0.0])}, "singular"),
        ({"covariance": np.diag([1.0, -1.0])}, "singular"),
        ({"covariance": np.ones((2, 3))}, "square"),
        ({"covariance": np.ones(4)}, "square"),
        ({"covariance": [[1.0, 0.5], [0.2, 1.0]]}, "symmetric"),
    ],
)
def test_a_law_that_is_none_is_an_error(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        GaussianTransportMap(**arguments)


def test_a_covariance_of_rank_below_its_size_is_an_error():
    factor = np.random.default_rng(0).standard_normal((20, 19))
    with pytest.raises(ArgumentError, match="singular"):
        GaussianTransportMap(covariance=factor @ factor.T)


@pytest.mark.parametrize(
    "parameters",
    [{"mean": np.zeros(4)}, {"scale": np.ones((3, 2))}, {"covariance": np.eye(5)}],
)
def test_latents_of_another_shape_are_an_error(parameters):
    with pytest.raises(ArgumentError, match=r"latents have shape \(2, 3\)"):
        GaussianTransportMap(**parameters).forward(np.zeros((1, 2, 3)))


def test_inner_latents_beyond_the_dtype_are_an_error():
    with pytest.raises(ArgumentError, match="inner latents overflow float16"):
        GaussianTransportMap(scale=1e-8).forward(np.ones((1, 2), np.float16))


def test_parameters_are_copied():
    mean = np.zeros(2)
    transport_map = GaussianTransportMap(mean)
    mean += 5.0
    np.testing.assert_array_equal(transport_map.forward(np.zeros((1, 2))), 0.0)
