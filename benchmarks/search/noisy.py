"""Of noisy scores: what is gained by saying so, and by taking the trial of which most is expected.

    python benchmarks/search/noisy.py --jobs 2

Tasks without noise are given some, of half the spread of the scores of prior draws; and none, where
there is something to lose. The default search is told of noise, and not, and two others run beside
it. Of each the trial that scored best is compared with the one of which most is expected, which is
the best trial of a study that says ``noisy``. Writes ``noisy.md``.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import argparse  # noqa: E402
import platform  # noqa: E402
from concurrent.futures import ProcessPoolExecutor  # noqa: E402
from dataclasses import dataclass, replace  # noqa: E402
from itertools import product  # noqa: E402
from pathlib import Path  # noqa: E402

import methods  # noqa: E402
import numpy as np  # noqa: E402
import tasks  # noqa: E402
from black_box import BlackBox, Recorder, on_shell  # noqa: E402

from latent_spaces_by_example.search import History, SearchSpace  # noqa: E402
from latent_spaces_by_example.search.latent_gp import expected_scores  # noqa: E402

TASKS = (
    "trend-64",
    "trend-4096",
    "bowl-64",
    "rugged-64",
    "rugged-4096",
    "network-64",
    "network-4096",
    "peak-4096",
    "worst-of-8-4096",
    "digits",
    "airfoil",
    "airfoil-slow",
)
SAID, UNSAID = "default", "default-noise-unsaid"
METHODS = (SAID, UNSAID, "hill-climb", "cma-es-on-u")
BUDGETS = (20, 50, 100)
NOISES = (0.5, 0.0)  # in spreads of the scores of prior draws
_NUM_DRAWS = 100


@dataclass(frozen=True)
class Cell:
    """One run."""

    task: str
    noise: float
    method: str
    repeat: int


def outcome(cell: Cell) -> np.ndarray:
    """At each budget of the trial that scored best, and of that expected best: told, and true.

    Told is the score, or what is expected; true the score without noise. In spreads of the scores
    of prior draws, shape (len(BUDGETS), 2, 2).
    """
    task = tasks.load(cell.task)
    spread = spread_of(task)
    box = Recorder(replace(task, noise=cell.noise * spread), cell.repeat, BUDGETS[-1])
    methods.spend(methods.METHODS[cell.method], box)
    found = []
    for budget in BUDGETS:
        history = history_of(box, budget)
        expected = expected_scores(history)
        best, chosen = int(np.nanargmax(history.scores)), int(np.nanargmax(expected))
        found.append([[history.scores[best], box.true[best]], [expected[chosen], box.true[chosen]]])
    return np.array(found) / spread


def spread_of(task: tasks.Task) -> float:
    """Of the scores of prior draws, a standard deviation where they are Gaussian."""
    box = BlackBox(task, 0, _NUM_DRAWS)
    scores = np.array([task.score(on_shell(box.draw(index))) for index in range(_NUM_DRAWS)])
    return float(1.4826 * np.nanmedian(np.abs(scores - np.nanmedian(scores))))


def history_of(box: Recorder, until: int) -> History:
    """The first trials as a study has them, each latent a seed latent of its own."""
    latents = np.stack(box.latents[:until])
    units = latents / np.linalg.norm(latents, axis=1, keepdims=True)
    scores = np.array(box.observed[:until])
    finished = np.isfinite(scores)
    space = SearchSpace(
        correlation=units @ units.T,
        num_given=0,
        num_latent_dims=box.dims,
        within_span=False,
        draw=lambda m: np.eye(until + m),
    )
    return History(
        space=space,
        weights=np.eye(until),
        scores=np.where(finished, scores, np.nan),
        finished=finished,
        failed=~finished,
    )


def table(columns: dict[str, np.ndarray]) -> list[str]:
    """Mean and standard error over the repeats, of each task and of all.

    Args:
        columns: by name, shape (tasks, repeats, len(BUDGETS)).
    """
    lines = [
        "| task | " + " | ".join(f"{name}, {b}" for name in columns for b in BUDGETS) + " |",
        "|---" * (1 + len(columns) * len(BUDGETS)) + "|",
    ]
    values = np.concatenate(list(columns.values()), axis=2)
    for name, of_task in zip((*TASKS, "all"), (*values, values.mean(axis=0)), strict=True):
        mean, error = of_task.mean(axis=0), of_task.std(axis=0, ddof=1) / len(of_task) ** 0.5
        cells = [f"{m:+.2f} ± {e:.2f}" for m, e in zip(mean, error, strict=True)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def sections(found: dict[Cell, np.ndarray], repeats: range) -> list[str]:
    """The tables, from what each cell came to."""

    def of(method: str, noise: float) -> np.ndarray:
        return np.array([[found[Cell(t, noise, method, r)] for r in repeats] for t in TASKS])

    noisy = NOISES[0]
    said, unsaid = of(SAID, noisy), of(UNSAID, noisy)
    lines = [
        "",
        f"## To say that scores are noisy, with noise of {noisy:g} spreads",
        "",
        "The default search that is told of noise against the one that is not: the trials that "
        "scored best, those expected best, and the expected one against the best scored of a study "
        "that says nothing.",
        "",
        *table(
            {
                "best scored": (said - unsaid)[..., 0, 1],
                "expected best": (said - unsaid)[..., 1, 1],
                "both": said[..., 1, 1] - unsaid[..., 0, 1],
            }
        ),
    ]
    for noise in NOISES:
        title = f"with noise of {noise:g} spreads" if noise else "exact"
        # where there is no noise nothing is said of it
        compared = METHODS if noise else [method for method in METHODS if method != UNSAID]
        gained = {m: of(m, noise)[..., 1, 1] - of(m, noise)[..., 0, 1] for m in compared}
        lines += [
            "",
            f"## The trial expected best in place of the best scored, scores {title}",
            "",
            *table(gained),
        ]
    lines += [
        "",
        f"## How much too high it is told, with noise of {noisy:g} spreads",
        "",
        "Of the default search that is told of noise: the best score less what it is without, and "
        "the same of what is expected of the trial expected best.",
        "",
        *table(
            {
                "best score": said[..., 0, 0] - said[..., 0, 1],
                "expected": said[..., 1, 0] - said[..., 1, 1],
            }
        ),
    ]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=16)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    out = Path(__file__).parents[1] / "results" / "search" / "noisy.md"
    parser.add_argument("--out", type=Path, default=out)
    arguments = parser.parse_args()
    repeats = range(arguments.repeats)
    cells = [
        Cell(*values)
        for values in product(TASKS, NOISES, METHODS, repeats)
        if values[1:3] != (NOISES[-1], UNSAID)
    ]
    with ProcessPoolExecutor(arguments.jobs) as pool:
        found = dict(zip(cells, pool.map(outcome, cells, chunksize=4), strict=True))
    lines = [
        "Scores without noise compared, in spreads of the scores of prior draws: mean and standard "
        f"error of {arguments.repeats} repeats, after {', '.join(map(str, BUDGETS))} evaluations. "
        f"Python {platform.python_version()}, numpy {np.__version__}; {platform.machine()}.",
        *sections(found, repeats),
    ]
    arguments.out.write_text("\n".join(lines) + "\n")
    print(arguments.out.read_text())


if __name__ == "__main__":
    main()
