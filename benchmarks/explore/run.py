"""How good is the favourite after some galleries of nine? Simulated people, six ways to show.

    python benchmarks/explore/run.py --repeats 20 --max-seconds 3000

A simulated person likes an output by a hidden score, and chooses one of nine with the probabilities
of Bradley, Terry and Luce: exp(score / T) over their sum, T a share of the score's standard
deviation over 200 random draws. Everybody sees the same kinds of galleries:

- taste: the library's. The favourite so far and eight that the model of taste proposes.
- random: the one chosen last and eight random draws.
- plane: three by three points on a plane through the one chosen last, 0.8, then 0.4, then 0.2
  radians apart, then another plane: a search in the manner of Koyama et al., "Sequential gallery"
  (2020), without their model for the choice of the plane.
- optuna-dashboard and qeubo: the rivals of ``rivals.py``, on the unit hypercube.
- best-of: the truly best of as many random draws as were shown, which no person could pick
  without looking at all of them.

Written is the hidden score of the favourite, as its share of the way from the mean of random draws
(0) to the best of 180 of them (1). A row is written as soon as it is known, and a second run goes
on where the first one stopped.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from rivals import RIVALS

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.charts import KnotheRosenblattChart
from latent_spaces_by_example.explore.plane import nine_around

RESULTS = Path(__file__).parents[1] / "results" / "explore"
ROWS = RESULTS / "people.jsonl"
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


@cache
def loaded(task):
    generator, objective, _ = TASKS[task]
    return lsbe.generators.load(generator), lsbe.objectives.load(objective)


def new_study(task, repeat, **options):
    model, score = loaded(task)
    study = lsbe.create_study(
        model,
        objective=score,
        examples=TASKS[task][2],
        random_seed=repeat,
        check_generator=False,
        **options,
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


def rival(name):
    def on_cube(study, person, rng) -> Iterator[np.ndarray]:
        chart = KnotheRosenblattChart()
        show = RIVALS[name](study.settings.num_given - 1, seed=int(rng.integers(2**31)))
        answer = None
        while True:
            u = show.gallery(answer, NINE)
            answer = person.choice(chart.forward(u))
            yield chart.forward(show.favourite(answer)[None])[0]

    return on_cube


METHODS = {"random": random, "plane": plane, "taste": taste, **{n: rival(n) for n in RIVALS}}


def padded(rows):
    width = max(len(row) for row in rows)
    return np.stack([np.pad(row, (0, width - len(row))) for row in rows])


@cache
def measure(task, repeat):
    """Return the oriented scores of 200 draws: their mean, spread, and the best of some."""
    rng = np.random.default_rng([repeat, 99])
    study, objective = new_study(task, repeat + 1000)
    judge = Person(study, objective, temperature=1.0, rng=rng)
    draws = judge.scores(random_weights(study, 200, rng))
    known = draws[draws > WORST]
    best_of = [float(draws[: NINE * n].max()) for n in REPORTED]
    return float(known.mean()), float(known.std()), best_of


def one(task, repeat, noise, name):
    """Return the shares after 5, 10 and 20 galleries, and the processor's seconds of the last."""
    middle, spread, best_of = measure(task, repeat)
    if name == "best-of":
        return [(best - middle) / (best_of[-1] - middle) for best in best_of], 0.0
    # the rivals move in a hypercube, so they get as many seed latents as such searches do
    study, objective = new_study(task, repeat, **({"search": "tpe"} if name in RIVALS else {}))
    rng = np.random.default_rng([repeat, int(100 * noise)])
    person = Person(study, objective, temperature=noise * spread, rng=rng)
    curve, galleries, seconds = [], METHODS[name](study, person, rng), 0.0
    for number in range(1, GALLERIES + 1):
        begun = time.process_time()
        kept = next(galleries)
        seconds = time.process_time() - begun
        if number in REPORTED:
            score = float(person.scores(kept[None])[0])
            curve.append((score - middle) / (best_of[-1] - middle))
    return curve, seconds


def plan(options):
    """Yield what is to be measured, the cheapest first, the rivals in the first repeats alone."""
    for repeat in range(options.repeats):
        for task in options.tasks.split(","):
            yield task, repeat, 0.0, "best-of"
            for name in options.methods.split(","):
                if name in RIVALS and repeat >= options.rival_repeats:
                    continue
                for noise in NOISES:
                    yield task, repeat, noise, name


def table(rows):
    lines = [
        "| task | noise | method | repeats | "
        + " | ".join(f"after {n}" for n in REPORTED)
        + " | s a gallery |",
        "|---|---|---|---|" + "---|" * (len(REPORTED) + 1),
    ]
    cells = {}
    for row in rows:
        cells.setdefault((row["task"], row["noise"], row["method"]), []).append(row)
    for (task, noise, name), group in sorted(cells.items()):
        medians = np.median([row["shares"] for row in group], axis=0)
        seconds = np.median([row["seconds"] for row in group])
        label, cost = ("any", "") if name == "best-of" else (noise, f"{seconds:.2f}")
        shares = " | ".join(f"{value:.2f}" for value in medians)
        lines.append(f"| {task} | {label} | {name} | {len(group)} | {shares} | {cost} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--rival-repeats", type=int, default=3)
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--max-seconds", type=float, default=540.0, help="by the wall clock")
    options = parser.parse_args()
    begun = time.monotonic()
    RESULTS.mkdir(parents=True, exist_ok=True)
    rows = [json.loads(line) for line in ROWS.read_text().splitlines()] if ROWS.exists() else []
    known = {(row["task"], row["repeat"], row["noise"], row["method"]) for row in rows}
    for task, repeat, noise, name in plan(options):
        if (task, repeat, noise, name) in known:
            continue
        if time.monotonic() - begun > options.max_seconds:
            break
        shares, seconds = one(task, repeat, noise, name)
        row = {"task": task, "repeat": repeat, "noise": noise, "method": name}
        rows.append({**row, "shares": shares, "seconds": round(seconds, 3)})
        with ROWS.open("a") as file:
            file.write(json.dumps(rows[-1]) + "\n")
        print(f"{time.monotonic() - begun:.0f} s", rows[-1], flush=True)
    text = (
        "# Favourites after galleries of nine\n\nSee `benchmarks/explore/run.py` for what is "
        "measured: medians over repeats, and the processor's seconds of the twentieth gallery "
        f"with its outputs.\n\n{table(rows)}\n"
    )
    (RESULTS / "people.md").write_text(text)


if __name__ == "__main__":
    main()
