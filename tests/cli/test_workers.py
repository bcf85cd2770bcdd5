import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from latent_spaces_by_example.study.claims import Claim

from latent_spaces_by_example.cli import main
from latent_spaces_by_example.study import Study, open_study
from toys import Stretch

TESTS = Path(__file__).parents[1]
# scores of these examples: 0.69, 0.38, 4.08
TOY = ["optimise", "toys:stretch", "--examples", "1,2,3", "--search", "random"]
AGAIN = ["--generator", "toys:stretch"]


@pytest.fixture
def lsbe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(TESTS))

    def run(*arguments):
        return CliRunner().invoke(main, [str(a) for a in arguments])

    return run


@pytest.fixture
def storage(lsbe, tmp_path):
    """A study of three trials that has been asked for five."""
    place = f"sqlite:///{tmp_path}/a.db"
    made = lsbe(*TOY, "--objective", "toys:height", "--budget", 3, "--storage", place, "--name",
                "wing", "--out", "wing")  # fmt: skip
    assert made.exit_code == 0, made.output
    open_study(storage=place, generator=Stretch()).set_budget(5)
    return place


def _study(place) -> Study:
    return open_study(storage=place, generator=Stretch())


def _start(place, *options, log):
    environment = {
        **os.environ,
        "LSBE_STORAGE": place,
        "LSBE_TEST_LOG": str(log),
        "PYTHONPATH": os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)]),
    }
    command = [sys.executable, "-m", "latent_spaces_by_example.cli", "worker", *AGAIN]
    command += ["--objective", "worker_objectives:slow", *options]
    worker = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    end = time.monotonic() + 300
    while not log.exists():
        assert worker.poll() is None, worker.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)
    return worker


class TestWorker:
    @pytest.mark.slow
    def test_goes_on_with_what_the_storage_holds(self, lsbe, storage):
        result = lsbe("worker", "--storage", storage, "--study", "wing", *AGAIN,
                      "--objective", "toys:height")  # fmt: skip
        assert result.exit_code == 0, result.output
        assert "trial 4: " in result.output
        assert len(_study(storage).finished_trials) == 5

    @pytest.mark.slow
    @pytest.mark.parametrize(("grace", "finished"), [("60", 4), ("0", 3)])
    def test_sigterm_ends_or_frees_what_is_in_hand(self, storage, tmp_path, grace, finished):
        worker = _start(storage, "--grace", grace, log=tmp_path / "log")
        worker.send_signal(signal.SIGTERM)
        said, _ = worker.communicate(timeout=300)
        assert worker.returncode == 128 + signal.SIGTERM, said
        assert "free to take up" in said
        study = _study(storage)
        assert len(study.finished_trials) == finished
        left = [e for e in study.records.entries() if not e.state.is_finished()]
        assert [Claim.of(entry).by for entry in left] == [None] * len(left)
        assert len(left) == 4 - finished

    def test_the_users_own_code_is_named_again(self, lsbe, storage):
        result = lsbe("worker", "--storage", storage, *AGAIN)
        assert result.exit_code == 2
        assert "if it is yours, name it: --objective toys:height" in result.output
        result = lsbe("worker", "--storage", storage, "--study", "sail", *AGAIN)
        assert result.exit_code == 1
        assert "there is no study 'sail'; the storage holds wing" in result.output

    def test_another_version_is_said_and_another_schema_refused(self, lsbe, storage):
        study = _study(storage)
        settings = study.records.settings
        study.records.store_settings({**settings, "version": "0.0.1", "budget": 3})
        result = lsbe("worker", "--storage", storage, *AGAIN)
        assert "the study was made by version 0.0.1 and this is" in result.output
        study.records.store_settings({**settings, "schema": 999})
        result = lsbe("worker", "--storage", storage, *AGAIN)
        assert result.exit_code == 1
        assert "schema 999" in result.output


@pytest.mark.slow
class TestLimits:
    def test_a_hang_in_c_fails_alone(self, lsbe):
        """The third example hangs with Python's lock held; in a batch with the first two."""
        result = lsbe(*TOY, "--objective", "worker_objectives:hangs_in_c", "--budget", 3,
                      "--batch-size", 3, "--timeout", 2, "--out", "wing")  # fmt: skip
        assert result.exit_code == 0, result.output
        study = open_study("wing", generator=Stretch())
        assert [trial.error is None for trial in study.trials] == [True, True, False]
        assert "took longer than the 2 seconds allowed" in study.trials[2].error

    def test_workers_that_die_of_what_they_evaluate(self, lsbe):
        result = lsbe(*TOY, "--objective", "worker_objectives:dies", "--budget", 4,
                      "--workers", 2, "--out", "wing")  # fmt: skip
        assert result.exit_code == 1
        assert "died while it evaluated trial" in result.output
        assert "exit code 7" in result.output

    def test_failures_of_all_workers_together_end_the_run(self, lsbe):
        result = lsbe(*TOY, "--objective", "worker_objectives:fails", "--budget", 60,
                      "--workers", 2, "--out", "wing")  # fmt: skip
        assert result.exit_code == 1
        assert "10 evaluations in a row failed" in result.output
        assert "licence expired" in result.output
        trials = open_study("wing", generator=Stretch()).trials
        # ten, and what either worker had in hand or began before it was told
        assert 10 <= sum(trial.error is not None for trial in trials) < 20

    def test_several_processes_on_one_file(self, lsbe):
        result = lsbe(*TOY, "--objective", "toys:height", "--budget", 6, "--workers", 2,
                      "--out", "wing")  # fmt: skip
        assert result.exit_code == 0, result.output
        result = lsbe("resume", "wing", *AGAIN, "--objective", "toys:height", "--budget", 9,
                      "--workers", 2)  # fmt: skip
        assert result.exit_code == 0, result.output
        study = open_study("wing", generator=Stretch())
        assert len(study.finished_trials) == 9
        assert study.settings.budget == 9
