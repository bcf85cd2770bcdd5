import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.testing import TransportMapContract
from latent_spaces_by_example.transport_maps import SphereTransportMap


def on_sphere(shape, rng, radius=1.0):
    g = rng.standard_normal(shape)
    return radius * g / np.linalg.norm(g, axis=-1, keepdims=True)


class TestDirections(TransportMapContract):
    def make_transport_map(self):
        return SphereTransportMap(per_vector=True)

    def draw_latents(self, n, rng):
        return on_sphere((n, 2, 3), rng)


class TestWholeLatent(TransportMapContract):
    def make_transport_map(self):
        return SphereTransportMap(np.sqrt(12.0))

    def draw_latents(self, n, rng):
        return on_sphere((n, 12), rng, np.sqrt(12.0)).reshape(n, 3, 4)


class TestCircles(TransportMapContract):
    def make_transport_map(self):
        return SphereTransportMap(5.0, per_vector=True)

    def draw_latents(self, n, rng):
        return on_sphere((n, 3, 2), rng, 5.0)


@given(
    num_dims=st.integers(2, 40),
    radius=st.floats(1e-6, 1e6),
    seed=st.integers(0, 1000),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_points_come_back_on_the_sphere(num_dims, radius, seed, dtype):
    z = on_sphere((5, num_dims), np.random.default_rng(seed), radius).astype(dtype)
    transport_map = SphereTransportMap(radius)
    inner = transport_map.forward(z)
    assert inner.shape == (5, num_dims - 1)
    back = transport_map.inverse(inner, latent_shape=(num_dims,))
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(back, z, rtol=0.0, atol=64 * eps * radius)
    np.testing.assert_allclose(np.linalg.norm(back, axis=1), radius, rtol=16 * eps)


@pytest.mark.parametrize("num_dims", [2, 3, 4, 8])
def test_the_pole_and_the_point_opposite_are_finite_and_come_back(num_dims):
    z = np.zeros((2, num_dims))
    z[:, 0] = 1.0, -1.0
    transport_map = SphereTransportMap()
    inner = transport_map.forward(z)
    assert np.isfinite(inner).all()
    np.testing.assert_allclose(
        transport_map.inverse(inner, latent_shape=(num_dims,)), z, atol=1e-15
    )


def test_near_the_ends_the_digits_are_kept():
    angles = np.array([1e-12, 1e-6, 1e-3, np.pi - 1e-3, np.pi - 1e-6])
    z = np.stack([np.cos(angles), np.sin(angles), np.zeros(5), np.zeros(5)], axis=1)
    transport_map = SphereTransportMap()
    back = transport_map.inverse(transport_map.forward(z), latent_shape=(4,))
    np.testing.assert_allclose(back[:, 1], z[:, 1], rtol=1e-12)


def test_many_dimensions():
    z = on_sphere((4, 20_000), np.random.default_rng(0))
    transport_map = SphereTransportMap()
    inner = transport_map.forward(z)
    back = transport_map.inverse(inner, latent_shape=(20_000,))
    np.testing.assert_allclose(back, z, rtol=0.0, atol=1e-13)


def test_far_out_in_the_inner_space_is_the_point_opposite():
    z = SphereTransportMap().inverse(np.array([[1e300, 0.0], [50.0, 0.0]]), latent_shape=(3,))
    np.testing.assert_allclose(z, [[-1.0, 0.0, 0.0]] * 2, atol=1e-15)


def test_points_off_the_sphere_are_refused():
    z = np.ones((3, 2, 2)) / np.sqrt(2.0)
    z[2, 1] *= 1.001
    with pytest.raises(ArgumentError, match=r"norm 1\.001 in latent 2, vector 1; expected norm 1"):
        SphereTransportMap(per_vector=True).forward(z)
    z[2, 1, 0] = np.nan
    with pytest.raises(ArgumentError, match="off the sphere"):
        SphereTransportMap(per_vector=True).forward(z)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_points_that_no_draw_comes_near_are_refused(sign):
    z = np.zeros((1, 2000))
    z[0, :2] = sign * np.cos(0.01), np.sin(0.01)
    with pytest.raises(ArgumentError, match="almost wholly along the first axis"):
        SphereTransportMap().forward(z)


@pytest.mark.parametrize("radius", [0.0, -1.0, np.nan, [1.0, 2.0], "one"])
def test_a_radius_that_is_none_is_an_error(radius):
    with pytest.raises(ArgumentError, match="radius"):
        SphereTransportMap(radius)


@pytest.mark.parametrize("shape", [(1,), (4, 1)])
def test_one_number_is_no_sphere(shape):
    with pytest.raises(ArgumentError, match="at least"):
        SphereTransportMap(per_vector=True).forward(np.ones((2, *shape)))


def test_its_repr_makes_it_again():
    again = eval(
        repr(SphereTransportMap(2.0, per_vector=True)), {"SphereTransportMap": SphereTransportMap}
    )
    assert again.num_inner_dims((5, 3)) == 10
