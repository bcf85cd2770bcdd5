from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_spaces_by_example.report.best_of_n import FEWEST_DRAWS, best_of_n

SCORES = st.one_of(st.integers(-3, 3).map(float), st.just(np.nan))


@given(st.lists(SCORES, min_size=FEWEST_DRAWS, max_size=FEWEST_DRAWS + 2))
def test_is_that_of_all_choices(scores):
    scores = np.array(scores)
    found = best_of_n(scores)
    known = np.where(np.isnan(scores), -np.inf, scores)
    assert found.num_draws == len(scores)
    assert len(found.median) == len(scores) // 2
    for n, quantiles in enumerate(zip(found.low, found.median, found.high, strict=True), 1):
        bests = np.sort([max(choice) for choice in combinations(known, n)])
        for level, quantile in zip((0.1, 0.5, 0.9), quantiles, strict=True):
            # the smallest score that at least this share of the choices do not exceed
            rank = int(np.ceil(level * len(bests) - 1e-9)) - 1
            assert quantile == bests[rank]


def test_says_nothing_from_a_few():
    assert best_of_n(np.arange(FEWEST_DRAWS - 1.0)) is None


def test_covers_what_more_draws_of_the_same_law_give():
    # the middle 80 % of the best of 20 out of 2,000 exponential draws against the law's own
    rng = np.random.default_rng(0)
    found = best_of_n(rng.exponential(size=2000))
    for level, quantile in ((0.1, found.low[19]), (0.5, found.median[19]), (0.9, found.high[19])):
        exact = -np.log(1 - level ** (1 / 20))
        assert quantile == pytest.approx(exact, abs=0.35)
