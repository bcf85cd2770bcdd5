"""A study as a table: for pandas, and as ``history.csv`` in the run folder."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from latent_spaces_by_example.plugins import missing_packages_named
from latent_spaces_by_example.study.asked_table import safe_cell
from latent_spaces_by_example.study.settings import Settings
from latent_spaces_by_example.study.trial import (
    Trial,
    constraint_names,
    violations_of,
    weights_table,
)


def dataframe_of(study: Any) -> Any:
    """Return every trial as a row of a ``pandas.DataFrame``; see :meth:`Study.to_dataframe`.

    Raises:
        MissingPackageError: pandas is not installed.
    """
    with missing_packages_named("a table", extra="pandas"):
        import pandas
    trials = study.trials
    columns = columns_of(trials, settings=study.settings)
    pictures = [study.artifacts and study.artifacts.picture(trial.number) for trial in trials]
    columns["picture"] = [picture and str(picture) for picture in pictures]
    index = pandas.Index([trial.number for trial in trials], name="trial")
    return pandas.DataFrame(columns, index=index)


def write_history(path: Path, trials: Sequence[Trial], *, settings: Settings) -> None:
    """Write every trial as a row of a CSV file."""
    numbers = [trial.number for trial in trials]
    columns = {"trial": numbers, **columns_of(trials, settings=settings)}
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        # names and texts are other people's, and a spreadsheet program runs what begins with "="
        writer.writerow(map(safe_cell, columns))
        for row in zip(*columns.values(), strict=True):
            writer.writerow(["" if value != value else safe_cell(value) for value in row])


def columns_of(trials: Sequence[Trial], *, settings: Settings) -> dict[str, Any]:
    """Return the columns by name: arrays of numbers, and lists of texts."""
    columns: dict[str, Any] = {
        "state": [trial.state for trial in trials],
        "score": _numbers([trial.score for trial in trials]),
    }
    if settings.noisy and not settings.score_names:
        columns["expected score"] = _numbers([trial.expected_score for trial in trials])
    for name in settings.score_names:
        columns[f"score {name}"] = _numbers([trial.scores.get(name) for trial in trials])
    names = constraint_names(trials) or []
    for name, column in zip(names, violations_of(trials).T, strict=True):
        columns[f"constraint {name}"] = column
    if names:
        columns["feasible"] = np.array([trial.feasible for trial in trials], dtype=bool)
    # a metric may well be called like a column of ours, or like a seed latent
    columns |= _by_key("metric", [trial.metrics for trial in trials])
    columns["seconds"] = _numbers([trial.seconds for trial in trials])
    columns["error"] = [trial.error for trial in trials]
    columns["warning"] = [trial.warning for trial in trials]
    columns["worker"] = [trial.worker for trial in trials]
    columns |= _by_key("latent", [trial.validity for trial in trials])
    columns["latent fault"] = [trial.invalid for trial in trials]
    for k, column in enumerate(weights_table(trials, settings.num_given).T):
        columns[_free(f"weight {settings.seed_name(k)}", columns)] = column
    return columns


def _numbers(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _by_key(kind: str, values: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    keys = dict.fromkeys(key for one in values for key in one)
    return {f"{kind} {key}": [one.get(key) for one in values] for key in keys}


def _free(name: str, taken: dict[str, Any]) -> str:
    number, free = 2, name
    while free in taken:  # two examples may have one name
        free, number = f"{name} ({number})", number + 1
    return free
