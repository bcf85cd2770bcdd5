import numpy as np
import pytest
from scipy import stats
from scipy.ndimage import uniform_filter

from latent_spaces_by_example.validity.whiteness import whiteness_statistics


def statistics_of(x, shape=None):
    return {
        f.name: f for f in whiteness_statistics(np.ravel(x), x.shape if shape is None else shape)
    }


@pytest.mark.parametrize("shape", [(64,), (8, 8), (4, 6, 5), (3, 4, 4, 2)])
def test_white_noise_follows_the_laws(shape):
    """80 draws of each; a right law fails one of these in 10^3."""
    rng = np.random.default_rng(len(shape))
    found = [statistics_of(rng.standard_normal(shape)) for _ in range(80)]
    for name, figure in found[0].items():
        if figure.z is not None:
            assert stats.kstest([f[name].z for f in found], "norm").pvalue > 1e-3, name
        else:
            # an upper bound, and in the tail close to what it bounds
            rare = sum(f[name].p_value < 0.05 for f in found)
            assert stats.binomtest(rare, 80, 0.05).pvalue > 1e-3


def test_neighbours_are_all_that_touch():
    x = np.random.default_rng(0).standard_normal((2, 6, 7))
    x -= x.mean(axis=(1, 2), keepdims=True)
    lags = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]
    products = sum((x * np.roll(x, lag, axis=(1, 2))).sum() for lag in lags) / 8
    assert statistics_of(x)["neighbours"].value == pytest.approx(products / (x**2).sum())
    along = (x * np.roll(x, 1, axis=2)).sum() / (x**2).sum()
    assert statistics_of(x)["along axis -1"].value == pytest.approx(along)


def test_scale_and_shift_do_not_matter():
    x = np.random.default_rng(0).standard_normal((4, 8, 8))
    for name, figure in statistics_of(x).items():
        assert statistics_of(5.0 - 3.0 * x)[name].p_value == pytest.approx(figure.p_value), name


def test_finds_what_is_not_white():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 32, 32))
    smooth = statistics_of(uniform_filter(x, (0, 3, 3)))
    assert smooth["neighbours"].value > 0.5
    rough = statistics_of(x - uniform_filter(x, (0, 3, 3)))
    assert rough["neighbours"].z < -5
    columns = np.arange(32) * 2 * np.pi * 5 / 32
    assert statistics_of(x + 0.3 * np.cos(columns))["peak"].p_value < 1e-10
    rows = x + np.roll(x, 1, axis=1)
    assert statistics_of(rows)["along axis -2"].value == pytest.approx(0.5, abs=0.05)
    assert abs(statistics_of(rows)["along axis -1"].z) < 4


def test_too_small_to_be_white():
    assert statistics_of(np.ones((3, 2, 2))) == {}
    assert statistics_of(np.full((16, 16), 0.5)) == {}
