"""The package ``cma`` through the adapter."""

import numpy as np
import pytest

cma = pytest.importorskip("cma")

from latent_spaces_by_example.charts import KnotheRosenblattChart
from latent_spaces_by_example.search import AskTellSearch
from latent_spaces_by_example.testing.search import SearchContract, SimulatedStudy

GOAL = np.array([0.31, 0.62, 0.47])


def make(dims, seed):
    options = {"bounds": [0, 1], "seed": seed, "verbose": -9}
    return cma.CMAEvolutionStrategy(np.full(dims, 0.5), 0.25, options)


class TestCMA(SearchContract):
    def make_search(self):
        return AskTellSearch(make)


def test_it_is_what_the_package_does_on_its_own():
    seed = int(np.random.default_rng([0, 0]).integers(1, 2**31))
    outside = np.random.get_state()  # noqa: NPY002
    alone, u = make(3, seed), []
    while len(u) < 40:
        points = alone.ask()
        alone.tell(points, [float(((x - GOAL) ** 2).sum()) for x in points])
        u += [*points]
    np.random.set_state(outside)  # noqa: NPY002

    study, chosen = SimulatedStudy(lambda x: 0.0), AskTellSearch(make)
    while len(study.scores) < 40:
        study.add(chosen.propose(study.history(), 1, np.random.default_rng(1)))
        found = KnotheRosenblattChart().inverse(study.weights[-1][None])[0]
        study.scores[-1] = -float(((found - GOAL) ** 2).sum())
    np.testing.assert_allclose(
        KnotheRosenblattChart().inverse(np.stack(study.weights)), u[:40], atol=1e-7
    )
    np.testing.assert_array_equal(outside[1], np.random.get_state()[1])  # noqa: NPY002


def test_examples_are_injected_and_not_evaluated_again():
    told = []

    def add(strategy, u, value):
        told.append((u, value))
        # force: as they are, and not as far from the mean as the strategy would go itself
        strategy.inject([strategy.gp.geno(u)], force=True)

    study = SimulatedStudy(lambda x: float(x[0]), num_given=3)
    study.add(KnotheRosenblattChart().forward(np.array([[0.0, 0.0], [0.2, 1.0]])))
    chosen = AskTellSearch(make, add=add)
    study.run(chosen, until=20)
    np.testing.assert_allclose([u for u, _ in told], [[0.0, 0.0], [0.2, 1.0]], atol=1e-9)
    np.testing.assert_allclose([value for _, value in told], [-s for s in study.scores[:2]])
    weights = np.stack(study.weights)
    assert len(np.unique(weights.round(7), axis=0)) == 20
