from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.testing import TransportMapContract
from latent_spaces_by_example.transport_maps import RotationTransportMap

MEAN = Rotation.from_rotvec([0.3, -2.0, 0.7])


@lru_cache
def angles_of_shares(sigma):
    """A fine grid of angles, and the distribution function there."""
    grid = np.linspace(0.0, np.pi, 20_001)
    degree = np.arange(200)[:, None]
    terms = (2 * degree + 1) * np.exp(-degree * (degree + 1) * sigma**2 / 2.0)
    density = (terms * np.sin((degree + 0.5) * grid)).sum(axis=0) * np.sin(grid / 2.0)
    shares = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2.0)])
    return grid, shares / shares[-1]


def gaussian_rotations(n, sigma, rng):
    """Isotropic Gaussian rotations, by inverting their distribution function on a fine grid."""
    grid, shares = angles_of_shares(sigma)
    angles = np.interp(rng.random(n), shares, grid)
    axes = rng.standard_normal((n, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    return Rotation.from_rotvec(angles[:, None] * axes)


def quaternions(rotations):
    """(w, x, y, z), w at least 0."""
    return np.roll(rotations.as_quat(canonical=True), 1, axis=-1)


class TestUniformQuaternions(TransportMapContract):
    def make_transport_map(self):
        return RotationTransportMap()

    def draw_latents(self, n, rng):
        return quaternions(Rotation.random(2 * n, rng=rng)).reshape(n, 2, 4)


class TestUniformMatrices(TransportMapContract):
    def make_transport_map(self):
        return RotationTransportMap(representation="matrix", mean=MEAN.as_matrix())

    def draw_latents(self, n, rng):
        return Rotation.random(n, rng=rng).as_matrix()


class TestGaussianQuaternions(TransportMapContract):
    def make_transport_map(self):
        return RotationTransportMap(0.4, mean=quaternions(MEAN))

    def draw_latents(self, n, rng):
        return quaternions(MEAN * gaussian_rotations(n, 0.4, rng))


class TestWideGaussianMatrices(TransportMapContract):
    def make_transport_map(self):
        return RotationTransportMap(1.3, representation="matrix")

    def draw_latents(self, n, rng):
        return gaussian_rotations(n, 1.3, rng).as_matrix()


@given(
    sigma=st.sampled_from([None, 0.02, 0.3, 0.99, 1.01, 4.0]),
    vector=st.tuples(*[st.floats(-6.0, 6.0)] * 3),
    dtype=st.sampled_from([np.float32, np.float64]),
    representation=st.sampled_from(["quaternion", "matrix"]),
)
def test_inner_latents_come_back(sigma, vector, dtype, representation):
    transport_map = RotationTransportMap(sigma, representation=representation)
    shape = (4,) if representation == "quaternion" else (3, 3)
    inner = np.array([vector], dtype)
    z = transport_map.inverse(inner, latent_shape=shape)
    again = transport_map.inverse(transport_map.forward(z), latent_shape=shape)
    np.testing.assert_allclose(again, z, rtol=0.0, atol=64 * np.finfo(dtype).eps)
    if dtype == np.float64 and np.linalg.norm(vector) < 4.0 and sigma != 0.02:
        np.testing.assert_allclose(transport_map.forward(z), inner, rtol=0.0, atol=1e-11)


@pytest.mark.parametrize("sigma", [None, 0.3, 1.0, 2.0])
def test_both_ends_come_back(sigma):
    angles = np.array([0.0, 1e-12, 1e-4, 3.0, np.pi - 1e-6, np.pi - 1e-12, np.pi])
    z = np.stack([np.cos(angles / 2), *[np.sin(angles / 2) / np.sqrt(3.0)] * 3], axis=1)
    z[-1, 0] = 0.0
    transport_map = RotationTransportMap(sigma)
    inner = transport_map.forward(z)
    assert np.isfinite(inner).all()
    back = transport_map.inverse(inner, latent_shape=(4,))
    np.testing.assert_allclose(back[:, 1], z[:, 1], rtol=1e-12)
    np.testing.assert_allclose(back[:, 0], z[:, 0], rtol=1e-12, atol=1e-16)


def test_half_turns_about_the_axes_as_matrices():
    z = np.array([np.diag([1.0, -1.0, -1.0]), np.diag([-1.0, 1.0, -1.0]), np.diag([-1, -1, 1.0])])
    transport_map = RotationTransportMap(representation="matrix")
    inner = transport_map.forward(z)
    assert np.isfinite(inner).all()
    np.testing.assert_allclose(transport_map.inverse(inner, latent_shape=(3, 3)), z, atol=1e-15)


def test_far_out_in_the_inner_space_is_half_a_turn():
    z = RotationTransportMap().inverse(np.array([[1e300, 0.0, 0.0]]), latent_shape=(4,))
    np.testing.assert_allclose(z, [[0.0, 1.0, 0.0, 0.0]], atol=1e-15)


def test_a_quaternion_and_its_negative_are_the_same_rotation():
    q = quaternions(Rotation.random(20, rng=np.random.default_rng(0)))
    transport_map = RotationTransportMap()
    inner = transport_map.forward(-q)
    np.testing.assert_allclose(inner, transport_map.forward(q), rtol=1e-12)
    np.testing.assert_allclose(transport_map.inverse(inner, latent_shape=(4,)), q, atol=1e-14)


def test_all_ways_to_write_a_rotation_have_the_same_inner_latent():
    rotations = Rotation.random(30, rng=np.random.default_rng(1))
    expected = RotationTransportMap(1.2).forward(quaternions(rotations))
    last = RotationTransportMap(1.2, scalar_last=True)
    np.testing.assert_allclose(last.forward(rotations.as_quat()), expected, atol=1e-12)
    np.testing.assert_allclose(
        last.inverse(expected, latent_shape=(4,)), rotations.as_quat(canonical=True), atol=1e-13
    )
    matrix = RotationTransportMap(1.2, representation="matrix")
    np.testing.assert_allclose(matrix.forward(rotations.as_matrix()), expected, atol=1e-12)


def test_small_sigma_is_a_gaussian_of_the_rotation_vector():
    inner = np.random.default_rng(0).standard_normal((100, 3))
    z = RotationTransportMap(1e-4).inverse(inner, latent_shape=(4,))
    vectors = Rotation.from_quat(np.roll(z, -1, axis=1)).as_rotvec()
    np.testing.assert_allclose(vectors, 1e-4 * inner, rtol=1e-6)


def test_large_sigma_is_uniform():
    inner = np.random.default_rng(0).standard_normal((100, 3))
    wide, uniform = (RotationTransportMap(s).inverse(inner, latent_shape=(4,)) for s in (9.0, None))
    np.testing.assert_allclose(wide, uniform, atol=1e-12)


def test_two_gaussian_rotations_in_turn_are_one_of_the_summed_variance():
    # the heat kernel is a convolution semigroup; seeds fixed, false alarms at 1e-6 for each test
    from scipy.stats import kstest

    rng = np.random.default_rng(5)
    first, second = (
        RotationTransportMap(sigma, scalar_last=True).inverse(
            rng.standard_normal((20_000, 3)), latent_shape=(4,)
        )
        for sigma in (0.6, 0.8)
    )
    both = (Rotation.from_quat(first) * Rotation.from_quat(second)).as_quat()
    inner = RotationTransportMap(1.0, scalar_last=True).forward(both)
    for column in (*inner.T, inner @ np.ones(3) / np.sqrt(3.0)):
        assert kstest(column, "norm").pvalue > 1e-6
    assert abs((inner**2).sum(axis=1).mean() - 3.0) < 4.9 * np.sqrt(6.0 / len(inner))


@pytest.mark.parametrize("sigma", [None, 0.01, 0.3, 0.9999, 1.0001, 3.0])
def test_the_angles_density_integrates_to_one(sigma):
    from latent_spaces_by_example.transport_maps.rotation_angle import RotationAngle

    below, above = RotationAngle(sigma)._sums
    assert below[-1] == pytest.approx(1.0, abs=1e-14)
    assert above[0] == pytest.approx(1.0, abs=1e-14)


def test_windings_and_frequencies_are_the_same_density():
    from latent_spaces_by_example.transport_maps.rotation_angle import RotationAngle

    angles = np.linspace(0.01, np.pi, 50)
    densities = [RotationAngle(sigma)._density(angles) for sigma in (1.0, np.nextafter(1.0, 2.0))]
    np.testing.assert_allclose(*densities, rtol=1e-13)


def test_quaternions_that_are_not_unit_are_refused():
    q = np.tile([1.0, 0.0, 0.0, 0.0], (3, 2, 1))
    q[1, 1] *= 1.01
    with pytest.raises(ArgumentError, match=r"norm 1\.01 in latent 1, rotation 1.*unit"):
        RotationTransportMap().forward(q)
    q[1, 1] = 0.0
    with pytest.raises(ArgumentError, match="norm 0 in latent 1"):
        RotationTransportMap().forward(q)
    q[1, 1] = np.nan
    with pytest.raises(ArgumentError, match="norm nan"):
        RotationTransportMap().forward(q)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.diag([1.0, 1.0, -1.0]), "reflection"),
        (1.1 * np.eye(3), "not orthogonal"),
        (np.full((3, 3), np.nan), "not orthogonal"),
    ],
)
def test_matrices_that_are_no_rotations_are_refused(matrix, message):
    with pytest.raises(ArgumentError, match=message):
        RotationTransportMap(representation="matrix").forward(matrix[None])


def test_a_rotation_that_the_law_never_makes_is_refused():
    with pytest.raises(ArgumentError, match=r"by 3\.142 radians.*62\.8 sigma"):
        RotationTransportMap(0.05).forward(np.array([[0.0, 1.0, 0.0, 0.0]]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sigma": 0.0}, "sigma"),
        ({"sigma": -1.0}, "sigma"),
        ({"sigma": np.nan}, "sigma"),
        ({"sigma": [0.1, 0.2]}, "sigma"),
        ({"representation": "euler"}, "representation"),
        ({"mean": np.eye(3)}, "mean has shape"),
        ({"mean": [1.0, 1.0, 0.0, 0.0]}, "mean holds"),
        ({"mean": np.zeros(4)}, "mean holds"),
    ],
)
def test_a_law_that_is_none_is_an_error(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        RotationTransportMap(**arguments)


def test_latents_of_another_shape_are_an_error():
    with pytest.raises(ArgumentError, match=r"expected \(\.\.\., 4\)"):
        RotationTransportMap().forward(np.ones((2, 3, 3)))
    with pytest.raises(ArgumentError, match=r"expected \(\.\.\., 3, 3\)"):
        RotationTransportMap(representation="matrix").forward(np.ones((2, 4)))


def test_its_repr_says_the_law():
    assert repr(RotationTransportMap()) == (
        "RotationTransportMap(uniform, representation='quaternion')"
    )
    assert "sigma=0.5" in repr(RotationTransportMap(0.5, mean=[1.0, 0.0, 0.0, 0.0]))
