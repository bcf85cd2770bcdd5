"""The runs that have been made: a line each in ``runs.csv``, with the curve of the best score."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BUDGETS = (20, 50, 100, 200, 500)
FIELDS = ("task", "method", "budget", "repeat", "score", "seconds", "curve")

# These do the same whatever the budget is, so that a run of 500 evaluations holds one of 50.
ANYTIME = frozenset(
    {
        "default",
        "default-looking",
        "default-batch-8",
        "default-8-workers",
        "default-noise-unsaid",
        "best-of-n",
        "hill-climb",
        "elliptical-slice",
        "cma-es-on-z",
        "vanilla-bo-on-z",
        "linear-on-z",
        "turbo-on-z",
        "cowboys",
        "forest",
    }
)

# On a task whose examples bound the space, these would search another one.
LEAVE_THE_SPAN = ANYTIME - {
    "default",
    "default-looking",
    "default-batch-8",
    "default-8-workers",
}
BETWEEN_EXAMPLES = frozenset({"airfoil-examples"})

# Where there is no noise, not to say so is no other method.
NOISE_UNSAID = "default-noise-unsaid"
NOISY = frozenset({"noisy-trend-4096"})

# Where there is no output to look at, there are no methods that do.
LOOKING = frozenset({"default-looking", "cowboys", "forest"})
HAVE_FEATURES = frozenset({"airfoil", "digits", "microstructure"})


@dataclass(frozen=True)
class Cell:
    """One run."""

    task: str
    method: str
    budget: int
    repeat: int


def is_fair(cell: Cell) -> bool:
    """Whether a method searches the space that the task asks about, and is one of its own there."""
    if cell.method == NOISE_UNSAID and cell.task not in NOISY:
        return False
    if cell.method in LOOKING and cell.task.partition("-")[0] not in HAVE_FEATURES:
        return False
    return not (cell.task in BETWEEN_EXAMPLES and cell.method in LEAVE_THE_SPAN)


def read(path: Path) -> dict[Cell, np.ndarray]:
    """Best score so far after each evaluation, by run; with the shorter runs that one holds."""
    if not path.exists():
        return {}
    csv.field_size_limit(2**30)
    runs: dict[Cell, np.ndarray] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            longest, repeat = int(row["budget"]), int(row["repeat"])
            curve = unpacked(row["curve"], longest)
            anytime = row["method"] in ANYTIME
            for budget in (b for b in BUDGETS if b <= longest) if anytime else (longest,):
                runs[Cell(row["task"], row["method"], budget, repeat)] = curve[:budget]
    return runs


def packed(curve: np.ndarray) -> str:
    """A curve as ``evaluation:value`` for each evaluation, counted from 1, that changes it."""
    changes = np.flatnonzero(np.diff(curve, prepend=np.nan) != 0)
    return " ".join(f"{index + 1}:{curve[index]:.6g}" for index in changes)


def unpacked(text: str, length: int) -> np.ndarray:
    """The curve after each of so many evaluations."""
    steps = [entry.split(":") for entry in text.split()]
    begins = [int(evaluation) - 1 for evaluation, _ in steps]
    return np.repeat([float(value) for _, value in steps], np.diff([*begins, length]))


def missing(path: Path, wanted: list[Cell]) -> list[Cell]:
    """Those of ``wanted`` that are neither there nor held by one that is wanted as well."""
    done = read(path)
    left = [cell for cell in wanted if cell not in done and is_fair(cell)]
    longest: dict[tuple[str, str, int], int] = {}
    for cell in left:
        key = (cell.task, cell.method, cell.repeat)
        longest[key] = max(longest.get(key, 0), cell.budget)
    return [
        cell
        for cell in left
        if cell.method not in ANYTIME or cell.budget == longest[cell.task, cell.method, cell.repeat]
    ]
