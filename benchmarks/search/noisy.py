"""Of noisy scores: is the trial of which most is expected better than the one that scored best?

    python benchmarks/search/noisy.py --jobs 2

Tasks without noise are given some, of half the spread of the scores of prior draws; and none, where
there is something to lose. Of three searches the trial that scored best is compared with the one
that ``study.top(1, expected=True)`` names. Writes ``noisy.md``.
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
METHODS = ("default", "hill-climb", "cma-es-on-u")
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


def gains(cell: Cell) -> np.ndarray:
    """At each budget, by how many spreads the trial expected best is better than the best scored.

    Scores without noise are compared, shape (len(BUDGETS),).
    """
    task = tasks.load(cell.task)
    spread = spread_of(task)
    box = Recorder(replace(task, noise=cell.noise * spread), cell.repeat, BUDGETS[-1])
    methods.spend(methods.METHODS[cell.method], box)
    gained = []
    for budget in BUDGETS:
        history = history_of(box, budget)
        chosen = int(np.nanargmax(expected_scores(history)))
        best = int(np.nanargmax(history.scores))
        gained.append((box.true[chosen] - box.true[best]) / spread)
    return np.array(gained)


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


def rows(noise: float, found: dict[Cell, np.ndarray], repeats: range) -> list[str]:
    """The table of one noise."""
    lines = [
        "| task | " + " | ".join(f"{m}, {b}" for m in METHODS for b in BUDGETS) + " |",
        "|---" * (1 + len(METHODS) * len(BUDGETS)) + "|",
    ]
    table = np.array(
        [[[found[Cell(t, noise, m, r)] for r in repeats] for m in METHODS] for t in TASKS]
    )
    for name, of_task in zip((*TASKS, "all"), (*table, table.mean(axis=0)), strict=True):
        mean, error = of_task.mean(axis=1), of_task.std(axis=1, ddof=1) / len(repeats) ** 0.5
        cells = [f"{m:+.2f} ± {e:.2f}" for m, e in zip(mean.ravel(), error.ravel(), strict=True)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=16)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    out = Path(__file__).parents[1] / "results" / "search" / "noisy.md"
    parser.add_argument("--out", type=Path, default=out)
    arguments = parser.parse_args()
    repeats = range(arguments.repeats)
    cells = [Cell(*values) for values in product(TASKS, NOISES, METHODS, repeats)]
    with ProcessPoolExecutor(arguments.jobs) as pool:
        found = dict(zip(cells, pool.map(gains, cells, chunksize=4), strict=True))
    lines = [
        "By how much the trial of which most is expected is better than the one that scored best, "
        "both without noise, in spreads of the scores of prior draws: mean and standard error of "
        f"{arguments.repeats} repeats, after {', '.join(map(str, BUDGETS))} evaluations. "
        f"Python {platform.python_version()}, numpy {np.__version__}; {platform.machine()}.",
    ]
    for noise in NOISES:
        title = f"with noise of {noise:g} spreads" if noise else "exact"
        lines += ["", f"## Scores {title}", "", *rows(noise, found, repeats)]
    arguments.out.write_text("\n".join(lines) + "\n")
    print(arguments.out.read_text())


if __name__ == "__main__":
    main()
