"""A study as a table of pandas."""

from __future__ import annotations

from typing import Any

import numpy as np

from latent_spaces_by_example.errors import MissingPackageError
from latent_spaces_by_example.study.trial import Trial, constraint_names, violations_of


def dataframe_of(study: Any) -> Any:
    """Return every trial as a row of a ``pandas.DataFrame``; see :meth:`Study.to_dataframe`.

    Raises:
        MissingPackageError: pandas is not installed.
    """
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            "a table needs pandas; install it with: pip install 'latent-spaces-by-example[pandas]'"
        ) from error
    trials = study.trials
    index = pandas.Index([trial.number for trial in trials], name="trial")
    return pandas.DataFrame(columns_of(study, trials), index=index)


def columns_of(study: Any, trials: list[Trial]) -> dict[str, Any]:
    """Return the columns by name: arrays of numbers, and lists of texts."""
    columns: dict[str, Any] = {
        "state": [trial.state for trial in trials],
        "score": np.array([np.nan if t.score is None else t.score for t in trials], dtype=float),
    }
    if study.settings.noisy and not study.settings.score_names:
        columns["expected score"] = np.array(
            [np.nan if t.expected_score is None else t.expected_score for t in trials], dtype=float
        )
    for name in study.settings.score_names:
        values = [np.nan if t.score is None else t.scores[name] for t in trials]
        columns[f"score {name}"] = np.array(values, dtype=float)
    names = constraint_names(trials) or []
    for name, column in zip(names, violations_of(trials).T, strict=True):
        columns[f"constraint {name}"] = column
    if names:
        columns["feasible"] = np.array([trial.feasible for trial in trials], dtype=bool)
    for name in dict.fromkeys(name for trial in trials for name in trial.metrics):
        # a metric may well be called like a column of ours, or like a seed latent
        columns[f"metric {name}"] = [trial.metrics.get(name) for trial in trials]
    seconds = [np.nan if t.seconds is None else t.seconds for t in trials]
    columns["seconds"] = np.array(seconds, dtype=float)
    columns["error"] = [trial.error for trial in trials]
    columns["warning"] = [trial.warning for trial in trials]
    columns["worker"] = [trial.worker for trial in trials]
    columns["picture"] = [_picture(study, trial.number) for trial in trials]
    for name, column in zip(study.seed_names, study.weights.T, strict=True):
        columns[_free(f"weight {name}", columns)] = column
    return columns


def _picture(study: Any, number: int) -> str | None:
    path = None if study.artifacts is None else study.artifacts.picture(number)
    return None if path is None else str(path)


def _free(name: str, taken: dict[str, Any]) -> str:
    number, free = 2, name
    while free in taken:  # two examples may have one name
        free, number = f"{name} ({number})", number + 1
    return free
