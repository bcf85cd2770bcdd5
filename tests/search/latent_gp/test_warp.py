"""Scores as values that a Gaussian process can fit, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latent_spaces_by_example.search.latent_gp.warp import (
    OUTPUT_WARPS,
    from_standardised,
    in_spreads,
    standardised,
)


@pytest.mark.parametrize("warp", OUTPUT_WARPS)
def test_it_changes_nothing_between_knee_and_four(warp):
    values = np.linspace(warp.knee, 4, 20)
    np.testing.assert_array_equal(warp.warped(values), values)
    assert warp.log_slope(values) == 0


@pytest.mark.parametrize("warp", OUTPUT_WARPS)
@pytest.mark.parametrize("value", [-30.0, -2.5, -0.1, 3.0, 9.0])
def test_log_slope_is_the_logarithm_of_the_derivative(warp, value):
    step = 1e-6
    upper, lower = warp.warped(np.array([value + step, value - step]))
    slope = (upper - lower) / (2 * step)
    assert warp.log_slope(np.array([value])) == pytest.approx(np.log(slope), abs=1e-6)


@pytest.mark.parametrize("warp", OUTPUT_WARPS)
def test_it_can_be_straightened(warp):
    values = np.linspace(-1e4, 1e4, 2001)
    np.testing.assert_allclose(warp.unwarped(warp.warped(values)), values, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("warp", OUTPUT_WARPS)
def test_what_nothing_is_bent_to_is_far_below_and_in_order(warp):
    values = warp.unwarped(np.linspace(warp.knee - 12 * warp.scale, warp.knee, 50))
    assert np.isfinite(values).all()
    assert (np.diff(values) >= 0).all()


FINITE = st.floats(-1e308, 1e308, allow_subnormal=False)


@given(arrays(np.float64, st.integers(1, 30), elements=FINITE), st.sampled_from(OUTPUT_WARPS))
def test_finite_moderate_and_in_order(scores, warp):
    values = standardised(scores, output_warp=warp)
    assert np.isfinite(values).all()
    assert np.abs(values).max() < 2000
    order = np.argsort(scores, kind="stable")
    assert (np.diff(values[order]) >= 0).all()


@given(
    arrays(np.float64, 20, elements=st.floats(-100, 100, width=16)),
    st.sampled_from([1e-200, 0.5, 3.0, 1e200]),
)
def test_scale_does_not_matter(scores, scale):
    np.testing.assert_allclose(standardised(scale * scores), standardised(scores), atol=1e-9)


@given(arrays(np.float64, st.integers(1, 30), elements=FINITE), st.sampled_from(OUTPUT_WARPS))
def test_back_to_scores_is_finite_and_in_order(scores, warp):
    back = from_standardised(standardised(scores, output_warp=warp), scores, output_warp=warp)
    assert np.isfinite(back).all()
    assert (np.diff(back[np.argsort(scores, kind="stable")]) >= 0).all()


@pytest.mark.parametrize("warp", OUTPUT_WARPS)
@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e306])
def test_back_to_scores(warp, scale):
    scores = scale * np.append(np.random.default_rng(0).normal(3.0, 1.0, size=40), [-90.0, 90.0])
    back = from_standardised(standardised(scores, output_warp=warp), scores, output_warp=warp)
    np.testing.assert_allclose(back, scores, rtol=1e-9)


def test_in_spreads_the_median_is_zero_and_half_are_within_a_normal_spread():
    spreads = in_spreads(np.random.default_rng(0).normal(3.0, 5.0, size=1001))
    assert np.median(spreads) == 0
    assert np.median(np.abs(spreads)) == pytest.approx(1 / 1.4826)
    assert in_spreads(np.zeros(0)).shape == (0,)


def test_equal_scores_are_zero():
    np.testing.assert_array_equal(standardised(np.full(5, 7.0)), 0)
