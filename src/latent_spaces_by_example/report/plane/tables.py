"""The plane and the searches of it as tables, for any other program."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping

from latent_spaces_by_example.report.plane.evaluation import Plane
from latent_spaces_by_example.study import Study


def save_histories(
    plane: Plane, studies: Mapping[str, Study], path: str | os.PathLike[str]
) -> None:
    """Write a CSV with one line a trial: search, number, u, weights, score, seconds, error.

    Raises:
        ArgumentError: a study has left the plane.
    """
    weights = [f"weight {name}" for name in plane.seed_names]
    rows: list[list[object]] = [
        ["search", "trial", "u_1", "u_2", *weights, "score", "seconds", "error"]
    ]
    for name, study in studies.items():
        for trial, u in zip(study.trials, plane.path(study).tolist(), strict=True):
            result = [trial.score, trial.seconds, trial.error]
            rows.append([name, trial.number, *u, *trial.weights[:3].tolist(), *result])
    _write(rows, path)


def save_grid(plane: Plane, path: str | os.PathLike[str]) -> None:
    """Write a CSV with one line a point of the grid: u and score."""
    rows: list[list[object]] = [["u_1", "u_2", "score"]]
    for i, u_2 in enumerate(plane.side.tolist()):
        rows += [[u_1, u_2, plane.scores[i, j]] for j, u_1 in enumerate(plane.side.tolist())]
    _write(rows, path)


def _write(rows: list[list[object]], path: str | os.PathLike[str]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
