"""Nevergrad through the adapter."""

import numpy as np
import pytest

ng = pytest.importorskip("nevergrad")

from latent_spaces_by_example.search import AskTellSearch
from latent_spaces_by_example.testing.search import SearchContract, SimulatedStudy

# losses beyond 5e20 are clipped there
pytestmark = pytest.mark.filterwarnings("ignore:Clipping very high value")


def make(dims, seed):
    cube = ng.p.Array(shape=(dims,), lower=0, upper=1)
    cube.random_state.seed(seed)
    return ng.optimizers.TwoPointsDE(cube, budget=200)


def add(optimiser, u, value):
    optimiser.tell(optimiser.parametrization.spawn_child(new_value=u), value)


class TestNevergrad(SearchContract):
    def make_search(self):
        return AskTellSearch(make)


class TestNevergradThatIsToldOfOthers(SearchContract):
    def make_search(self):
        return AskTellSearch(make, add=add)


def test_it_is_told_of_the_examples_before_it_is_asked():
    told = []

    def noting(optimiser, u, value):
        told.append((u, value, optimiser.num_ask))
        add(optimiser, u, value)

    study = SimulatedStudy(lambda x: float(x[0]), within_span=True)
    study.add(np.eye(4))
    study.run(AskTellSearch(make, add=noting), until=10)
    assert len(told) == 4
    assert [value for _, value, _ in told] == [-score for score in study.scores[:4]]
    assert all(num_ask == 0 for _, _, num_ask in told)
