"""Samplers of Optuna, given as they are."""

import random

import numpy as np
import optuna
import pytest
from optuna.samplers import (
    BruteForceSampler,
    CmaEsSampler,
    GridSampler,
    NSGAIISampler,
    PartialFixedSampler,
    RandomSampler,
    TPESampler,
)

from latent_spaces_by_example import search
from latent_spaces_by_example.charts import KnotheRosenblattChart
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search import OptunaSearch
from latent_spaces_by_example.testing.search_contract import SimulatedStudy

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


def test_tpe_is_what_its_class_proposes():
    study = SimulatedStudy(lambda x: float(x[0]), within_span=True)
    study.run(search.load("tpe"), until=15)
    sampler = search.load("tpe", num_startup_trials=10)
    given = TPESampler(n_startup_trials=10, multivariate=True, constant_liar=True, seed=5)
    rngs = np.random.default_rng(1), np.random.default_rng(1)
    np.testing.assert_array_equal(
        sampler.propose(study.history(), 3, rngs[0]),
        search.load(given).propose(study.history(), 3, rngs[1]),
    )


def test_the_sampler_is_left_alone_and_its_use_changes_nothing():
    used, fresh = TPESampler(seed=0), TPESampler(seed=0)
    box = {"x": optuna.distributions.FloatDistribution(0, 1)}
    optuna.create_study(sampler=used).ask(box)
    study = SimulatedStudy(lambda x: float(x[0]))
    study.run(search.load("random"), until=14)
    proposals = [
        search.load(sampler).propose(study.history(), 2, np.random.default_rng(4))
        for sampler in (fresh, used, TPESampler(), PartialFixedSampler({}, TPESampler()))
    ]
    for proposal in proposals[1:3]:
        np.testing.assert_array_equal(proposal, proposals[0])
    # the one that was used as a search goes on as one that was not
    asked = [optuna.create_study(sampler=s).ask(box).params for s in (fresh, TPESampler(seed=0))]
    assert asked[0] == asked[1]


def test_generators_of_any_kind_are_seeded_and_functions_are_kept():
    class Mixed(RandomSampler):
        def __init__(self):
            super().__init__()
            self.parts = {"a": [np.random.default_rng(), random.Random()]}
            self.shift = lambda x: x / 3

        def sample_independent(self, study, trial, param_name, param_distribution):
            numpy, python = self.parts["a"]
            drawn = numpy.random() + python.random() + np.random.rand()  # noqa: NPY002
            return self.shift(drawn)

    study = SimulatedStudy(lambda x: float(x[0]))
    first, second = (
        search.load(Mixed()).propose(study.history(), 3, np.random.default_rng(4)) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(first, axis=0)) == 3


def test_an_object_of_the_users_may_take_several_scores():
    study = SimulatedStudy(lambda x: (float(x[0]), float(x[1])), num_scores=2, within_span=True)
    study.run(search.load(NSGAIISampler(population_size=4)), until=8)
    with pytest.raises(ArgumentError, match=r"optuna:CmaEsSampler cannot propose.*2 scores"):
        search.check_search(
            search.load(CmaEsSampler()), num_scores=2, num_given=4, within_span=True
        )


def test_global_generators_are_left_alone():
    study = SimulatedStudy(lambda x: float(x[0]))
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    study.run(search.load(RandomSampler()), until=3)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_a_sampler_that_repeats_itself_gives_way_to_uniform_points():
    class Stuck(RandomSampler):
        def sample_independent(self, study, trial, param_name, param_distribution):
            return 0.5

    study = SimulatedStudy(lambda x: float(x[0]), within_span=True)
    study.run(search.load(Stuck()), until=5)
    u = KnotheRosenblattChart().inverse(np.stack(study.weights))
    np.testing.assert_allclose(u[0], 0.5)
    assert len(np.unique(u.round(6), axis=0)) == 5


def outside():
    class Outside(RandomSampler):
        def sample_independent(self, study, trial, param_name, param_distribution):
            return 1.5

    return Outside()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GridSampler({"x": [0.0, 1.0]}), "optuna:GridSampler.*u0, ..., u2 in .0, 1."),
        (BruteForceSampler, "optuna:BruteForceSampler cannot propose"),
        (outside, "optuna:Outside.*1.5"),
    ],
)
def test_samplers_that_cannot(make, message):
    study = SimulatedStudy(lambda x: 0.0)
    with pytest.raises(ArgumentError, match=message):
        search.load(make()).propose(study.history(), 1, np.random.default_rng(0))
    with pytest.raises(ArgumentError, match=message):
        search.check_search(search.load(make()), num_scores=1, num_given=4, within_span=True)


@pytest.mark.parametrize("sampler", [RandomSampler, "tpe", None])
def test_what_is_no_sampler(sampler):
    with pytest.raises(ArgumentError, match="expected a sampler object of Optuna"):
        OptunaSearch(sampler)
    if isinstance(sampler, type):
        with pytest.raises(ArgumentError, match=r"a class; give an object, RandomSampler\(...\)"):
            search.load(sampler)
