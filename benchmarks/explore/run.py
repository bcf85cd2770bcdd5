"""How good is the favourite after some galleries of nine? Simulated people, four ways to show.

    python benchmarks/explore/run.py --repeats 5

A simulated person likes an output by a hidden score, and chooses one of nine with the probabilities
of Bradley, Terry and Luce: exp(score / T) over their sum, T a share of the score's standard
deviation over 200 random draws. Everybody sees the same kinds of galleries:

- taste: the library's. The favourite so far and eight that the model of taste proposes.
- random: the one chosen last and eight random draws.
- plane: three by three points on a plane through the one chosen last, 0.8, then 0.4, then 0.2
  radians apart, then another plane: a search in the manner of Koyama et al., "Sequential gallery"
  (2020), without their model for the choice of the plane.
- best-of: the truly best of as many random draws as were shown, which no person could pick
  without looking at all of them.

Written is the hidden score of the favourite, as its share of the way from the mean of random draws
(0) to the best of 180 of them (1), the median over repeats.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.charts import KnotheRosenblattChart
from latent_spaces_by_example.explore.plane import nine_around

RESULTS = Path(__file__).parents[1] / "results" / "explore"
GALLERIES, NINE = 20, 9
REPORTED = (5, 10, 20)
NOISES = (0.1, 0.3, 1.0)
ANGLES = (0.8, 0.4, 0.2)
WORST = -1e3  # of an output that the objective refuses, in place of its score
TASKS = {
    "airfoil": ("airfoil", "lift-to-drag", ["naca2412", "s1223", "rae2822", "e387"]),
    "digits": ("digits", "digit-margin", None),
    "microstructure": ("microstructure:size=32", "effective-conductivity", None),
}


class Person:
    """Likes by a hidden score, and chooses with noise."""

    def __init__(self, study, objective, *, temperature, rng):
        self._study, self._objective = study, objective
        self._temperature, self._rng = temperature, rng

    def scores(self, weights):
        outputs = self._study.generator.generate(self._study.latents(weights))
        results = [r["score"] if isinstance(r, dict) else r for r in self._objective(outputs)]
        scores = np.array([float(result) for result in results])
        return self._study.ranking.oriented(np.where(np.isfinite(scores), scores, WORST))

    def choice(self, weights):
        scores = self.scores(weights)
        return int(np.argmax(scores / self._temperature + self._rng.gumbel(size=len(scores))))


def new_study(task, repeat):
    generator, objective, examples = TASKS[task]
    model, score = lsbe.generators.load(generator), lsbe.objectives.load(objective)
    study = lsbe.create_study(
        model, objective=score, examples=examples, random_seed=repeat, check_generator=False
    )
    return study, score


def random_weights(study, n, rng, *, start=0):
    """Return weights of random draws of the space; prior draws are counted from ``start``."""
    num_given = study.settings.num_given
    if study.settings.within_span:
        u = rng.uniform(size=(n, num_given - 1))
        return KnotheRosenblattChart().forward(u)
    return np.eye(start + n)[start:]


def taste(study, person, rng) -> Iterator[np.ndarray]:
    shown = [trial.number for trial in study.ask(NINE)]
    while True:
        weights = padded([study.records.trial(number).weights for number in shown])
        study.tell_preference(shown, best=shown[person.choice(weights)])
        favourite = study.favourite
        yield favourite.weights
        shown = [favourite.number, *(trial.number for trial in study.ask(NINE - 1))]


def random(study, person, rng) -> Iterator[np.ndarray]:
    kept, start = None, 0
    while True:
        num = NINE if kept is None else NINE - 1
        rows = [*([] if kept is None else [kept]), *random_weights(study, num, rng, start=start)]
        start += num
        kept = rows[person.choice(padded(rows))]
        yield kept


def plane(study, person, rng) -> Iterator[np.ndarray]:
    kept = random_weights(study, 1, rng)[0]
    step = 0
    while True:
        angle, turn = ANGLES[step % len(ANGLES)], step // len(ANGLES)
        rows = nine_around(study, kept, angle=angle, turn=turn)
        kept = rows[person.choice(rows)]
        step += 1
        yield kept


METHODS = {"taste": taste, "random": random, "plane": plane}


def padded(rows):
    width = max(len(row) for row in rows)
    return np.stack([np.pad(row, (0, width - len(row))) for row in rows])


def one(task, repeat):
    """Return the scores of each method and noise after each gallery, and the unit they are in."""
    rng = np.random.default_rng([repeat, 99])
    study, objective = new_study(task, repeat + 1000)
    judge = Person(study, objective, temperature=1.0, rng=rng)
    draws = judge.scores(random_weights(study, 200, rng))
    known = draws[draws > WORST]
    middle, spread = float(known.mean()), float(known.std())
    best_of = [float(draws[: NINE * n].max()) for n in REPORTED]
    unit = best_of[-1] - middle
    results = {"best-of": {"": [(best - middle) / unit for best in best_of]}}
    slowest = 0.0
    for noise in NOISES:
        for name, method in METHODS.items():
            study, objective = new_study(task, repeat)
            rng = np.random.default_rng([repeat, int(100 * noise)])
            person = Person(study, objective, temperature=noise * spread, rng=rng)
            curve = []
            galleries = method(study, person, rng)
            for number in range(1, GALLERIES + 1):
                begun = time.perf_counter()
                kept = next(galleries)
                if name == "taste":
                    slowest = max(slowest, time.perf_counter() - begun)
                if number in REPORTED:
                    curve.append((float(person.scores(kept[None])[0]) - middle) / unit)
            results.setdefault(name, {})[str(noise)] = curve
    return results, slowest


def table(results):
    lines = [
        "| task | noise | method | " + " | ".join(f"after {n}" for n in REPORTED) + " |",
        "|---|---|---|" + "---|" * len(REPORTED),
    ]
    for task, repeats in results.items():
        cells = {}
        for repeat in repeats:
            for name, by_noise in repeat.items():
                for noise, curve in by_noise.items():
                    cells.setdefault((noise, name), []).append(curve)
        for (noise, name), curves in sorted(cells.items()):
            medians = " | ".join(f"{value:.2f}" for value in np.median(curves, axis=0))
            lines.append(f"| {task} | {noise} | {name} | {medians} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--max-seconds", type=float, default=540.0)
    parser.add_argument("--more", action="store_true", help="go on with the results there are")
    options = parser.parse_args()
    begun, results, slowest = time.process_time(), {}, 0.0
    if options.more:
        results = json.loads((RESULTS / "people.json").read_text())
    for repeat in range(options.repeats):
        for task in options.tasks.split(","):
            is_done = repeat < len(results.get(task, []))
            if is_done or time.process_time() - begun > options.max_seconds:
                continue
            curves, seconds = one(task, repeat)
            results.setdefault(task, []).append(curves)
            slowest = max(slowest, seconds)
            counts = ", ".join(f"{name} {len(curves)}" for name, curves in results.items())
            text = (
                f"# Favourites after galleries of nine\n\nRepeats: {counts}. See "
                "`benchmarks/explore/run.py` for what is measured. Slowest gallery of taste, with "
                f"the favourite and the outputs: {slowest:.2f} s on a busy core.\n\n"
                f"{table(results)}\n"
            )
            RESULTS.mkdir(parents=True, exist_ok=True)
            (RESULTS / "people.md").write_text(text)
            (RESULTS / "people.json").write_text(json.dumps(results, indent=1))
            print(task, repeat, f"{time.process_time() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
