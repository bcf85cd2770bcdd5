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
    """Make a study by objects of which each ends after a result, every other in an evaluation."""
    study = lsbe.create_study(Stretch(), out=folder, artifacts="none", **options)
    interrupted = set()

    def objective(outputs):
        done = len(study.finished_trials)
        if done % 2 and done not in interrupted:
            interrupted.add(done)
            raise KeyboardInterrupt
        return height(outputs)

    def after_one(study, trial):
        raise lsbe.StopStudy

    while len(study.finished_trials) < budget:
        with contextlib.suppress(KeyboardInterrupt):
            study.run(objective, budget=budget, callbacks=[after_one])
        study = lsbe.open_study(folder, generator=Stretch())
    assert len(interrupted) == budget // 2
    return study


@pytest.mark.parametrize(
    ("search", "batch_size", "budget"),
    [
        ("latent-gp", 1, 20),
        ("latent-gp", 4, 14),
        ("tpe:num_startup_trials=4", 1, 8),
        ("cma-es:population_size=4", 1, 9),
        ("direct", 3, 7),
        ("sobol", 1, 4),
        ("random", 4, 6),
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
    whole = lsbe.optimise(Stretch(), height, budget=15, **options)
    study = lsbe.create_study(Stretch(), out=tmp_path / "run", artifacts="none", **options)
    for budget in (5, 10, 15):
        study.run(height, budget=budget)
        study = lsbe.open_study(tmp_path / "run", generator=Stretch())
    np.testing.assert_array_equal(study.weights, whole.weights)


@pytest.mark.slow
def test_a_study_killed_at_random_moments_is_the_uncut_one(tmp_path):
    """Ten moments; ``benchmarks/study/run.py kills`` takes a hundred."""
    counted = killed(tmp_path, kills=10, budget=12)
    assert counted["kills"] == 10
    # some kills must have hit an evaluation, else this shows nothing
    assert 0 < counted["evaluated_twice"] <= 40


def killed(folder, **options):
    """Run the survivor, and return what it counted."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    sources = [HERE.parents[1] / "src", HERE.parent]
    environment["PYTHONPATH"] = os.pathsep.join(map(str, sources))
    words = [f"{name}={value}" for name, value in options.items()]
    script = [sys.executable, "-W", "error", HERE / "survivor.py", folder, *words]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
