"""Cost of storing a trial, how busy workers are, and what a hundred kills leave of a study.

    python benchmarks/study/run.py storage
    python benchmarks/study/run.py workers [--dask]
    python benchmarks/study/run.py busy
    python benchmarks/study/run.py kills

Results go to benchmarks/results/study.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import optuna
from optuna.trial import TrialState, create_trial

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.study.database import open_storage
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import Point, Result

RESULTS = Path(__file__).parents[1] / "results" / "study"


class Model:
    latent_shape = (16,)

    def generate(self, z):
        return z


def sleeper(seconds):
    def objective(outputs):
        time.sleep(seconds)
        return [float(x[0]) for x in outputs]

    return objective


def short_sleep(outputs):
    time.sleep(0.1)
    return [float(x[0]) for x in outputs]


def long_sleep(outputs):
    time.sleep(2.0)
    return [float(x[0]) for x in outputs]


def bare_trial(storage, study_id):
    """Three writes and one read by Optuna's storage, of the same values."""
    template = create_trial(state=TrialState.RUNNING, user_attrs={"point": {"weights": [1.0] * 8}})
    trial_id = storage.create_new_trial(study_id, template_trial=template)
    storage.get_trial_number_from_id(trial_id)
    storage.set_trial_user_attr(trial_id, "result", {"scores": [0.5]})
    storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [0.5])


def stored_trial(records):
    point = Point(
        weights=(1.0,) + (0.0,) * 7, source="search", asked_by="run",
        batch=(records.next_number, 1),
    )  # fmt: skip
    trial = records.add(point)
    records.tell(trial.number, Result(scores=(0.5,), seconds=0.1))


def fill(database, size):
    """Copy the first trial until there are so many, which takes no commit for each."""
    with sqlite3.connect(database) as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM trials").fetchone()
        (first,) = connection.execute("SELECT MIN(trial_id) FROM trials").fetchone()
        (last,) = connection.execute("SELECT MAX(trial_id) FROM trials").fetchone()
        for added in range(1, size - count + 1):
            for table, columns in (
                ("trials", "number, study_id, state, datetime_start, datetime_complete"),
                ("trial_user_attributes", "key, value_json"),
                ("trial_values", "objective, value, value_type"),
            ):
                values = columns.replace("number", str(count + added - 1), 1)
                connection.execute(
                    f"INSERT INTO {table} (trial_id, {columns}) "
                    f"SELECT {last + added}, {values} FROM {table} WHERE trial_id = {first}"
                )


def storage_cost(sizes=(1000, 5000), repeats=60):
    """Milliseconds of wall time a trial, ours and bare, alternating, at each number of trials."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        study = lsbe.create_study(Model(), num_seeds=8, search="random", out=f"{folder}/ours")
        records = Records.open(study.folder.storage)
        records.refresh()
        records.is_current = True
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        storage = open_storage(f"sqlite:///{folder}/bare.db")
        optuna.create_study(storage=storage, study_name="bare")
        study_id = storage.get_study_id_from_name("bare")
        for _ in range(10):
            stored_trial(records)
            bare_trial(storage, study_id)
        for size in sizes:
            for database in (study.folder.database, f"{folder}/bare.db"):
                fill(database, size)
            records.is_current = False
            records.refresh()
            records.is_current = True
            ours, bare = [], []
            for _ in range(repeats):
                start = time.perf_counter()
                stored_trial(records)
                middle = time.perf_counter()
                bare_trial(storage, study_id)
                ours.append(middle - start)
                bare.append(time.perf_counter() - middle)
            found[str(size)] = {"ours_ms": 1e3 * median(ours), "bare_ms": 1e3 * median(bare)}
            found[str(size)]["ratio"] = median(ours) / median(bare)
            print(size, found[str(size)], flush=True)
    first, last = (found[str(size)]["ours_ms"] for size in (sizes[0], sizes[-1]))
    return {**found, "growth": last / first}


@contextmanager
def dask_client(workers):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def rate(workers, *, dask, budget=60):
    """Evaluations a second after the first few, which wait for the processes to start."""
    ends = []

    def note(study, trial):
        ends.append(time.perf_counter())

    study = lsbe.create_study(
        Model(), num_seeds=4, search="random", artifacts="none", check_generator=False
    )
    names = (None, None)
    if dask:
        with dask_client(workers) as client:
            study.run(
                short_sleep, budget=budget, executor=client, num_pending=workers,
                callbacks=[note], names=names,
            )  # fmt: skip
    else:
        study.run(
            short_sleep, budget=budget, workers=workers, callbacks=[note], timeout=60, names=names
        )
    skipped = 10
    return (budget - skipped) / (ends[-1] - ends[skipped - 1])


def workers_ratio(*, dask, repeats=3):
    pairs = [(rate(1, dask=dask), rate(2, dask=dask)) for _ in range(repeats)]
    ratios = [two / one for one, two in pairs]
    return {"per_second": pairs, "ratio": median(ratios), "ratios": ratios}


def busy_share(search, *, workers=16, budget=96):
    """Share of the time that so many threads sleep 2 s each, in the middle of the run."""
    begun, spans = time.perf_counter(), []

    def objective(outputs):
        start = time.perf_counter()
        time.sleep(2.0)
        spans.append((start - begun, time.perf_counter() - begun))
        return [float(x[0]) for x in outputs]

    class Threads:
        """Shares the process, so that nothing is pickled."""

        num_workers = workers

        def __init__(self):
            self.pool = ThreadPoolExecutor(workers)

        def submit(self, function, task):
            return self.pool.submit(function, task)

    from latent_spaces_by_example.study import executors

    study = lsbe.create_study(Model(), num_seeds=4, search=search, check_generator=False)
    model = executors.Model("generator", "objective", "here")
    executors._loaded["here"] = (study.generator, objective)
    original, executors.Model.of = executors.Model.of, classmethod(lambda *_, **__: model)
    try:
        study.run(objective, budget=budget, executor=Threads())
    finally:
        executors.Model.of = original
    low = sorted(start for start, _ in spans)[workers]
    high = max(start for start, _ in spans)
    inside = sum(max(0.0, min(end, high) - max(start, low)) for start, end in spans)
    return inside / (workers * (high - low))


def killed_and_resumed(kills=100, budget=30):
    """Kill studies at random moments, and hold what is left to the last bit against uncut ones."""
    root = Path(__file__).parents[2]
    sources = os.pathsep.join(str(root / folder) for folder in ("src", "tests"))
    script = [sys.executable, root / "tests" / "study" / "survivor.py"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*script, folder, f"kills={kills}", f"budget={budget}"],
            env={**os.environ, "PYTHONPATH": sources},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return json.loads(done.stdout.splitlines()[-1])


def machine():
    return {
        "python": platform.python_version(),
        "optuna": optuna.__version__,
        "numpy": np.__version__,
        "machine": platform.machine(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["storage", "workers", "busy", "kills"])
    parser.add_argument("--dask", action="store_true")
    arguments = parser.parse_args()
    name = arguments.what
    if name == "storage":
        figures = storage_cost()
    elif name == "workers":
        figures = workers_ratio(dask=arguments.dask)
        name += "-dask" if arguments.dask else ""
    elif name == "kills":
        figures = killed_and_resumed()
    else:
        figures = {search: busy_share(search) for search in ("random", "latent-gp")}
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": machine(), **figures}, indent=1) + "\n")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    sys.exit(main())
