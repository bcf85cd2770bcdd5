"""What is feasible ranks above what is not, in every search that ranks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latent_spaces_by_example.search import load
from latent_spaces_by_example.search.constraints import (
    below_feasible,
    ranked_scores,
    relative_violation,
    total_violation,
)
from latent_spaces_by_example.search.hypercube import with_worst_for_unknown
from latent_spaces_by_example.testing.search_contract import SimulatedStudy


def history_of(scores, violations):
    study = SimulatedStudy(lambda x: 0.0, num_given=2, within_span=True)
    study.add(np.full((len(scores), 2), 0.5**0.5))
    study.scores, study.violations = list(scores), [list(row) for row in violations]
    return study.history()


def test_a_history_without_constraints_is_as_it_was():
    history = history_of([1.0, np.nan, 3.0], [[], [], []])
    assert history.violations.shape == (3, 0)
    np.testing.assert_array_equal(history.feasible, history.finished)
    assert ranked_scores(history) is history.scores


def test_infeasible_trials_rank_below_and_by_violation():
    history = history_of([5.0, 1.0, 2.0, 9.0, np.nan], [[1.0], [0.0], [-1.0], [2.0], [0.0]])
    np.testing.assert_array_equal(history.feasible, [False, True, True, False, False])
    ranked = ranked_scores(history)
    np.testing.assert_array_equal(ranked[1:3], [1.0, 2.0])
    assert ranked[3] < ranked[0] < 1.0
    assert np.isnan(ranked[4])
    # failed and last: as the worst so far
    assert with_worst_for_unknown(history)[4] == ranked[3]


FINITE = st.floats(-1e308, 1e308, allow_subnormal=False)


@given(st.data(), st.integers(1, 20))
def test_the_order_in_any_range(data, n):
    scores = data.draw(arrays(np.float64, n, elements=FINITE))
    violation = data.draw(arrays(np.float64, n, elements=st.sampled_from([0, 0.5, 1, 3, 1e300])))
    everything, feasible = np.ones(n, bool), violation == 0
    ranked = below_feasible(scores, known=everything, feasible=feasible, violation=violation)
    assert np.isfinite(ranked).all()
    np.testing.assert_array_equal(ranked[feasible], scores[feasible])
    if feasible.any() and not feasible.all() and scores[feasible].min() > -1e307:
        assert ranked[~feasible].max() < scores[feasible].min()
    worse = np.flatnonzero(~feasible)
    order = worse[np.argsort(-violation[worse], kind="stable")]
    assert (np.diff(ranked[order]) >= 0).all()


def test_the_order_stays_as_the_history_grows():
    rng = np.random.default_rng(0)
    scores, violations = rng.standard_normal(30), rng.standard_normal((30, 2))
    whole = ranked_scores(history_of(scores, violations))[:12]
    part = ranked_scores(history_of(scores[:12], violations[:12]))
    np.testing.assert_array_equal(np.argsort(whole), np.argsort(part))


def test_total_and_relative_violation():
    history = history_of([0.0, 0.0, 0.0], [[1.0, -5.0], [-2.0, 100.0], [0.5, 50.0]])
    np.testing.assert_allclose(total_violation(history), [1, 100, 50.5])
    np.testing.assert_allclose(relative_violation(history), [1, 1, 1])
    assert not relative_violation(history_of([], [])).size


@pytest.mark.parametrize("name", ["cma-es", "direct", "tpe", "chosen-seeds", "latent-gp"])
def test_searches_leave_what_is_infeasible(name):
    """The score rises towards the first example, the constraint keeps away from it."""
    shares = []
    for constrained in (False, True):
        study = SimulatedStudy(
            lambda x: 0.0, num_given=5, within_span=True, budget=30, num_latent_dims=300
        )
        first = study.seed_latents(1)[0] / np.linalg.norm(study.seed_latents(1)[0])
        study.score = lambda x, first=first: float(x @ first)
        if constrained:
            study.constraints = lambda x, first=first: [float(x @ first) - 0.5]
        study.run(load(name))
        inner = np.array(study.scores[15:])
        shares.append((inner > 0.5).mean())
    assert shares[1] < shares[0] - 0.2
