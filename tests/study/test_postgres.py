"""Studies in a real PostgreSQL, which the fixture starts."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.claims import Claim
from postgres import PASSWORD
from toys import Stretch, height

TESTS = Path(__file__).parents[1]
EXAMPLES = ["6", "17", "18"]


def _start_worker(server, log, *options):
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "LSBE_STORAGE": server.url,
        "LSBE_TEST_LOG": str(log),
        "PYTHONPATH": os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)]),
    }
    command = [sys.executable, "-m", "latent_spaces_by_example.cli", "worker", *options]
    command += ["--generator", "toys:stretch", "--objective", "worker_objectives:logged"]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _wait_for_lines(path, count):
    end = time.monotonic() + 400
    while not (path.exists() and len(path.read_text().splitlines()) >= count):
        assert time.monotonic() < end, "no evaluation began"
        time.sleep(0.05)


@pytest.mark.slow
def test_eight_workers_of_whom_two_are_killed(server, tmp_path):
    # Sobol's points follow from how many came before: two workers that know the same propose the
    # same, so that this search would show it
    study = lsbe.optimise(
        Stretch(),
        height,
        budget=3,
        examples=EXAMPLES,
        search="sobol",
        storage=server.url,
        name="wing",
    )
    study.set_budget(400)
    log = tmp_path / "log"
    victims = [_start_worker(server, log, "--study", "wing") for _ in range(2)]
    others = _start_worker(server, log, "--study", "wing", "--workers", "6")
    for victim, moment in zip(victims, (60, 150), strict=True):
        _wait_for_lines(log, moment)
        os.kill(victim.pid, signal.SIGKILL)
    said, _ = others.communicate(timeout=900)
    for victim in victims:
        victim.communicate(timeout=10)
    assert others.returncode == 0, said
    assert PASSWORD not in said
    study = lsbe.open_study(storage=server.url, name="wing", generator=Stretch())
    assert len(study.finished_trials) == len(study.trials) == 400
    assert [trial.number for trial in study.trials] == list(range(400))
    apart = np.abs(study.weights[:, None] - study.weights[None]).max(axis=2)
    assert (apart + np.eye(400)).min() > 1e-9, "the same point twice"
    # what was in the hands of the two, and nothing else, was begun twice
    begun = [json.loads(line) for line in log.read_text().splitlines()]
    assert 397 <= len(begun) <= 399
    outputs = Stretch().generate(study.latents(study.weights))
    np.testing.assert_allclose(study.scores, height(outputs), rtol=1e-9)


def test_seed_latents_come_from_the_storage(server):
    made = lsbe.optimise(
        Stretch(), height, budget=3, examples=EXAMPLES, storage=server.url, name="seeds"
    )
    opened = lsbe.open_study(storage=server.url, name="seeds", generator=Stretch())
    np.testing.assert_array_equal(opened.seeds.examples, made.seeds.examples)
    with pytest.raises(StudyError, match="of that name already"):
        lsbe.optimise(Stretch(), height, budget=3, storage=server.url, name="seeds")


@pytest.mark.filterwarnings("ignore:the storage postgresql")
def test_a_server_that_goes_away_for_a_while_costs_nothing(server):
    calls = []

    def restarts(outputs):
        calls.append(len(outputs))
        if len(calls) == 5:
            server.stop()
            threading.Timer(1.0, server.start).start()
        return height(outputs)

    study = lsbe.optimise(
        Stretch(), restarts, budget=9, examples=EXAMPLES, storage=server.url, name="away"
    )
    assert len(study.finished_trials) == 9
    assert sum(calls) == 9


@pytest.mark.filterwarnings("ignore:the storage postgresql")
def test_a_server_that_stays_away_is_said_and_the_score_too(server):
    study = lsbe.optimise(
        Stretch(), height, budget=3, examples=EXAMPLES, storage=server.url, name="gone"
    )
    study.records.patience = 0.6

    def stops(outputs):
        server.stop()
        return height(outputs)

    try:
        with pytest.raises(StudyError, match=r"has not answered.*lsbe resume") as raised:
            study.run(stops, budget=5)
    finally:
        server.start()
    assert "not stored: the score " in str(raised.value)
    assert PASSWORD not in str(raised.value)
    again = lsbe.open_study(storage=server.url, name="gone", generator=Stretch())
    assert len(again.finished_trials) == 3
    assert len(again.run(height, budget=5).finished_trials) == 5


def test_what_is_read_and_written_is_what_optuna_would(server):
    study = lsbe.optimise(
        Stretch(), height, budget=5, examples=EXAMPLES, storage=server.url, name="plain"
    )
    claim = Claim(attempt=1)
    (pending,) = study.records.claim(claim)
    study.records.set_weights(pending, np.array([0.6, 0.8]), claim=claim)
    storage = study.optuna_study._storage._backend
    theirs = storage.get_all_trials(storage.get_study_id_from_name("plain"))
    assert study.records.entries() == theirs
    assert [trial.value for trial in theirs[:5]] == study.scores[:5].tolist()
    passed = theirs[0].datetime_complete - theirs[0].datetime_start
    assert 0 <= passed.total_seconds() < 600


def test_the_password_is_never_shown(server):
    for wrong in (
        server.url.replace("word", "WORD"),
        server.url.replace("postgresql:", "nothing:"),
        server.url.replace("/postgres", "/no_such_database"),
    ):
        with pytest.raises(StudyError, match="cannot be opened") as raised:
            lsbe.open_study(storage=wrong, generator=Stretch())
        shown = str(raised.value) + repr(raised.value.__cause__)
        assert PASSWORD not in shown
        assert "s3cret" not in shown.lower()
