import numpy as np
import pytest

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search import load
from latent_spaces_by_example.testing.search_contract import SimulatedStudy


def _run(spec, **options):
    options = {"num_given": 0, "within_span": False, "budget": 40} | options
    study = SimulatedStudy(lambda x: float(x[0] + x[1]), **options)
    study.run(load(spec))
    weights = np.zeros((len(study.weights), max(len(w) for w in study.weights)))
    for row, w in zip(weights, study.weights, strict=True):
        row[: len(w)] = w
    return study, weights


def test_draws_first_then_the_chosen_ones_alone():
    study, weights = _run("chosen-seeds:search=random,num_draws=12,num_seeds=4,rule=best")
    np.testing.assert_array_equal(weights[:12], np.eye(12))
    best = np.argsort(-np.array(study.scores[:12]))[:4]
    used = np.flatnonzero(weights[12:].any(axis=0))
    assert sorted(used) == sorted(best)
    assert (weights[12:] >= 0).all()


def test_the_rule_decides_which():
    used = {}
    for rule in ("best", "diverse", "mix"):
        _, weights = _run(
            f"chosen-seeds:search=random,num_draws=20,num_seeds=4,rule={rule}", num_latent_dims=4
        )
        used[rule] = tuple(np.flatnonzero(weights[20:].any(axis=0)))
    assert len(set(used.values())) > 1


def test_examples_are_candidates_beside_the_draws():
    _, weights = _run("chosen-seeds:search=random,num_draws=2,num_seeds=5", num_given=3)
    np.testing.assert_array_equal(weights[:5], np.eye(5))
    assert np.flatnonzero(weights[5:].any(axis=0)).tolist() == [0, 1, 2, 3, 4]


def test_draws_that_failed_are_made_up_for():
    scores = iter([0.1, np.nan, 0.3, 0.2, np.nan, *np.linspace(0, 1, 30)])
    study = SimulatedStudy(lambda x: next(scores), num_given=0, budget=20)
    study.run(load("chosen-seeds:search=random,num_draws=6,num_seeds=3"))
    weights = study.history().weights
    # two of six draws failed, and two more took their place
    np.testing.assert_array_equal(weights[:8], np.eye(8))
    assert (np.count_nonzero(weights[8:], axis=1) <= 3).all()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("chosen-seeds:num_seeds=1", "num_seeds=1"),
        ("chosen-seeds:num_draws=-1", "num_draws=-1"),
        ("chosen-seeds:rule=odd", "rule='odd'"),
        ("chosen-seeds:search=chosen-seeds", "cannot go on with itself"),
        ("chosen-seeds:search=nothing", "search='nothing' is not one of"),
        ("chosen-seeds:draws=3", "no parameter 'draws'"),
    ],
)
def test_what_cannot_work_is_refused_at_once(spec, message):
    with pytest.raises(ArgumentError, match=message):
        load(spec)
