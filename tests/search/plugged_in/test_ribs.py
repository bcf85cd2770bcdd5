"""pyribs through the adapter."""

import pytest

pytest.importorskip("ribs")

import numpy as np
from ribs.archives import GridArchive
from ribs.emitters import EvolutionStrategyEmitter
from ribs.schedulers import Scheduler

from latent_spaces_by_example.search import AskTellSearch
from latent_spaces_by_example.testing.search import SearchContract

# its archive sums the scores, which overflows where they are of order 1e300
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")


def make(dims, seed):
    archive = GridArchive(solution_dim=dims, dims=[10, 10], ranges=[(0, 1), (0, 1)], seed=seed)
    emitter = EvolutionStrategyEmitter(
        archive,
        x0=np.full(dims, 0.5),
        sigma0=0.25,
        lower_bounds=[0.0] * dims,
        upper_bounds=[1.0] * dims,
        batch_size=6,
        seed=seed,
    )
    return Scheduler(archive, [emitter])


def tell(scheduler, points, scores):
    scheduler.tell(scores, points[:, :2])


def add(scheduler, u, score):
    scheduler.archive.add([u], [score], [u[:2]])


class TestRibs(SearchContract):
    def make_search(self):
        return AskTellSearch(make, minimise=False, tell=tell)


class TestRibsThatIsToldOfOthers(SearchContract):
    def make_search(self):
        return AskTellSearch(make, minimise=False, tell=tell, add=add)
