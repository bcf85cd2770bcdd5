"""What it brings to name the floors of lift-to-drag as constraints, in studies as a user has them.

    python benchmarks/constraints/floors.py --jobs 2 --repeats 20

The same study twice, ``floors=penalties`` and ``floors=constraints``, from the same random seed, so
that both begin with the same prior draws. Writes ``floors.md``.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import argparse  # noqa: E402
import platform  # noqa: E402
from concurrent.futures import ProcessPoolExecutor  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

import latent_spaces_by_example as lsbe  # noqa: E402
from latent_spaces_by_example import objectives  # noqa: E402

BUDGETS = (20, 50, 100)
CONDITIONS = {"cl 1, Re 1e6": "cl=1.0,reynolds=1e6", "cl 0.6, Re 3e5": "cl=0.6,reynolds=3e5"}
EXAMPLES = ["naca2412", "s1223", "rae2822"]  # of the README
SPACES: dict[str, list[str] | None] = {"anywhere": None, "between three examples": EXAMPLES}
FLOORS = ("penalties", "constraints")


def best_scores(condition: str, space: str, floors: str, repeat: int) -> list[float]:
    """The best score at each budget; with constraints, of what meets them all."""
    study = lsbe.optimise(
        lsbe.generators.load("airfoil"),
        objectives.load(f"lift-to-drag:{CONDITIONS[condition]},floors={floors}"),
        budget=max(BUDGETS),
        examples=SPACES[space],
        random_seed=repeat,
    )
    scores = [trial.score if trial.feasible else -np.inf for trial in study.trials]
    return [float(np.max(scores[:budget])) for budget in BUDGETS]


def main() -> None:
    """Run all studies, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/constraints"))
    options = parser.parse_args()
    cells = [(condition, space) for condition in CONDITIONS for space in SPACES]
    with ProcessPoolExecutor(options.jobs) as pool:
        running = {
            (*cell, floors): [
                pool.submit(best_scores, *cell, floors, repeat) for repeat in range(options.repeats)
            ]
            for cell in cells
            for floors in FLOORS
        }
        best = {key: np.array([run.result() for run in runs]) for key, runs in running.items()}
    lines = [
        f"{__doc__.splitlines()[0]} {options.repeats} repeats: medians of the best score, and the "
        "mean difference that constraints make, with its standard error. Python "
        f"{platform.python_version()}, numpy {np.__version__}; {platform.machine()}.",
        "",
        "| condition | space | evaluations | penalties | constraints | difference |",
        "|---|---|---|---|---|---|",
    ]
    for cell in cells:
        penalties, constraints = (best[(*cell, floors)] for floors in FLOORS)
        gain = constraints - penalties
        error = gain.std(axis=0, ddof=1) / len(gain) ** 0.5
        for column, budget in enumerate(BUDGETS):
            medians = (float(np.median(found[:, column])) for found in (penalties, constraints))
            lines.append(
                f"| {' | '.join(cell)} | {budget} | "
                + " | ".join(f"{median:.4g}" for median in medians)
                + f" | {gain[:, column].mean():+.1f} ± {error[column]:.1f} |"
            )
    text = "\n".join(lines) + "\n"
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "floors.md").write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
