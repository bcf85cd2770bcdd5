"""What storing and proposing cost per trial, and how much two workers do in the time of one.

    PYTHONPATH=src:tests:. python benchmarks/workers/overhead.py

Starts a PostgreSQL of its own. Writes overhead.json: wall and CPU seconds per trial with 1,000
trials stored, the proposals apart from the storage, and the throughput of one and two workers
whose objective sleeps 100 ms.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path

import numpy as np
import optuna
from optuna.trial import TrialState, create_trial

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.search import load as load_search
from latent_spaces_by_example.study.worker_process import Ended, Task
from latent_spaces_by_example.study.workers import Crew
from postgres import running_postgres
from toys import Stretch, height

EXAMPLES = ["6", "17", "18"]
STORED, MEASURED = 1000, 30


def sleeping(outputs):
    time.sleep(0.1 * len(outputs))
    return height(outputs)


def filled(storage, *, name):
    """A study with 1,000 finished trials, of random points, written in the shortest way."""
    study = lsbe.optimise(
        Stretch(), height, budget=3, examples=EXAMPLES, search="random", storage=storage, name=name
    )
    rng = np.random.default_rng(0)
    for weights in np.abs(rng.standard_normal((STORED - 3, 3))):
        weights /= np.linalg.norm(weights)
        score = float(height(Stretch().generate(study.latents(weights[None])))[0])
        result = {"score": score, "figures": {}, "seconds": 0.1}
        trial = create_trial(
            state=TrialState.COMPLETE,
            value=score,
            user_attrs={"lsbe:weights": weights.tolist(), "lsbe:result": result},
        )
        study.records._storage.create_new_trial(study.records._study_id, template_trial=trial)
    return study


def storage_cost(storage, *, repeats):
    study = filled(storage, name="filled")
    study.run(height, budget=STORED + 2)  # read what is stored once
    runs = []
    for _ in range(repeats):
        budget, load = len(study.trials) + MEASURED, os.getloadavg()[0]
        wall, cpu = time.perf_counter(), time.process_time()
        # a worker says what each trial came to, for which it is read again
        study.run(height, budget=budget, on_trial=lambda *_: None)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        run = {"wall_ms": 1e3 * wall / MEASURED, "cpu_ms": 1e3 * cpu / MEASURED, "load": load}
        runs.append(run)
    return {**summary(runs), "runs": runs}, study


def summary(runs):
    """Median and range of each figure of several runs."""
    return {
        name: {"median": float(np.median(found)), "range": [min(found), max(found)]}
        for name in runs[0]
        for found in [[run[name] for run in runs]]
    }


def proposal_cost(study, *, search):
    engine, history = load_search(search), study.history()
    costs = []
    for number in range(5):
        wall, cpu = time.perf_counter(), time.process_time()
        engine.propose(history, 1, np.random.default_rng(number))
        costs.append([time.perf_counter() - wall, time.process_time() - cpu])
    wall, cpu = 1e3 * np.median(costs, axis=0)
    load = os.getloadavg()[0]
    return {"wall_ms": float(wall), "cpu_ms": float(cpu), "trials": len(history), "load": load}


def throughput(storage, *, workers, name, seconds):
    """Trials a second, from when every worker has ended two to ``seconds`` later."""
    study = lsbe.optimise(
        Stretch(), height, budget=3, examples=EXAMPLES, search="random", storage=storage, name=name
    )
    study.set_budget(100_000)
    ends = []

    def on_message(message):
        if isinstance(message, Ended):
            ends.append(time.perf_counter())
        if len(ends) > 6 and ends[-1] - ends[5] > seconds:
            crew.stop()

    task = Task(
        storage=storage,
        study=name,
        generator="toys:stretch",
        objective="benchmarks.workers.overhead:sleeping",
    )
    crew = Crew(task, study.records, num_workers=workers, on_message=on_message)
    crew.run()
    # the first ends come while the second worker is still starting
    claims = study.records.entries()[3:]
    begun = {}
    for entry in claims:
        by = entry.user_attrs["lsbe:claim"]["by"]
        if by is not None and entry.datetime_complete is not None:
            begun.setdefault(by["pid"], entry.datetime_complete)
    assert len(begun) == workers
    start = max(begun.values())
    done = [
        e.datetime_complete for e in claims if e.datetime_complete and e.datetime_complete > start
    ]
    return len(done) / (max(done) - start).total_seconds()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="benchmarks/results/workers")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--name", default="overhead")
    parser.add_argument("--no-costs", action="store_true", help="throughput alone")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    results = {"cpus": os.cpu_count(), "machine": platform.machine(), "optuna": optuna.__version__}
    with tempfile.TemporaryDirectory() as folder, running_postgres() as server:
        places = {"sqlite": f"sqlite:///{folder}/a.db", "postgresql": server.url}
        for kind, place in () if options.no_costs else places.items():
            results[f"storage_{kind}"], study = storage_cost(place, repeats=options.repeats)
            print(kind, results[f"storage_{kind}"], flush=True)
        for search in () if options.no_costs else ("random", "latent-gp"):
            results[f"proposal_{search}"] = proposal_cost(study, search=search)
            print(search, results[f"proposal_{search}"], flush=True)
        for kind, place in places.items():
            runs = []
            for repeat in range(options.repeats):
                load = os.getloadavg()[0]
                one, two = (
                    throughput(place, workers=n, name=f"{n}-{repeat}", seconds=options.seconds)
                    for n in (1, 2)
                )
                runs.append({"one": one, "two": two, "ratio": two / one, "load": load})
                print(kind, runs[-1], flush=True)
            results[f"throughput_{kind}"] = {**summary(runs), "runs": runs}
            Path(options.out).mkdir(parents=True, exist_ok=True)
            target = Path(options.out, f"{options.name}.json")
            target.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
