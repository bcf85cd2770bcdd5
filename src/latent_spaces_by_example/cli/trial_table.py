"""Trials as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from latent_spaces_by_example.cli.console import Column, number
from latent_spaces_by_example.study import Trial

# of metrics that this library's own objectives give
_UNITS = {"alpha": "°"}
_MET = "met"
_LABELS = 2  # columns before the scores


def trial_columns(trials: Sequence[Trial], *, labels: Mapping[int, str]) -> list[Column]:
    """Return the columns of a table with a row for each trial.

    Args:
        trials: with a score each.
        labels: what a trial is called beside its number, by number.
    """
    columns = [
        Column("trial", [str(trial.number) for trial in trials], always=True),
        Column("", [labels.get(trial.number, "") for trial in trials], always=True),
    ]
    for name in _names(trial.scores for trial in trials):
        cells = [number(trial.scores.get(name)) for trial in trials]
        columns.append(Column(name, cells, always=True))
    if len(columns) == _LABELS:
        columns.append(Column("score", [number(trial.score) for trial in trials], always=True))
    columns.append(Column("expected", [number(trial.expected_score) for trial in trials]))
    for name in _names(trial.constraints for trial in trials):
        cells = [_constraint(trial.constraints.get(name)) for trial in trials]
        if not set(cells) <= {"", _MET}:  # where all is well the room is for metrics
            columns.append(Column(f"constraint {name}", cells))
    for name in _names(trial.metrics for trial in trials):
        cells = [number(trial.metrics.get(name)) for trial in trials]
        if all(cells != column.cells for column in columns):  # a score without penalties, say
            unit = _UNITS.get(name, "")
            columns.append(Column(name, [cell and cell + unit for cell in cells]))
    return columns


def _names(values: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for one in values for name in one))


def _constraint(value: float | None) -> str:
    if value is None:
        return ""
    return _MET if value <= 0 else f"{number(value)} over"
