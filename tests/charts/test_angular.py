import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latent_spaces_by_example.charts import AngularChart
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.testing import ChartContract

chart = AngularChart()
ULP = np.finfo(float).eps


class TestContract(ChartContract):
    def make_chart(self):
        return AngularChart()


@given(arrays(float, (3, 12), elements=st.floats(1e-6, 1.0)))
def test_coordinates_round_trip_up_to_the_faces(u):
    np.testing.assert_allclose(chart.inverse(chart.forward(u)), u, rtol=0.0, atol=16 * ULP)


def test_coordinates_round_trip_with_many_seeds():
    # Kept from where the product of 1,023 sines underflows: 0.9^1023 is 1e-47.
    u = np.random.default_rng(0).uniform(0.75, 1.0, (20, 1023))
    np.testing.assert_allclose(chart.inverse(chart.forward(u)), u, rtol=0.0, atol=1e-12)


def test_weights_are_the_formula():
    u = np.array([[0.2, 0.6, 0.9]])
    a, b, c = np.pi / 2 * u[0]
    expected = [
        np.cos(a),
        np.sin(a) * np.cos(b),
        np.sin(a) * np.sin(b) * np.cos(c),
        np.sin(a) * np.sin(b) * np.sin(c),
    ]
    np.testing.assert_allclose(chart.forward(u)[0], expected, rtol=1e-14)


def test_corners_are_the_seeds_in_order():
    u = np.tril(np.ones((5, 4)), k=-1)
    np.testing.assert_array_equal(chart.forward(u), np.eye(5))
    np.testing.assert_array_equal(chart.inverse(np.eye(5)), u)


@pytest.mark.parametrize("k", [0, 1, 2])
def test_collapsed_face_comes_back_as_zeros(k):
    u = np.full((1, 3), 0.4)
    u[0, k] = 0.0
    expected = u.copy()
    expected[0, k:] = 0.0
    np.testing.assert_allclose(chart.inverse(chart.forward(u)), expected, rtol=0.0, atol=4 * ULP)


def test_it_does_not_claim_to_be_uniform():
    w = chart.forward(np.random.default_rng(0).random((2000, 7)))
    assert not chart.is_uniform
    assert w[:, 0].mean() > 2.0 * w[:, -1].mean()


def test_weights_below_the_smallest_float_are_an_error():
    u = np.random.default_rng(0).random((2, 1999))
    with pytest.raises(ArgumentError, match=r"u\[0\] makes the weights after seed \d+ smaller"):
        AngularChart().forward(u)
    few = u[:, :500]
    np.testing.assert_allclose(AngularChart().inverse(AngularChart().forward(few)), few, rtol=1e-9)
    # a face that collapses loses nothing
    u[:, 400] = 0.0
    w = AngularChart().forward(u)
    np.testing.assert_array_equal(AngularChart().forward(AngularChart().inverse(w)) > 0, w > 0)
