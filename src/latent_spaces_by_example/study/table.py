"""A study as a table of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from latent_spaces_by_example.errors import MissingPackageError
from latent_spaces_by_example.study.feasibility import constraint_names, violations_of
from latent_spaces_by_example.study.several_scores import objectives_of
from latent_spaces_by_example.study.trial import Trial

if TYPE_CHECKING:
    from latent_spaces_by_example.study.study import Study


def dataframe_of(study: Study) -> Any:
    """Every trial as a row of a ``pandas.DataFrame``; :meth:`Study.to_dataframe` has the columns.

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


def columns_of(study: Study, trials: list[Trial]) -> dict[str, Any]:
    """The columns by name: arrays of numbers, and lists where there are texts."""
    columns: dict[str, Any] = {
        "state": [state_of(trial) for trial in trials],
        "score": np.array([np.nan if t.score is None else t.score for t in trials], dtype=float),
    }
    if study.settings.noisy and not study.settings.score_names:
        columns["expected score"] = np.array(
            [np.nan if t.expected_score is None else t.expected_score for t in trials], dtype=float
        )
    for name in study.settings.score_names:
        columns[f"score {name}"] = objectives_of(trials, [name])[:, 0]
    names = constraint_names(trials) or []
    for name, column in zip(names, violations_of(trials).T, strict=True):
        columns[f"constraint {name}"] = column
    if names:
        columns["feasible"] = np.array([trial.feasible for trial in trials], dtype=bool)
    for name in dict.fromkeys(name for trial in trials for name in trial.figures):
        # a figure may well be called as a column of ours, or as a seed latent
        columns[f"figure {name}"] = [trial.figures.get(name) for trial in trials]
    seconds = [np.nan if t.seconds is None else t.seconds for t in trials]
    columns["seconds"] = np.array(seconds, dtype=float)
    columns["error"] = [trial.error for trial in trials]
    columns["warning"] = [trial.warning for trial in trials]
    columns["worker"] = [trial.worker for trial in trials]
    columns["picture"] = [_picture(study, trial.number) for trial in trials]
    width = max([study.seeds.num_given, *(len(trial.weights) for trial in trials)])
    weights = np.zeros((len(trials), width))
    for row, trial in zip(weights, trials, strict=True):
        row[: len(trial.weights)] = trial.weights
    for index, column in enumerate(weights.T):
        columns[_free(f"weight {study.seeds.name(index)}", columns)] = column
    return columns


def state_of(trial: Trial) -> str:
    """What has become of a trial: "finished", "failed" or "pending"."""
    if trial.pending:
        return "pending"
    return "failed" if trial.score is None else "finished"


def _picture(study: Study, number: int) -> str | None:
    path = None if study.artifacts is None else study.artifacts.picture(number)
    return None if path is None else str(path)


def _free(name: str, taken: dict[str, Any]) -> str:
    number, free = 2, name
    while free in taken:  # two examples may have one name
        free, number = f"{name} ({number})", number + 1
    return free
