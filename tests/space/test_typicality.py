import numpy as np
import pytest
from scipy.stats import chi

from latent_spaces_by_example.space.typicality import (
    norm_interval,
    norm_level,
    unlike_the_model,
)


@pytest.mark.parametrize("d", [1, 28, 64, 4096, 262144])
def test_levels_and_intervals_are_those_of_the_chi_law(d):
    for level in (0.5, 0.01, 1e-4):
        low, high = norm_interval(d, level=level)
        np.testing.assert_allclose(
            [low, high], chi(d).ppf([level / 2, 1 - level / 2]) / np.sqrt(d), rtol=1e-8
        )
        for end in (low, high):
            np.testing.assert_allclose(norm_level(end, num_latent_dims=d), level, rtol=1e-5)


def test_prior_draws_are_named_one_time_in_ten_thousand_at_most():
    rng = np.random.default_rng(0)
    norms = np.linalg.norm(rng.standard_normal((20_000, 28)), axis=1) / np.sqrt(28)
    named = sum(unlike_the_model(relative_norm=r, num_latent_dims=28) is not None for r in norms)
    # expected 2; more than 10 one time in 100,000
    assert named <= 10


@pytest.mark.parametrize("relative_norm", [0.45, 3.6])
def test_norms_that_inversion_of_real_sections_gave_are_named(relative_norm):
    said = unlike_the_model(relative_norm=relative_norm, num_latent_dims=28)
    assert f"{relative_norm:.2f} times the usual norm" in said


def test_a_few_per_cent_in_many_dimensions_are_not_named():
    assert norm_level(1.05, num_latent_dims=262144) < 1e-100
    assert unlike_the_model(relative_norm=1.05, num_latent_dims=262144) is None


def test_an_example_that_does_not_come_back_is_named_whatever_its_norm():
    for error, named in [(0.05, False), (0.5, True), (float("nan"), False), (None, False)]:
        said = unlike_the_model(relative_norm=1.0, num_latent_dims=28, relative_error=error)
        assert (said is not None) == named
