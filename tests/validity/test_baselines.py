import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from benchmarks.space.baselines import (
    LatentBox,
    LinearInterpolation,
    SphericalInterpolation,
    WeightBox,
)
from latent_spaces_by_example.charts import AngularChart
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps import GaussianTransportMap
from latent_spaces_by_example.validity.spaces import ChartSpace

RNG = np.random.default_rng(0)
SEEDS = 0.5 * RNG.standard_normal(40) + RNG.standard_normal((4, 40))
LAW = GaussianTransportMap(mean=2.0, variance=9.0)


def spaces():
    chart = lsbe.knothe_rosenblatt_surrogate_chart(SEEDS, combination="shell", transport_map=LAW)
    yield ChartSpace(chart)
    yield ChartSpace(chart, weight_chart=AngularChart())
    yield LinearInterpolation(SEEDS, transport_map=LAW)
    yield SphericalInterpolation(SEEDS, transport_map=LAW)
    yield WeightBox(SEEDS, transport_map=LAW)
    yield LatentBox((40,), transport_map=LAW, bound=2.0)


@pytest.mark.parametrize("space", list(spaces()), ids=lambda space: space.name)
def test_positions_have_the_norms_and_distances_of_the_inner_latents(space):
    u = np.random.default_rng(1).random((12, space.num_coordinates))
    inner = LAW.forward(space.from_u_to_z(u))
    assert inner.shape == (12, space.num_latent_dims)
    found = space.positions(u)
    np.testing.assert_allclose(found @ found.T, inner @ inner.T, atol=1e-9)


@pytest.mark.parametrize("kind", [LinearInterpolation, SphericalInterpolation])
def test_interpolations_pass_through_every_seed(kind):
    space = kind(SEEDS)
    corners = space.from_u_to_z(np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]))
    ends = {0, 3}
    found = {int(np.argmin(np.linalg.norm(SEEDS - corner, axis=1))) for corner in corners}
    assert found == ends
    np.testing.assert_allclose(
        corners[np.argsort(corners[:, 0])],
        SEEDS[[*ends]][np.argsort(SEEDS[[*ends], 0])],
        atol=1e-12,
    )


def test_linear_interpolation_is_uniform_on_the_simplex():
    u = np.random.default_rng(2).random((20_000, 3))
    a = LinearInterpolation(np.eye(4)).from_u_to_z(u)
    np.testing.assert_allclose(a.sum(axis=1), 1.0)
    assert (a >= 0.0).all()
    # of a flat Dirichlet law: mean 1/4, variance 3/80; five standard errors
    np.testing.assert_allclose(a.mean(axis=0), 0.25, atol=5 * np.sqrt(3 / 80 / 20_000))
    np.testing.assert_allclose(a.var(axis=0), 3 / 80, rtol=0.06)


def test_slerp_of_orthonormal_seeds_is_the_angular_chart():
    u = np.random.default_rng(3).random((50, 4))
    slerp = SphericalInterpolation(np.eye(5, 9)).from_u_to_z(u)[:, :5]
    np.testing.assert_allclose(slerp, AngularChart().forward(u), atol=1e-12)


def test_slerp_between_the_same_directions_is_an_error():
    space = SphericalInterpolation(np.array([[1.0, 0.0], [2.0, 0.0]]))
    with pytest.raises(ArgumentError, match="seed latent 0 and the point between those after it"):
        space.from_u_to_z(np.array([[0.5]]))


def test_boxes_fill_their_boxes():
    u = np.array([[0.0, 0.5], [1.0, 0.25]])
    np.testing.assert_array_equal(WeightBox(np.eye(2)).from_u_to_z(u), u)
    np.testing.assert_array_equal(
        LatentBox((2,), bound=2.0).from_u_to_z(u), [[-2.0, 0.0], [2.0, -1.0]]
    )
