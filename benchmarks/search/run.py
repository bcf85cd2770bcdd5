"""Compare searches: methods x tasks x budgets x repeats, resumable, over several processes.

    python benchmarks/search/run.py --jobs 2 --repeats 20
    python benchmarks/search/run.py --report            # only the table and pictures again

Every run is one line of ``runs.csv`` in the output folder, written when it ends; those that
are there already are not run again.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # one core to a process

import argparse  # noqa: E402
import csv  # noqa: E402
import time  # noqa: E402
from concurrent.futures import ProcessPoolExecutor, as_completed  # noqa: E402
from dataclasses import asdict  # noqa: E402
from functools import lru_cache  # noqa: E402
from pathlib import Path  # noqa: E402

import methods  # noqa: E402
import tasks  # noqa: E402
from black_box import BlackBox  # noqa: E402
from runs import BUDGETS, FIELDS, Cell, missing, packed  # noqa: E402

import report  # noqa: E402


@lru_cache(maxsize=1)
def _task(name: str) -> tasks.Task:
    return tasks.load(name)


def run(cell: Cell) -> dict[str, object]:
    """Spend one budget; the curve is the best score after each evaluation."""
    box = BlackBox(_task(cell.task), cell.repeat, cell.budget)
    start = time.perf_counter()
    methods.spend(methods.METHODS[cell.method], box)
    curve = box.curve()
    return asdict(cell) | {
        "score": float(curve[-1]),
        "seconds": round(time.perf_counter() - start, 2),
        "curve": packed(curve),
    }


def main() -> None:
    arguments = _arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / "runs.csv"
    failed = [] if arguments.report else _run_missing(arguments, path)
    report.write(path, arguments.out)
    if failed:
        raise SystemExit(f"{len(failed)} runs failed: {failed}")


def _run_missing(arguments: argparse.Namespace, path: Path) -> list[Cell]:
    """Make the runs that are missing; one that fails is named, and the others go on."""
    cells = missing(
        path,
        [
            Cell(task, method, budget, repeat)
            for repeat in range(arguments.repeats)
            for task in arguments.tasks
            for budget in arguments.budgets
            for method in arguments.methods
        ],
    )
    new = not path.exists()
    with path.open("a", newline="") as file, ProcessPoolExecutor(arguments.jobs) as pool:
        writer = csv.DictWriter(file, FIELDS)
        if new:
            writer.writeheader()
        futures = {pool.submit(run, cell): cell for cell in cells}
        failed = []
        for count, future in enumerate(as_completed(futures), start=1):
            if error := future.exception():
                failed.append(futures[future])
                print(f"{count}/{len(cells)} {futures[future]} failed: {error!r}", flush=True)
                continue
            row = future.result()
            writer.writerow(row)
            file.flush()
            print(
                f"{count}/{len(cells)} {row['task']} {row['method']} {row['budget']} "
                f"{row['score']:.4g} ({row['seconds']} s)",
                flush=True,
            )
    return failed


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = list(methods.METHODS)
    parser.add_argument("--tasks", type=_names(tasks.names()), default=tasks.names())
    parser.add_argument("--methods", type=_names(names), default=names)
    parser.add_argument(
        "--budgets", type=lambda text: [int(n) for n in text.split(",")], default=list(BUDGETS)
    )
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[1] / "results" / "search"
    )
    parser.add_argument("--report", action="store_true", help="run nothing")
    return parser.parse_args()


def _names(known: list[str]):
    def parse(text: str) -> list[str]:
        wanted = text.split(",")
        unknown = sorted(set(wanted) - set(known))
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown}: not among {', '.join(known)}")
        return wanted

    return parse


if __name__ == "__main__":
    main()
