import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from latent_spaces_by_example.validity.candidates import kurtosis_z
from latent_spaces_by_example.validity.marginal_tests import marginal_statistics


def statistics_of(x):
    return {figure.name: figure for figure in marginal_statistics(x)}


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([64, 100, 1000]), st.floats(0.8, 1.2))
def test_agrees_with_scipy_where_scipy_has_the_test(seed, d, scale):
    x = scale * np.random.default_rng(seed).standard_normal(d)
    found = statistics_of(x)
    smirnov = stats.kstest(x, "norm")
    assert found["Kolmogorov-Smirnov"].value == pytest.approx(smirnov.statistic)
    assert found["Kolmogorov-Smirnov"].p_value == pytest.approx(smirnov.pvalue, rel=1e-6)
    assert found["mean"].p_value == pytest.approx(stats.ttest_1samp(x, 0).pvalue, rel=1e-6)
    assert found["skewness"].z == pytest.approx(stats.skewtest(x).statistic)
    assert found["norm"].value == pytest.approx(np.linalg.norm(x) / np.sqrt(d))
    assert stats.norm.sf(found["norm"].z) == pytest.approx(stats.chi2.sf(x @ x, d), rel=1e-4)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([20, 64, 4096]))
def test_kurtosis_is_scipys_and_never_counts_for_more(seed, d):
    x = np.random.default_rng(seed).standard_normal(d)
    scipys = stats.kurtosistest(x).statistic
    assert kurtosis_z(float(stats.kurtosis(x, fisher=False)), d) == pytest.approx(scipys)
    assert abs(statistics_of(x)["kurtosis"].z) <= abs(scipys)


@pytest.mark.parametrize("x", [np.full(64, 2.0), np.r_[np.full(63, 1e-3), 50.0]])
def test_strange_latents_have_figures_too(x):
    for figure in marginal_statistics(x):
        assert np.isfinite(figure.value)
        assert 0.0 < figure.p_value <= 1.0


def test_few_elements_have_fewer_figures():
    names = set(statistics_of(np.random.default_rng(0).standard_normal(6)))
    assert names == {"norm", "mean"}


def test_a_wrong_scale_is_no_mean():
    rng = np.random.default_rng(3)
    z = [statistics_of(3.0 * rng.standard_normal(256))["mean"].z for _ in range(100)]
    assert stats.kstest(z, "norm").pvalue > 1e-3
