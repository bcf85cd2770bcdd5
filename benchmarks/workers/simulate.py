"""Search quality against the number of asynchronous workers, on a fake clock.

    PYTHONPATH=src python benchmarks/workers/simulate.py --task bump

Every worker proposes when it is free, from the results that are in and the points that are being
evaluated; evaluations last a random time (log-normal, sigma 0.5). No time passes: an event queue
decides what is known when. Writes simulation-TASK.json: best score after the budget, by workers.
"""

import argparse
import heapq
import json
import os
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from latent_spaces_by_example import generators, objectives
from latent_spaces_by_example.search import load as load_search
from latent_spaces_by_example.search.base import History, SearchSpace
from latent_spaces_by_example.space import spanned_by


class Bump:
    """x = z; eight seed latents of 64 dimensions."""

    latent_shape = (64,)

    def generate(self, z):
        return z


def bump_score(outputs):
    """Height by the angle to a hidden direction, with ripples: one global optimum, many local."""
    target = np.random.default_rng(5).standard_normal(64)
    z = np.asarray(outputs)
    cosines = z @ target / np.linalg.norm(z, axis=1) / np.linalg.norm(target)
    return (cosines + 0.03 * np.sin(12 * z[:, 0]) + 0.03 * np.sin(9 * z[:, 1])).tolist()


def task(name, seed):
    if name == "bump":
        return Bump(), bump_score, spanned_by(Bump(), num_prior_seeds=8, random_seed=seed)
    model = generators.load("airfoil")
    examples = ["naca2412", "s1223", "rae2822", "e387"]
    space = spanned_by(model, examples=examples, num_prior_seeds=0, random_seed=seed)
    return model, objectives.load("lift-to-drag"), space


class Simulated:
    """One study: its trials, and what is known of them."""

    def __init__(self, name, *, seed, search):
        self.model, self.objective, self.space = task(name, seed)
        self.search, self.seed = load_search(search), seed
        self.weights, self.scores, self.known, self.num_known = [], [], [], []

    def propose(self):
        number, corners = len(self.weights), len(self.space.seeds.examples)
        if number < corners:
            weights = np.eye(corners)[number]
        else:
            rng = np.random.default_rng([self.seed, number])
            weights = self.search.propose(self._history(), 1, rng)[0]
        self.num_known.append(sum(self.known))
        output = self.model.generate(self.space.from_w_to_z(weights[None]))
        found = self.objective(output)[0]
        score = found["score"] if isinstance(found, dict) else found
        self.weights.append(weights)
        self.scores.append(float(score))
        self.known.append(False)
        return number

    def _history(self):
        num_seeds = max([self.space.seeds.num_given, *(len(w) for w in self.weights)])
        weights = np.zeros((len(self.weights), num_seeds))
        for row, found in zip(weights, self.weights, strict=True):
            row[: len(found)] = found
        known, scores = np.array(self.known, dtype=bool), np.array(self.scores)
        finished = known & np.isfinite(scores)
        space = SearchSpace(
            correlation=self.space.correlation_of(num_seeds),
            num_given=self.space.seeds.num_given,
            num_latent_dims=self.space.num_latent_dims,
            within_span=True,
            draw=lambda m: self.space.correlation_of(num_seeds + m),
        )
        return History(
            space=space,
            weights=weights,
            scores=np.where(finished, scores, np.nan),
            finished=finished,
            failed=known & ~finished,
            random_seed=self.seed,
            num_known=np.array(self.num_known, dtype=int),
        )


def run(name, *, workers, budget, seed, search):
    study = Simulated(name, seed=seed, search=search)
    clock = np.random.default_rng([seed, workers])
    queue, now = [], 0.0
    while len(study.weights) < budget or queue:
        while len(queue) < workers and len(study.weights) < budget:
            number = study.propose()
            heapq.heappush(queue, (now + clock.lognormal(0.0, 0.5), number))
        now, number = heapq.heappop(queue)
        study.known[number] = True
    scores = np.array(study.scores)
    return {"workers": workers, "seed": seed, "best": float(np.nanmax(scores)), "time": now}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", choices=["bump", "airfoil"], default="bump")
    parser.add_argument("--search", default="latent-gp")
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--workers", default="1,4,16,64")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", default="benchmarks/results/workers")
    options = parser.parse_args()
    runs, end = [], Path(options.out, f"simulation-{options.task}.json")
    Path(options.out).mkdir(parents=True, exist_ok=True)
    with threadpool_limits(limits=1):
        for seed in range(options.repeats):
            for workers in map(int, options.workers.split(",")):
                start = time.process_time()
                runs.append(
                    run(
                        options.task,
                        workers=workers,
                        budget=options.budget,
                        seed=seed,
                        search=options.search,
                    )
                )
                print(
                    runs[-1], f"{time.process_time() - start:.1f} s", os.getloadavg()[0], flush=True
                )
                end.write_text(
                    json.dumps(
                        {"budget": options.budget, "search": options.search, "runs": runs}, indent=1
                    )
                    + "\n"
                )


if __name__ == "__main__":
    main()
