"""Signals and workers, in processes of their own."""

import signal
import time
from pathlib import Path

import pytest

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study import open_study

TOY = ["optimise", "toys:stretch", "--examples", "1,2,3", "--search", "random", "--out", "wing"]
SLOW = """
import time
from toys import height

def score(outputs):
    time.sleep({})
    return height(outputs)
"""


def wait_for(number, state, process):
    for _ in range(1200):
        try:
            if sum(trial.state == state for trial in open_study("wing").trials) >= number:
                return
        except StudyError:  # it is not there yet
            pass
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise TimeoutError


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_the_evaluation_under_way(lsbe, start, tmp_path, how):
    (tmp_path / "slowly.py").write_text(SLOW.format(0.2))
    running = start(*TOY, "--objective", "slowly:score", "--budget", 500)
    wait_for(3, "finished", running)
    running.send_signal(how)
    output, _ = running.communicate(timeout=120)
    assert running.returncode == 128 + how, output
    assert "Traceback" not in output
    assert "lsbe resume wing --generator toys:stretch --objective slowly:score --budget" in output
    assert Path("wing/history.csv").is_file()
    trials = open_study("wing").trials
    assert {trial.state for trial in trials} == {"finished"}
    assert len(trials) < 500


@pytest.mark.slow
def test_the_end_of_the_grace_interrupts(lsbe, start, tmp_path):
    (tmp_path / "slowly.py").write_text(SLOW.format(600))
    running = start(*TOY, "--objective", "slowly:score", "--budget", 5, "--grace", 0.2)
    wait_for(1, "pending", running)
    running.send_signal(signal.SIGTERM)
    output, _ = running.communicate(timeout=120)
    assert running.returncode == 128 + signal.SIGTERM, output
    assert "stopped; every finished evaluation is kept" in output
    assert [trial.state for trial in open_study("wing").trials] == ["pending"]


@pytest.mark.slow
def test_a_worker_that_hangs_in_c_fails_alone(lsbe, start):
    """The third example hangs with Python's lock held, in a batch with the first two."""
    running = start(*TOY, "--objective", "worker_objectives:hangs_in_c", "--budget", 3,
                    "--batch-size", 3, "--workers", 2, "--timeout", 2)  # fmt: skip
    output, _ = running.communicate(timeout=180)
    assert running.returncode == 0, output
    trials = open_study("wing").trials
    assert [trial.error is None for trial in trials] == [True, True, False]
    assert "took longer than the 2 seconds allowed" in output
