import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError


def gaussian(num_seeds=4, num_dims=200_000):
    return np.random.default_rng(0).standard_normal((num_seeds, num_dims))


@pytest.mark.parametrize(
    ("seed_latents", "message"),
    [
        (np.empty((0, 5)), r"shape \(0, 5\).*at least one seed latent"),
        (np.empty((3, 0)), r"shape \(3, 0\).*at least one number"),
        (np.ones(5), r"seed_latents\[None\]"),
        (np.float64(1.0), r"shape \(\)"),
        (np.ones((2, 5), dtype=int), "holds int64 values.*astype"),
        (np.ones((2, 5), dtype=bool), "holds bool values"),
        (np.ones((2, 5), dtype=complex), "holds complex128 values"),
        (np.array([["a"]]), "holds <U1 values"),
        (None, "holds object values"),
        ([[1.0, 2.0], [3.0]], "cannot be read as an array"),
    ],
)
def test_what_cannot_be_seed_latents(seed_latents, message):
    with pytest.raises(ArgumentError, match=message):
        lsbe.SurrogateChart(seed_latents)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 70_000, -1])
def test_a_value_that_is_not_finite_is_found_anywhere(value, place):
    seeds = gaussian()
    seeds[2, place] = value
    with pytest.raises(ArgumentError, match=r"seed_latents\[2\] holds values that are NaN or inf"):
        lsbe.SurrogateChart(seeds)


def test_a_seed_of_zeros_is_an_error():
    seeds = gaussian()
    seeds[1] = 0.0
    with pytest.raises(ArgumentError, match=r"seed_latents\[1\] is all zeros"):
        lsbe.SurrogateChart(seeds)
    seeds[1, -1] = 1e-30
    assert lsbe.SurrogateChart(seeds).num_seeds == 4


@pytest.mark.parametrize("num_dims", [1, 5, 31, 100_000])
def test_identical_seeds_are_an_error(num_dims):
    seeds = gaussian(num_dims=num_dims)
    seeds[3] = seeds[1]
    with pytest.raises(ArgumentError, match=r"seed_latents\[1\] and seed_latents\[3\] are identi"):
        lsbe.SurrogateChart(seeds)


def test_seeds_that_agree_almost_everywhere_are_not_identical():
    seeds = np.repeat(gaussian(1), 3, axis=0)
    seeds[1, 1] += 1.0
    seeds[2, 1] += 2.0
    assert lsbe.SurrogateChart(seeds).num_seeds == 3
