import numpy as np
import pytest
from scipy import stats

from latent_spaces_by_example.validity.quadratic_forms import binned, ratio_z


def test_follows_the_beta_law_where_that_is_exact():
    """With values 0 and 1 the ratio is Beta(1/2 counts): every tail is known."""
    values, counts = np.array([0.0, 1.0]), np.array([50.0, 14.0])
    law = stats.beta(7.0, 25.0)
    for tail in (1e-8, 1e-4, 0.01, 0.2, 0.8, 0.99, 1 - 1e-6):
        z = ratio_z(float(law.isf(tail)), values, counts)
        assert stats.norm.sf(z) == pytest.approx(tail, rel=0.02)


def test_is_standard_gaussian_for_a_skewed_spectrum():
    rng = np.random.default_rng(0)
    values = np.array([-0.5, 0.1, 1.0])
    counts = np.array([20.0, 30.0, 6.0])
    squares = rng.standard_normal((400, 56)) ** 2
    ratios = squares @ np.repeat(values, counts.astype(int)) / squares.sum(axis=1)
    z = [ratio_z(float(ratio), values, counts) for ratio in ratios]
    assert stats.kstest(z, "norm").pvalue > 1e-3


def test_ends_of_the_range_are_finite():
    values, counts = np.array([-1.0, 1.0]), np.array([32.0, 32.0])
    assert np.isfinite(ratio_z(1.0, values, counts))
    assert ratio_z(-1.0, values, counts) == pytest.approx(-ratio_z(1.0, values, counts))


def test_bins_keep_the_total_and_the_mean():
    values = np.random.default_rng(0).uniform(-1, 1, 50_000)
    means, counts = binned(values)
    assert len(means) <= 2048
    assert counts.sum() == 50_000
    assert (means * counts).sum() == pytest.approx(values.sum())
