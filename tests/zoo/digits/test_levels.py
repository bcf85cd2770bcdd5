import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import kstest

from latent_spaces_by_example.zoo.digits.levels import LevelRepresentation
from models.digits.fit_levels import fit_levels

LEVELS = arrays(np.int64, (3, 64), elements=st.integers(0, 16))


@pytest.fixture(scope="module")
def representation() -> LevelRepresentation:
    """Of pixels that are blank more and more often, up to always."""
    rng = np.random.default_rng(0)
    ink = rng.integers(0, 17, size=(500, 64))
    return fit_levels(np.where(rng.random((500, 64)) < np.linspace(0, 1, 64), 0, ink))


@settings(max_examples=15, deadline=None)
@given(levels=LEVELS, within=arrays(np.float64, (3, 64), elements=st.floats(1e-3, 1.0 - 1e-3)))
def test_round_trip_even_of_levels_that_never_occurred(representation, levels, within):
    y = representation.encode(levels, within=within)
    assert np.isfinite(y).all()
    assert np.array_equal(representation.decode(y), levels)


def test_what_it_was_fitted_to_becomes_gaussian():
    rng = np.random.default_rng(1)
    levels = rng.binomial(16, 0.1, size=(2000, 64))
    y = fit_levels(levels).encode(levels, within=rng.random(levels.shape))
    p_values = np.array([kstest(column, "norm").pvalue for column in y.T])
    assert p_values.min() > 1e-6
