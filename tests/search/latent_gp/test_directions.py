import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from latent_spaces_by_example.search.latent_gp.directions import Directions, outside


def correlation(latents):
    unit = latents / np.linalg.norm(latents, axis=1, keepdims=True)
    return unit @ unit.T


def unit_rows(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@given(st.integers(1, 12), st.integers(1, 30), st.integers(0, 2**31))
def test_cosines_are_those_of_the_latents(num_seeds, dims, seed):
    rng = np.random.default_rng(seed)
    latents = unit_rows(rng.standard_normal((num_seeds, dims)))
    weights = unit_rows(rng.standard_normal((5, num_seeds)))
    directions = Directions.from_correlation(latents @ latents.T)
    points = directions.from_weights(weights)
    combined = unit_rows(weights @ latents)
    np.testing.assert_allclose(points @ points.T, combined @ combined.T, atol=1e-5)


@given(st.integers(2, 12), st.integers(2, 40), st.integers(0, 2**31))
def test_back_to_weights(num_seeds, dims, seed):
    rng = np.random.default_rng(seed)
    directions = Directions.from_correlation(correlation(rng.standard_normal((num_seeds, dims))))
    points = unit_rows(rng.standard_normal((4, directions.rank)))
    weights = directions.to_weights(points)
    np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1)
    np.testing.assert_allclose(directions.from_weights(weights), points, atol=1e-5)


def test_weights_that_cancel_are_no_direction():
    directions = Directions.from_correlation(np.ones((2, 2)))
    np.testing.assert_array_equal(
        directions.from_weights(np.array([[0.5**0.5, -(0.5**0.5)]])), np.zeros((1, 1))
    )


@given(st.integers(1, 12), st.integers(2, 20), st.integers(0, 2**31))
def test_outside_a_span_is_what_a_projection_leaves(num_points, dims, seed):
    rng = np.random.default_rng(seed)
    points = unit_rows(rng.standard_normal((num_points, dims)))
    vector = unit_rows(rng.standard_normal((1, dims)))[0]
    _, seen, basis = np.linalg.svd(points, full_matrices=False)
    # a direction that the points hardly have is in part outside
    inside = seen**2 / (seen**2 + 1e-8)
    left = outside(vector, points)
    np.testing.assert_allclose(left, vector - (inside * (basis @ vector)) @ basis, atol=1e-5)
    known = basis[seen > 0.1]
    np.testing.assert_allclose(known @ left, 0, atol=2e-6)


def test_outside_points_that_coincide_or_span_everything():
    vector = np.array([0.6, 0.0, 0.8])
    twice = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1e-9, 0.0]])
    np.testing.assert_allclose(outside(vector, twice), [0, 0, 0.8], atol=1e-7)
    np.testing.assert_allclose(outside(vector, np.eye(3)), 0, atol=1e-7)
