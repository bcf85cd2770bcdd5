"""Each hypercube search does through weights what its package does on its own."""

import numpy as np
import pytest
from optuna.samplers import CmaEsSampler
from scipy.optimize import Bounds, direct
from scipy.stats import kstest, qmc

from latent_spaces_by_example import search
from latent_spaces_by_example.charts import Chart, KnotheRosenblattChart
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.hypercube import in_cube, with_worst_for_unknown
from latent_spaces_by_example.testing.search_contract import SimulatedStudy

HYPERCUBE = ["cma-es", "direct", "random", "sobol", "tpe"]
GOAL = np.array([0.31, 0.62, 0.47])


class ScoreOfU:
    """A study's stand-in whose score is minus the squared distance to GOAL in u."""

    def __init__(self, budget, random_seed=0):
        self.study = SimulatedStudy(lambda x: 0.0, budget=budget, random_seed=random_seed)

    def run(self, chosen, *, batch_size=1):
        chosen, study = search.load(chosen), self.study
        while len(study.scores) < study.budget:
            rng = np.random.default_rng([study.random_seed, len(study.scores)])
            study.add(chosen.propose(study.history(), batch_size, rng))
            late = self.u()[-batch_size:]
            study.scores[-batch_size:] = (-((late - GOAL) ** 2).sum(axis=1)).tolist()
        return self.u()

    def u(self):
        return KnotheRosenblattChart().inverse(np.stack(self.study.weights))


@pytest.mark.parametrize("num_given", [0, 1])
@pytest.mark.parametrize("name", HYPERCUBE)
def test_too_few_seed_latents(name, num_given):
    study = SimulatedStudy(lambda x: 0.0, num_given=num_given)
    with pytest.raises(ArgumentError, match=f"num_given={num_given}.*latent-gp"):
        search.load(name).propose(study.history(), 1, np.random.default_rng(0))


@pytest.mark.parametrize("num_given", [2, 3, 24])
@pytest.mark.parametrize("name", HYPERCUBE)
def test_any_number_of_seed_latents(name, num_given):
    study = SimulatedStudy(lambda x: float(x[0]), num_given=num_given, num_latent_dims=8, budget=8)
    study.run(search.load(name))
    weights = np.stack(study.weights)
    assert weights.shape == (8, num_given)
    assert len(np.unique(weights.round(9), axis=0)) == 8


@pytest.mark.parametrize("name", HYPERCUBE)
def test_seed_latents_that_others_drew_get_no_weight(name):
    study = SimulatedStudy(lambda x: float(x[0]), num_given=3)
    study.add(np.eye(5)[3:])
    study.run(search.load(name), until=6)
    assert not np.stack(study.weights[2:])[:, 3:].any()


@pytest.mark.parametrize("name", HYPERCUBE)
def test_the_chart_can_be_another(name):
    class Reversed(Chart):
        is_uniform = True

        def _weights(self, u):
            return KnotheRosenblattChart().forward(u)[:, ::-1]

        def _coordinates(self, w):
            return KnotheRosenblattChart().inverse(w[:, ::-1])

    study = SimulatedStudy(lambda x: 0.0, num_given=4)
    plain = search.load(name).propose(study.history(), 1, np.random.default_rng(3))
    other = search.load(name, weight_chart=Reversed()).propose(
        study.history(), 1, np.random.default_rng(3)
    )
    np.testing.assert_allclose(other, plain[:, ::-1])


def test_failed_and_pending_have_the_worst_score_so_far():
    study = SimulatedStudy(lambda x: 0.0, num_given=3)
    study.add(np.eye(3)[[0, 1, 2, 0, 1]])
    study.scores = [np.nan, 2.0, np.nan, 1.0, 5.0]
    values = with_worst_for_unknown(study.history(num_pending=1))
    np.testing.assert_array_equal(values, [1, 2, 2, 1, 1])
    study.scores = [-np.inf, 2.0, np.inf, 1.0, 5.0]
    np.testing.assert_array_equal(with_worst_for_unknown(study.history()), [1, 2, 2, 1, 5])
    study.scores = [np.nan, -2.0, np.nan, -3.0, -1.0]
    np.testing.assert_array_equal(with_worst_for_unknown(study.history()), [-3, -2, -2, -3, -1])
    study.scores = [np.nan] * 5
    assert not with_worst_for_unknown(study.history()).any()


def test_points_outside_the_chart_are_left_out():
    study = SimulatedStudy(lambda x: 0.0, num_given=3)
    inside = KnotheRosenblattChart().forward(np.array([[0.2, 0.7]]))
    study.add(np.concatenate([inside, [[0.6, -0.8, 0.0]]]))
    study.add(np.eye(4)[3:])
    trials = in_cube(study.history(), KnotheRosenblattChart())
    assert trials.num_trials == 3
    np.testing.assert_allclose(trials.u, [[0.2, 0.7]], atol=1e-12)


def test_random_is_uniform():
    study = SimulatedStudy(lambda x: 0.0, num_given=4)
    weights = search.load("random").propose(study.history(), 2000, np.random.default_rng(5))
    u = KnotheRosenblattChart().inverse(weights)
    # three coordinates at 0.1 % each: false alarm 0.3 %, and the seed is fixed
    assert all(kstest(column, "uniform").pvalue > 1e-3 for column in u.T)


def test_sobol_is_one_scrambled_sequence_whatever_the_batches():
    u = ScoreOfU(16, random_seed=7).run("sobol")
    expected = qmc.Sobol(3, seed=np.random.default_rng(7)).random(16)
    np.testing.assert_allclose(u, expected, atol=1e-8)
    study = SimulatedStudy(lambda x: 0.0, budget=16, random_seed=7, batch_size=5)
    study.run(search.load("sobol"))
    np.testing.assert_allclose(
        KnotheRosenblattChart().inverse(np.stack(study.weights)), expected, atol=1e-8
    )


@pytest.mark.parametrize("locally_biased", [True, False])
def test_direct_is_scipy_s(locally_biased):
    u = ScoreOfU(60).run(search.load("direct", locally_biased=locally_biased))
    evaluated = []

    def function(x):
        evaluated.append(x.copy())
        return ((x - GOAL) ** 2).sum()

    direct(function, Bounds([0] * 3, [1] * 3), maxfun=80, locally_biased=locally_biased)
    np.testing.assert_allclose(u, np.stack(evaluated)[:60], atol=1e-9)


@pytest.mark.slow
def test_cma_es_learns_only_where_it_is_asked_again():
    distances = []
    for asked_again in (True, False):
        sampler = CmaEsSampler(n_startup_trials=1, warn_independent_sampling=False)
        chosen = search.OptunaSearch(sampler, asked_again=asked_again)
        u = ScoreOfU(90).run(chosen, batch_size=9)
        distances.append(np.linalg.norm(u[-20:] - GOAL, axis=1).mean())
    assert distances[0] < 0.1 < distances[1]


def test_direct_goes_on_once_it_has_converged():
    study = SimulatedStudy(lambda x: 0.0, num_given=2, budget=200)
    chosen = search.load("direct")
    for index in range(200):
        rng = np.random.default_rng(index)
        study.add(chosen.propose(study.history(), 1, rng))
        u = KnotheRosenblattChart().inverse(study.weights[-1][None])[0, 0]
        study.scores[-1] = -abs(u - 0.3)
    u = KnotheRosenblattChart().inverse(np.stack(study.weights))[:, 0]
    assert np.abs(u - 0.3).min() < 1e-5
    assert len(np.unique(u.round(10))) > 190
    assert np.abs(u[-40:] - 0.3).max() > 0.3  # it looks elsewhere again
