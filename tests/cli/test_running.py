"""Signals and workers: how a run ends."""

import os
import signal
import time
from pathlib import Path

import pytest

from latent_spaces_by_example.study import open_study
from toys import height

TOY = ["optimise", "toys:stretch", "--examples", "1,2,3", "--search", "random", "--out", "wing"]


class Signalling:
    """Scores; at the second evaluation it gets a signal, and goes on for some seconds."""

    def __init__(self, how, *, seconds):
        self.how, self.seconds, self.calls = how, seconds, 0

    def __call__(self, outputs):
        self.calls += 1
        if self.calls == 2:
            os.kill(os.getpid(), self.how)
            time.sleep(self.seconds)
        return height(outputs)


@pytest.fixture
def signalled(monkeypatch):
    """Make ``toys:score`` an objective that is signalled in the middle of a run."""

    def make(how, *, seconds=0.0):
        monkeypatch.setattr("toys.score", Signalling(how, seconds=seconds), raising=False)

    return make


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_the_evaluation_under_way(lsbe, signalled, how):
    signalled(how)
    output = lsbe(*TOY, "--objective", "toys:score", "--budget", 500, code=128 + how)
    assert "Traceback" not in output
    assert "stopped; every finished evaluation is kept" in output
    assert "lsbe resume wing --generator toys:stretch --objective toys:score --budget" in output
    assert Path("wing/history.csv").is_file()
    assert [trial.state for trial in open_study("wing").trials] == ["finished", "finished"]


def test_the_end_of_the_grace_interrupts(lsbe, signalled):
    signalled(signal.SIGTERM, seconds=600)
    words = [*TOY, "--objective", "toys:score", "--budget", 5, "--grace", 0.2]
    output = lsbe(*words, code=128 + signal.SIGTERM)
    assert "stopped; every finished evaluation is kept" in output
    assert [trial.state for trial in open_study("wing").trials] == ["finished", "pending"]


@pytest.mark.slow
def test_a_worker_that_hangs_in_c_fails_alone(lsbe):
    """The third example hangs with Python's lock held, in a batch with the first two."""
    output = lsbe(*TOY, "--objective", "worker_objectives:hangs_in_c", "--budget", 3,
                  "--batch-size", 3, "--workers", 1, "--timeout", 1)  # fmt: skip
    trials = open_study("wing").trials
    assert [trial.error is None for trial in trials] == [True, True, False]
    assert "took longer than the 1 seconds allowed" in output
