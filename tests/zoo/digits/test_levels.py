import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import kstest

from latent_spaces_by_example.zoo.digits.levels import LevelRepresentation

LEVELS = arrays(np.int64, (3, 64), elements=st.integers(0, 16))


@pytest.fixture(scope="module")
def representation() -> LevelRepresentation:
    """Of pixels that are blank more and more often, up to always."""
    rng = np.random.default_rng(0)
    ink = rng.integers(0, 17, size=(500, 64))
    return LevelRepresentation.fit(np.where(rng.random((500, 64)) < np.linspace(0, 1, 64), 0, ink))


@given(levels=LEVELS, within=arrays(np.float64, (3, 64), elements=st.floats(1e-3, 1.0 - 1e-3)))
def test_round_trip_even_of_levels_that_never_occurred(representation, levels, within):
    y = representation.encode(levels, within=within)
    assert np.isfinite(y).all()
    assert np.array_equal(representation.decode(y), levels)


@given(y=arrays(np.float64, (2, 64), elements=st.floats(-40.0, 40.0)))
def test_every_number_has_a_level(representation, y):
    levels = representation.decode(y)
    assert ((levels >= 0) & (levels <= 16)).all()


def test_borders_rise_and_are_finite(representation):
    assert np.isfinite(representation.borders).all()
    assert (np.diff(representation.borders, axis=1) > 0.0).all()


def test_what_it_was_fitted_to_becomes_gaussian():
    rng = np.random.default_rng(1)
    levels = rng.binomial(16, 0.1, size=(2000, 64))
    y = LevelRepresentation.fit(levels).encode(levels, within=rng.random(levels.shape))
    p_values = np.array([kstest(column, "norm").pvalue for column in y.T])
    assert p_values.min() > 1e-6


def test_more_ink_is_a_larger_number(representation):
    middle = np.full((17, 64), 0.5)
    y = representation.encode(np.repeat(np.arange(17)[:, None], 64, axis=1), within=middle)
    assert (np.diff(y, axis=0) > 0.0).all()
