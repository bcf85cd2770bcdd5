"""A study that is cut anywhere goes on as the uncut one, to the last bit."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from toys import Stretch, height

HERE = Path(__file__).parent
EXAMPLES = ["6", "17", "18"]


def reopened_at_every_trial(folder, budget, **options):
    """Make a study in which each evaluation is cut once, then made by a fresh process's objects."""
    study = lsbe.create_study(Stretch(), out=folder, **options)
    cut_at = -1
    while True:
        count = sum(not trial.pending for trial in study.trials)

        def objective(outputs, count=count):
            nonlocal cut_at
            if count > cut_at:
                cut_at = count
                raise KeyboardInterrupt
            return height(outputs)

        def after_one(study, trial):
            raise lsbe.StopStudy

        with contextlib.suppress(KeyboardInterrupt):
            study.run(objective, budget=budget, callbacks=[after_one])
        study = lsbe.open_study(folder, generator=Stretch())
        if len(study.finished_trials) == budget:
            return study


@pytest.mark.parametrize(
    ("search", "batch_size", "budget"),
    [
        ("latent-gp", 1, 60),
        ("latent-gp", 4, 24),
        ("tpe", 1, 24),
        ("cma-es", 1, 24),
        ("direct", 3, 18),
        ("sobol", 1, 12),
        ("random", 4, 18),
    ],
)
def test_cut_and_reopened_at_every_trial(tmp_path, search, batch_size, budget):
    options = {"search": search, "batch_size": batch_size}
    options |= {} if search == "latent-gp" else {"examples": EXAMPLES}
    whole = lsbe.optimise(Stretch(), height, budget=budget, **options)
    cut = reopened_at_every_trial(tmp_path / "cut", budget, **options)
    np.testing.assert_array_equal(cut.weights, whole.weights)
    np.testing.assert_array_equal(cut.scores, whole.scores)


def test_a_batch_that_the_budget_cut_is_completed(tmp_path):
    options = {"search": "tpe", "batch_size": 4, "examples": EXAMPLES}
    whole = lsbe.optimise(Stretch(), height, budget=19, **options)
    study = lsbe.create_study(Stretch(), out=tmp_path / "run", **options)
    for budget in (5, 10, 14, 19):
        study.run(height, budget=budget)
        study = lsbe.open_study(tmp_path / "run", generator=Stretch())
    np.testing.assert_array_equal(study.weights, whole.weights)


@pytest.mark.slow
def test_a_study_killed_at_100_random_moments_is_the_uncut_one(tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    sources = [HERE.parents[1] / "src", HERE.parent]
    environment["PYTHONPATH"] = os.pathsep.join(map(str, sources))
    script = [sys.executable, "-W", "error", HERE / "survivor.py", tmp_path, "100", "0"]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    counted = json.loads(done.stdout.splitlines()[-1])
    assert counted["kills"] == 100
    # some kills must have hit an evaluation, else this shows nothing
    assert 0 < counted["evaluated_twice"] <= 400
