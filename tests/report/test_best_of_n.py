from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latent_spaces_by_example.report.best_of_n import FEWEST_DRAWS, best_of_n

SCORES = st.one_of(st.integers(-3, 3).map(float), st.just(np.nan))


@settings(max_examples=25)
@given(st.lists(SCORES, min_size=FEWEST_DRAWS, max_size=FEWEST_DRAWS + 2))
def test_is_that_of_all_choices_in_either_direction(scores):
    scores = np.array(scores)
    quantiles = best_of_n(scores)
    known = np.where(np.isnan(scores), -np.inf, scores)
    assert len(quantiles.median) == len(scores) // 2
    for n, row in enumerate(zip(quantiles.low, quantiles.median, quantiles.high, strict=True), 1):
        bests = np.sort([max(choice) for choice in combinations(known, n)])
        for level, quantile in zip((0.1, 0.5, 0.9), row, strict=True):
            # the smallest score that at least this share of the choices do not exceed
            rank = int(np.ceil(level * len(bests) - 1e-9)) - 1
            assert quantile == bests[rank]
    lowest = best_of_n(-scores, minimise=True)
    np.testing.assert_array_equal(lowest.median, -quantiles.median)
    np.testing.assert_array_equal(lowest.low, -quantiles.high)


def test_says_nothing_from_a_few():
    assert best_of_n(np.arange(FEWEST_DRAWS - 1.0)) is None


def test_covers_what_more_draws_of_the_same_law_give():
    # the middle 80 % of the best of 20 out of 2,000 exponential draws against the law's own
    of_20 = best_of_n(np.random.default_rng(0).exponential(size=2000))
    for level, quantile in ((0.1, of_20.low[19]), (0.5, of_20.median[19]), (0.9, of_20.high[19])):
        exact = -np.log(1 - level ** (1 / 20))
        assert quantile == pytest.approx(exact, abs=0.35)
