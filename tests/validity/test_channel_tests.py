import numpy as np
import pytest
from scipy import stats

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.validity.channel_tests import channel_statistics


def statistics_of(z):
    flat = z.reshape(len(z), -1)
    return {s.name: s for s in channel_statistics(flat, z.shape[1:])}


@pytest.mark.parametrize(("k", "shape"), [(1, (8, 8)), (2, (4, 4, 4)), (1, (40, 4)), (3, (2, 30))])
def test_prior_draws_follow_the_laws(k, shape):
    """120 draws of each, also with slices of 4 elements; a right law fails once in 10^4."""
    rng = np.random.default_rng([k, *shape])
    drawn = [statistics_of(rng.standard_normal((k, *shape))) for _ in range(120)]
    for name in drawn[0]:
        p_values = [statistics[name].p_value for statistics in drawn]
        assert stats.kstest(p_values, "uniform").pvalue > 1e-4, name


def test_agrees_with_scipys_bartlett_where_slices_are_long():
    z = np.random.default_rng(0).standard_normal((2, 4, 500))
    expected = stats.bartlett(*np.moveaxis(z, 1, 0).reshape(4, -1))
    variances = statistics_of(z)["variances of axis -2"]
    assert variances.p_value == pytest.approx(expected.pvalue, rel=1e-4)


def test_means_are_an_f_test_about_zero():
    z = np.random.default_rng(0).standard_normal((1, 5, 20)) + 0.1
    slices = z[0]
    ratio = 20 * np.mean(slices.mean(axis=1) ** 2) / slices.var(axis=1, ddof=1).mean()
    means = statistics_of(z)["means of axis -2"]
    assert means.p_value == pytest.approx(stats.f.sf(ratio, 5, 95))
    anova = stats.f_oneway(*slices).statistic
    assert means.value == pytest.approx(np.sqrt(anova))


def test_scale_and_empty_axes_do_not_matter():
    z = np.random.default_rng(0).standard_normal((2, 4, 1, 10))
    scaled = statistics_of(100.0 * z)
    for name, statistic in statistics_of(z[:, :, 0]).items():
        assert scaled[name].p_value == pytest.approx(statistic.p_value)
    assert statistics_of(z[:, 0, 0]) == {}  # one axis has no slices
    assert statistics_of(np.ones((1, 8, 8))) == {}
    assert set(statistics_of(z[:1, :, 0, :3])) == {"means of axis -1", "variances of axis -1"}


@pytest.mark.parametrize(("shift", "least"), [(0.12, 0.66), (0.16, 0.97)])
def test_diagnose_finds_shifts_of_four_of_sixteen_channels(shift, least):
    """Of 300 sets 68 % and 100 % were found; benchmarks/diagnostics measures the whole curve."""
    caught = 0
    for number in range(25):
        z = np.random.default_rng(number).standard_normal((2, 16, 16, 16))
        z[:, :4] += shift
        caught += not lsbe.diagnose(z).ok
    assert stats.binomtest(caught, 25, least, alternative="less").pvalue > 1e-3


def test_the_verdict_names_the_axis_and_the_advice_the_remedy():
    z = np.random.default_rng(0).standard_normal((3, 8, 16, 16))
    z[:, :2] *= 1.5
    diagnosis = lsbe.diagnose(z)
    assert "all: variances of axis -3" in diagnosis.failed
    assert "variances of axis -3 differ" in diagnosis.verdict
    assert any("latents_std" in line for line in diagnosis.advice)
    z = np.random.default_rng(0).standard_normal((1, 8, 16, 16))
    z[0, 1] += 0.5
    assert "means of axis -3 differ" in lsbe.diagnose(z).latents[0].verdict
    uniform = lsbe.diagnose(np.random.default_rng(0).standard_normal((2, 8, 16, 16)) + 0.5)
    assert "means of axis" not in uniform.verdict  # the common mean says it all
