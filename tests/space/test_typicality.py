import numpy as np
import pytest
from scipy.stats import chi

from latent_spaces_by_example.space.typicality import norm_interval, unlike_the_model


@pytest.mark.parametrize("d", [1, 28, 4096, 262144])
def test_intervals_are_those_of_the_chi_law(d):
    for level in (0.5, 0.01, 1e-4):
        expected = chi(d).ppf([level / 2, 1 - level / 2]) / np.sqrt(d)
        np.testing.assert_allclose(norm_interval(d, level=level), expected, rtol=1e-8)


@pytest.mark.parametrize(
    ("norm", "d", "warned"),
    [
        (0.36, 28, False),  # naca2412
        (2.9, 262144, False),
        (3.6, 28, True),
        (0.1, 28, True),
        (0.1, 1, False),  # prior draws of one dimension are often as short
        (3.6, 1, False),
    ],
)
def test_only_norms_that_need_something_done_are_warned_of(norm, d, warned):
    words = unlike_the_model(relative_norm=norm, num_latent_dims=d, relative_error=7e-6)
    if warned:
        assert f"{norm:.2f} times the usual norm: rescale it (--repair rescale)" in words
    else:
        assert words is None


def test_an_example_that_does_not_come_back_is_named_whatever_its_norm():
    for error, named in [(0.05, False), (0.5, True), (float("nan"), False), (None, False)]:
        words = unlike_the_model(relative_norm=1.0, num_latent_dims=28, relative_error=error)
        assert (words is not None) == named
