import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import ks_2samp

from latent_spaces_by_example.charts import KnotheRosenblattChart
from latent_spaces_by_example.errors import OutsideSpaceError
from latent_spaces_by_example.testing import ChartContract

chart = KnotheRosenblattChart()
ULP = np.finfo(float).eps


class TestContract(ChartContract):
    numbers_of_seeds = (1, 2, 3, 4, 8, 64, 1024)

    def make_chart(self):
        return KnotheRosenblattChart()


def coordinates(elements):
    return st.integers(1, 40).flatmap(lambda m: arrays(float, (2, m), elements=elements))


@given(coordinates(st.floats(1e-6, 1.0 - 1e-6)))
def test_interior_coordinates_round_trip(u):
    np.testing.assert_allclose(chart.inverse(chart.forward(u)), u, rtol=0.0, atol=1e-12)


@given(coordinates(st.floats(1e-3, 1.0) | st.just(1.0)))
def test_faces_that_do_not_collapse_are_exact(u):
    back = chart.inverse(chart.forward(u))
    np.testing.assert_array_equal(back[u == 1.0], 1.0)
    np.testing.assert_allclose(back, u, rtol=0.0, atol=16 * ULP)


@given(coordinates(st.floats(1e-3, 1.0)))
def test_last_coordinate_at_zero_is_exact(u):
    u[:, -1] = 0.0
    back = chart.inverse(chart.forward(u))
    np.testing.assert_array_equal(back[:, -1], 0.0)
    np.testing.assert_allclose(back, u, rtol=0.0, atol=16 * ULP)


@given(coordinates(st.floats(0.0, 1.0)), st.data())
def test_collapsed_face_forgets_only_what_does_not_matter(u, data):
    k = data.draw(st.integers(0, u.shape[1] - 1))
    u[:, k] = 0.0
    w = chart.forward(u)
    np.testing.assert_array_equal(w[:, k + 1 :], 0.0)
    other = u.copy()
    other[:, k + 1 :] = 0.5
    np.testing.assert_array_equal(chart.forward(other), w)


@pytest.mark.parametrize("side", ["near the first seed", "near the faces of the others"])
@pytest.mark.parametrize("num_seeds", [2, 3, 4, 9, 100, 1024])
def test_coordinates_next_to_the_faces_round_trip(num_seeds, side):
    exponents = np.random.default_rng(num_seeds).uniform(0.0, 15.0, (20, num_seeds - 1))
    u = 10.0**-exponents if side == "near the first seed" else 1.0 - 10.0**-exponents
    np.testing.assert_allclose(chart.inverse(chart.forward(u)), u, rtol=0.0, atol=1e-12)


def test_small_coordinates_keep_their_digits():
    u = np.geomspace(1e-290, 1e-3, 200)[:, None] * np.array([[1.0, 0.0]]) + [[0.0, 0.3]]
    np.testing.assert_allclose(chart.inverse(chart.forward(u)), u, rtol=1e-11)


def test_subnormal_coordinates_have_weights():
    u = np.full((1, 6), 5e-324)
    w = chart.forward(u)
    assert np.isfinite(w).all()
    np.testing.assert_allclose(chart.inverse(w), u, rtol=0.0, atol=1e-300)


def test_corners_are_the_seeds_in_order():
    u = np.tril(np.ones((5, 4)), k=-1)
    np.testing.assert_array_equal(chart.forward(u), np.eye(5))
    np.testing.assert_array_equal(chart.inverse(np.eye(5)), u)


def test_first_weight_falls_as_its_coordinate_rises():
    u = np.column_stack([np.linspace(0.0, 1.0, 101), np.full(101, 0.4)])
    assert (np.diff(chart.forward(u)[:, 0]) < 0.0).all()


@pytest.mark.parametrize("num_seeds", [2, 3, 8])
def test_uniform_coordinates_give_uniform_weights(num_seeds):
    # Two-sample Kolmogorov-Smirnov per weight; a right chart fails with probability 1e-6 in all.
    rng = np.random.default_rng(num_seeds)
    w = chart.forward(rng.random((2000, num_seeds - 1)))
    gaussian = np.abs(rng.standard_normal((2000, num_seeds)))
    reference = gaussian / np.linalg.norm(gaussian, axis=1, keepdims=True)
    for k in range(num_seeds):
        assert ks_2samp(w[:, k], reference[:, k]).pvalue > 1e-6 / (2 * num_seeds)
        gap = ks_2samp(w[:, k] - w[:, k - 1], reference[:, k] - reference[:, k - 1])
        assert gap.pvalue > 1e-6 / (2 * num_seeds)


def test_two_seeds_are_an_arc_at_constant_speed():
    u = np.linspace(0.0, 1.0, 11)[:, None]
    angle = np.pi / 2 * u[:, 0]
    expected = np.column_stack([np.cos(angle), np.sin(angle)])
    np.testing.assert_allclose(chart.forward(u), expected, rtol=0.0, atol=4 * ULP)


@pytest.mark.parametrize("w1", [0.0, 0.3, 0.8])
def test_many_seeds_round_trip_also_from_lopsided_weights(w1):
    w = np.zeros((1, 1024))
    w[0, :2] = w1, np.sqrt(1.0 - w1**2)
    np.testing.assert_allclose(chart.forward(chart.inverse(w)), w, rtol=0.0, atol=1e-12)


def test_weights_whose_coordinate_no_float_can_hold_are_an_error():
    w = np.full((1, 1024), np.sqrt((1.0 - 0.95**2) / 1023))
    w[0, 0] = 0.95
    with pytest.raises(OutsideSpaceError, match="below the smallest float64"):
        chart.inverse(w)
