import numpy as np
import pytest
from scipy import stats

from latent_spaces_by_example.space.span import SeedSpan
from latent_spaces_by_example.validity.marginal_tests import marginal_statistics
from latent_spaces_by_example.validity.set_tests import (
    cosine_p_values,
    middle_norms,
    set_statistics,
)
from latent_spaces_by_example.validity.statistic import Statistic


def statistics_of(z):
    of_latents = [marginal_statistics(row) for row in z]
    return {f.name: f for f in set_statistics(SeedSpan(z), of_latents=of_latents)}


@pytest.mark.parametrize("d", [4, 16, 64])
def test_cosines_between_independent_directions(d):
    rng = np.random.default_rng(d)
    x, y = rng.standard_normal((2, 2000, d))
    cosines = (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    assert stats.kstest(cosine_p_values(cosines, d), "uniform").pvalue > 1e-3


def test_the_pair_is_pearsons():
    z = np.random.default_rng(0).standard_normal((2, 50)) + 1.0
    expected = stats.pearsonr(*z)
    found = statistics_of(z)["correlation"]
    assert found.value == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)


@pytest.mark.parametrize(("k", "d"), [(2, 64), (8, 64), (64, 32)])
def test_effective_rank_is_not_odd_too_often(k, d):
    """150 sets: at these rates and seeds a right law misses a bound once in 10^4."""
    rng = np.random.default_rng([k, d])
    p_values = []
    for _ in range(150):
        z = rng.standard_normal((k, d))
        z -= z.mean(axis=1, keepdims=True)
        of_latents = [[Statistic("mean", 0.0, p_value=1.0)]] * k
        found = {f.name: f for f in set_statistics(SeedSpan(z), of_latents=of_latents)}
        p_values.append(found["effective rank"].p_value)
    for rate in (0.5, 0.1, 0.02):
        rare = int((np.array(p_values) < rate).sum())
        assert stats.binomtest(rare, 150, rate, alternative="greater").pvalue > 1e-4
        if k > 2:  # of one pair the gamma law has too little near zero, which costs nothing
            assert stats.binomtest(rare, 150, rate, alternative="less").pvalue > 1e-4


def test_a_shared_mean_is_no_correlation():
    z = np.random.default_rng(0).standard_normal((6, 4096)) + 0.5
    found = statistics_of(z)
    assert found["correlation"].p_value > 0.01
    assert found["all: mean"].p_value < 1e-50


def test_copies_have_effective_rank_one():
    z = np.random.default_rng(0).standard_normal(256) * np.arange(1, 6)[:, None]
    found = statistics_of(z)
    assert found["effective rank"].value == pytest.approx(1.0)
    assert found["correlation"].value == pytest.approx(1.0)
    assert found["correlation"].p_value < 1e-100


def test_the_middle_under_both_rules():
    rng = np.random.default_rng(0)
    shared = rng.standard_normal(4096)
    z = np.sqrt(0.3) * shared + np.sqrt(0.7) * rng.standard_normal((8, 4096))
    found = middle_norms(SeedSpan(z))
    # |sum z_k / sqrt(8)|^2 / d = 1 + 7 * 0.3
    assert found["linear"].centre == pytest.approx(np.sqrt(3.1), rel=0.03)
    assert found["shell"].centre == pytest.approx(1.0, rel=0.03)
    assert found["linear"].lowest <= found["linear"].centre <= found["linear"].highest
    opposite = middle_norms(SeedSpan(np.stack([shared, -shared])))
    assert opposite["shell"] is None
    assert opposite["linear"].centre == pytest.approx(0.0, abs=1e-12)
