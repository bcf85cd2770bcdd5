"""Optuna's Gaussian process, which needs PyTorch."""

import pytest

pytest.importorskip("torch")

import optuna

from latent_spaces_by_example import search
from latent_spaces_by_example.testing.search import SearchContract

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
]


class TestGPSampler(SearchContract):
    def make_search(self):
        return search.load(optuna.samplers.GPSampler(seed=0, n_startup_trials=5))
