"""Trials as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from latent_spaces_by_example.cli.console import Column, number
from latent_spaces_by_example.study import Trial

# of metrics that this library's own objectives give
_UNITS = {"alpha": "°"}


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
    names = list(dict.fromkeys(name for trial in trials for name in trial.scores))
    if names:
        columns += [
            Column(name, [number(t.scores.get(name)) for t in trials], always=True)
            for name in names
        ]
    else:
        columns.append(Column("score", [number(t.score) for t in trials], always=True))
    columns.append(Column("expected", [number(t.expected_score) for t in trials]))
    for name in dict.fromkeys(name for trial in trials for name in trial.constraints):
        # hidden, as every column of equal cells, if all trials meet it
        cells = [_constraint(trial.constraints.get(name)) for trial in trials]
        columns.append(Column(f"constraint {name}", cells))
    for name in dict.fromkeys(name for trial in trials for name in trial.metrics):
        unit = _UNITS.get(name, "")
        cells = [_with_unit(number(trial.metrics.get(name)), unit) for trial in trials]
        if all(cells != column.cells for column in columns):  # a score without penalties, say
            columns.append(Column(name, cells))
    return columns


def _constraint(value: float | None) -> str:
    if value is None:
        return ""
    return "met" if value <= 0 else f"{number(value)} over"


def _with_unit(cell: str, unit: str) -> str:
    return cell + unit if cell else cell
