"""Every search is held to the same contract, and proposes the same in another process."""

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from optuna.samplers import CmaEsSampler, NSGAIISampler, PartialFixedSampler, TPESampler

from latent_spaces_by_example.search import available, load
from latent_spaces_by_example.testing.search_contract import SearchContract, SimulatedStudy

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


WITHIN = {
    "random": lambda: load("random"),
    "sobol": lambda: load("sobol"),
    "direct": lambda: load("direct"),
    "cma-es": lambda: load("cma-es", population_size=4),
    "tpe": lambda: load("tpe", num_startup_trials=5),
    "a sampler of the user's": lambda: load(
        PartialFixedSampler({}, NSGAIISampler(population_size=6))
    ),
    "chosen-seeds": lambda: load("chosen-seeds:search=random,num_seeds=3"),
    "latent-gp": lambda: load("latent-gp"),
}
BEYOND = {
    "chosen-seeds": lambda: load("chosen-seeds:search=random,num_draws=3,num_seeds=3"),
    "latent-gp": lambda: load("latent-gp"),
}
OF_SEVERAL = {
    "nsga-ii": lambda: load("nsga-ii", population_size=6),
    "tpe": lambda: load("tpe", num_startup_trials=5),
}


class EachOf(SearchContract):
    """The contract of each search of a table, by its name."""

    @pytest.fixture(autouse=True)
    def _made_by(self, name):
        self.make = self.searches[name]

    def make_search(self):
        return self.make()


@pytest.mark.parametrize("name", WITHIN)
class TestWithinSpan(EachOf):
    searches = WITHIN


@pytest.mark.parametrize("name", BEYOND)
class TestBeyondTheSpan(EachOf):
    searches, within_span = BEYOND, False


class SeveralScores(SearchContract):
    def study(self, score=None, **options):
        single = score or (lambda x: float(x[0] + x[1] * x[2]))
        return super().study(lambda x: (single(x), float(x[3])), num_scores=2, **options)


@pytest.mark.parametrize("name", OF_SEVERAL)
class TestSeveralScores(SeveralScores, EachOf):
    searches = OF_SEVERAL


class LatentGPOfSeveral(SeveralScores):
    within_span = False

    def make_search(self):
        return load("latent-gp")


# the others are held for one score, and several are made one
@pytest.mark.parametrize("test", ["same_history_same_proposal", "cut_and_resumed", "constraints"])
def test_latent_gp_of_several(test):
    getattr(LatentGPOfSeveral(), f"test_{test}")()


@pytest.mark.slow
@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
class TestGP(SearchContract):
    def make_search(self):
        return load("gp", num_startup_trials=10)


# ---- in another process


NAMES = [name for name in available() if name != "gp"]
SAMPLERS = [TPESampler(), CmaEsSampler(), NSGAIISampler(population_size=4)]


def proposals():
    """What each search proposes for one history, to the last bit."""
    given = []
    for search in (*NAMES, *SAMPLERS):
        several = search == "nsga-ii"
        study = SimulatedStudy(
            lambda x, several=several: (float(x[0]), float(x[1]))[: 1 + several],
            num_given=6,
            within_span=True,
            num_scores=1 + several,
        )
        weights = np.abs(np.random.default_rng(0).standard_normal((22, 6)))
        study.add(weights / np.linalg.norm(weights, axis=1, keepdims=True))
        history = study.history(num_pending=1)
        proposal = load(search).propose(history, 2, np.random.default_rng(1))
        given.append(f"{search!r:.12} {proposal.tobytes().hex()}")
    return given


def test_another_process_proposes_the_same_to_the_last_bit():
    code = f"import runpy; print(*runpy.run_path({__file__!r})['proposals'](), sep='\\n')"
    python = [sys.executable, "-W", "ignore", "-c", code]
    other = subprocess.run(python, capture_output=True, text=True, check=True, timeout=120)
    assert other.stdout.splitlines()[-len(NAMES) - len(SAMPLERS) :] == proposals()
