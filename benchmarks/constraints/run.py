"""Feasible best of searches under constraints: airfoils of a given thickness and pitching moment.

    python benchmarks/constraints/run.py --repeats 5
    python benchmarks/constraints/run.py --report       # only the table again

Every run is one line of ``runs.csv`` in the output folder, written when it ends; those that are
there already are not run again. Methods of one repeat share their prior draws.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import argparse  # noqa: E402
import csv  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass, replace  # noqa: E402
from functools import cached_property  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

from latent_spaces_by_example import generators, search  # noqa: E402
from latent_spaces_by_example.search import History  # noqa: E402
from latent_spaces_by_example.testing.search_contract import SimulatedStudy  # noqa: E402
from latent_spaces_by_example.zoo.airfoil.lift_to_drag import LiftToDrag  # noqa: E402

EXAMPLES = ("naca2412", "s1223", "rae2822", "e387", "clarky")
FIELDS = ("task", "method", "repeat", "best", "feasible", "first", "seconds", "curve")
BUDGET = 100


@dataclass(frozen=True)
class Task:
    """Lift over drag of sections that are thick enough and do not pitch down too much.

    Attributes:
        thickness: the least, in chords.
        moment: the least pitching moment about the quarter chord.
        between: whether the search stays between the five examples.
    """

    thickness: float
    moment: float
    between: bool


TASKS = {
    "prior": Task(thickness=0.15, moment=-0.06, between=False),
    "examples": Task(thickness=0.12, moment=-0.07, between=True),
}


class Sections:
    """Score and constraints of a direction of the latent, evaluated once."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.generator = generators.load("airfoil")
        self.objective = LiftToDrag(min_thickness=0.0)
        self._last: tuple[bytes, dict[str, float]] = (b"", {})

    def figures(self, direction: np.ndarray) -> dict[str, float]:
        if self._last[0] != direction.tobytes():
            latent = direction * np.sqrt(len(direction))
            (found,) = self.objective(self.generator.generate(latent[None]))
            self._last = (direction.tobytes(), found)
        return self._last[1]

    def score(self, direction: np.ndarray) -> float:
        return float(self.figures(direction)["score"])

    def constraints(self, direction: np.ndarray) -> list[float]:
        found = self.figures(direction)
        return [self.task.thickness - found["thickness"], self.task.moment - found["cm"]]

    def penalised(self, direction: np.ndarray, *, cost: float) -> float:
        """The score over 1 + cost s for each relative shortfall s, as lift-to-drag does it."""
        thickness, moment = self.constraints(direction)
        short = [max(thickness, 0) / self.task.thickness, max(moment, 0) / abs(self.task.moment)]
        return self.score(direction) / float(np.prod([1 + cost * s for s in short]))


class Study(SimulatedStudy):
    """A simulated study whose first seed latents may be the examples.

    Attributes:
        examples: their latents, of unit norm.
        sections: shows the outputs to a search that looks; None for one that does not.
    """

    examples: np.ndarray | None = None
    sections: Sections | None = None

    def history(self, *, num_pending: int = 0) -> History:
        known = super().history(num_pending=num_pending)
        if self.sections is None or not self.weights:
            return known
        generator = self.sections.generator

        def look(weights: np.ndarray) -> np.ndarray:
            latents = weights @ self.seed_latents(weights.shape[1])
            latents *= np.sqrt(latents.shape[1]) / np.linalg.norm(latents, axis=1, keepdims=True)
            return np.asarray(generator.features(generator.generate(latents)))

        # for each trial alone, so that what is known of one does not depend on the others
        self.seen += [look(w[None])[0] for w in self.weights[len(self.seen) :]]
        space = replace(known.space, look=look, num_candidates=generator.num_candidates)
        return replace(known, space=space, features=np.stack(self.seen))

    @cached_property
    def seen(self) -> list[np.ndarray]:
        return []

    def seed_latents(self, size: int) -> np.ndarray:
        latents = super().seed_latents(size)
        if self.examples is not None:
            latents[: len(self.examples)] = self.examples[:size]
        return latents


def _default(study: Study, sections: Sections) -> None:
    study.constraints = sections.constraints
    study.run(search.load("latent-gp"))


def _looking(study: Study, sections: Sections) -> None:
    study.sections = sections
    _default(study, sections)


def _penalised(cost: float) -> Callable[[Study, Sections], None]:
    def run(study: Study, sections: Sections) -> None:
        study.score = lambda direction: sections.penalised(direction, cost=cost)
        study.run(search.load("latent-gp"))

    return run


def _in_cube(name: str) -> Callable[[Study, Sections], None]:
    def run(study: Study, sections: Sections) -> None:
        study.constraints = sections.constraints
        if not study.within_span:
            study.num_given = study.num_seeds = 8  # prior draws, as a study would give it
        study.run(search.load(name))

    return run


def _prior_draws(study: Study, sections: Sections) -> None:
    if study.within_span:
        raise SystemExit("prior draws do not stay between examples")
    study.add(np.eye(study.budget))


METHODS: dict[str, Callable[[Study, Sections], None]] = {
    "latent-gp that looks": _looking,
    "latent-gp": _default,
    "latent-gp, penalty 4": _penalised(4.0),
    "latent-gp, penalty 40": _penalised(40.0),
    "tpe": _in_cube("tpe"),
    "cma-es": _in_cube("cma-es"),
    "random": _in_cube("random"),
    "prior draws": _prior_draws,
}


def run(task: str, method: str, repeat: int) -> dict[str, object]:
    """Spend the budget; what counts is the best score that meets both constraints."""
    sections = Sections(TASKS[task])
    dims = sections.generator.latent_shape[0]
    study = Study(
        sections.score,
        budget=BUDGET,
        num_given=0,
        num_latent_dims=dims,
        random_seed=repeat,
        within_span=TASKS[task].between,
    )
    if TASKS[task].between:
        found = [sections.generator.example(name) for name in EXAMPLES]
        latents = np.asarray(sections.generator.invert(np.stack(found)), dtype=np.float64)
        # of one norm, since the simulated study combines directions
        study.examples = latents / np.linalg.norm(latents, axis=1, keepdims=True)
        study.num_given = study.num_seeds = len(EXAMPLES)
    start = time.perf_counter()
    METHODS[method](study, sections)
    seconds = time.perf_counter() - start
    points = [w @ study.seed_latents(len(w)) for w in study.weights]
    points = [point / np.linalg.norm(point) for point in points]
    met = np.array([max(sections.constraints(point)) <= 0 for point in points])
    scores = np.where(met, [sections.score(point) for point in points], -np.inf)
    curve = np.maximum.accumulate(scores)
    return {
        "task": task,
        "method": method,
        "repeat": repeat,
        "best": float(curve[-1]),
        "feasible": float(met.mean()),
        "first": int(np.argmax(met)) + 1 if met.any() else "",
        "seconds": round(seconds, 1),
        "curve": " ".join(f"{value:.5g}" for value in curve),
    }


def report(rows: list[dict[str, str]], path: Path) -> None:
    """The table, for each task the methods by their median."""
    lines = ["# Searches under constraints", "", __doc__.splitlines()[0], ""]
    for task, facts in TASKS.items():
        where = "Between five examples" if facts.between else "Anywhere in the prior"
        lines += [
            f"{where}: score is lift over drag at a lift of 1, thickness at least "
            f"{facts.thickness} chords, moment at least {facts.moment}. {BUDGET} evaluations.",
            "",
            "| method | best, median | lowest | highest | at 50 | feasible | first | seconds |",
            "|---|---|---|---|---|---|---|---|",
        ]
        table = []
        for method in METHODS:
            found = [row for row in rows if row["task"] == task and row["method"] == method]
            if not found:
                continue
            best = np.array([float(row["best"]) for row in found])
            half = np.array([float(row["curve"].split()[BUDGET // 2 - 1]) for row in found])
            share = np.mean([float(row["feasible"]) for row in found])
            first = np.median([float(row["first"] or np.inf) for row in found])
            seconds = np.median([float(row["seconds"]) for row in found])
            middle = float(np.quantile(best, 0.5, method="lower"))
            cells = [
                f"{method} ({len(found)})",
                _told(middle),
                _told(best.min()),
                _told(best.max()),
                _told(float(np.quantile(half, 0.5, method="lower"))),
                f"{100 * share:.0f} %",
                f"{first:.0f}" if np.isfinite(first) else "none",
                f"{seconds:.1f}",
            ]
            table.append((middle, f"| {' | '.join(cells)} |"))
        lines += [line for _, line in sorted(table, reverse=True)] + [""]
    lines += [
        "Best: of the scores that meet both constraints. At 50: its median after 50 evaluations. "
        "First: the evaluation that met both first, median. Seconds: of 100 evaluations with "
        "everything. In brackets: repeats. A penalty k divides the score by 1 + k s for each "
        "relative shortfall s, and the search knows nothing of the constraints. Anywhere in the "
        "prior, cma-es, tpe and random move between eight prior draws, as in a study.",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")


def _told(value: float) -> str:
    return f"{value:.1f}" if np.isfinite(value) else "none"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--methods", nargs="*", default=list(METHODS))
    parser.add_argument("--report", action="store_true", help="run nothing")
    out = Path(__file__).parents[1] / "results" / "constraints"
    parser.add_argument("--out", type=Path, default=out)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / "runs.csv"
    rows = list(csv.DictReader(path.open())) if path.exists() else []
    done = {(row["task"], row["method"], row["repeat"]) for row in rows}
    for repeat in range(0 if arguments.report else arguments.repeats):
        for task in arguments.tasks.split(","):
            for method in arguments.methods:
                if (task, method, str(repeat)) in done:
                    continue
                if method == "prior draws" and TASKS[task].between:
                    continue
                row = {key: str(value) for key, value in run(task, method, repeat).items()}
                new = not path.exists()
                with path.open("a", newline="") as file:
                    writer = csv.DictWriter(file, FIELDS)
                    if new:
                        writer.writeheader()
                    writer.writerow(row)
                rows.append(row)
                print(repeat, task, method, row["best"], row["seconds"], flush=True)
    report(rows, arguments.out / "README.md")


if __name__ == "__main__":
    main()
