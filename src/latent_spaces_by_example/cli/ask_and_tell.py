"""``lsbe ask`` and ``lsbe tell``: outputs as files, and a table of their scores to fill in."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from latent_spaces_by_example.cli.console import say
from latent_spaces_by_example.cli.hints import again
from latent_spaces_by_example.cli.hints import command as hint
from latent_spaces_by_example.cli.options import Place, count_option, study_options
from latent_spaces_by_example.cli.writing import folder_named, write_output

if TYPE_CHECKING:
    from latent_spaces_by_example.study import Study, Trial
    from latent_spaces_by_example.study.asked_table import Result

_ASKED = "asked"  # the folder and the table in it


@click.command()
@study_options(folder_required=False)
@count_option("-n", "--num", default=1, help="How many.")
@click.option("--search", help="Another for these; needed again if it is module:name.")
@click.option("--to", "target", help="The folder to write to; by default asked/ in the run folder.")
def ask(place: Place, *, num: int, search: str | None, target: str | None) -> None:
    """Ask for outputs to score, and write them with a table for their scores.

    Each output is written in its field's format and as a picture. Fill the table in, with any
    spreadsheet program, and give it to lsbe tell.

    \b
    lsbe ask runs/wing --num 8
    lsbe tell runs/wing runs/wing/asked/asked.csv
    """
    study = place.study(needs_generator=True)
    folder = folder_named(target or str(Path(place.folder or "", _ASKED)), option="--to")
    if search is not None:
        study.use_search(search)
    trials = study.ask(num)
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        t.number: write_output(
            study.generator, t.output, number=t.number, to=folder / f"trial-{t.number:05d}"
        )
        for t in trials
    }
    path = _write_table(study, files, folder)
    for trial in trials:
        say(f"trial {trial.number}: {folder / files[trial.number]}")
    say(f"fill in {path}, then: {hint('tell', place, str(path))}")


@click.command()
@study_options(generator=False)
@click.argument("table")
@click.option("--replace", is_flag=True, help="Correct results that were told already.")
def tell(place: Place, *, table: str, replace: bool) -> None:
    """Store the results in TABLE, which lsbe ask wrote and you have filled in.

    Rows left empty are told another time. A result that the study has already is taken again
    without a word; a different one needs --replace, which keeps the earlier one beside it.

    \b
    lsbe tell runs/wing runs/wing/asked/asked.csv
    """
    from latent_spaces_by_example.study.asked_table import read_results
    from latent_spaces_by_example.study.trial import constraint_names

    study = place.study()
    trials = {trial.number: trial for trial in study.records.trials()}
    settings = study.settings
    filled_in = read_results(
        Path(table).expanduser(),
        study_id=settings.study_id,
        score_names=settings.score_names,
        constraint_names=constraint_names(list(trials.values())) or (),
    )
    empty = [row for row in filled_in.results if row.left_empty]
    filled = [row for row in filled_in.results if not row.left_empty]
    _check_known(filled, trials, study, table=table)
    same = [row for row in filled if _is_same(row, trials[row.trial])]
    other = [row for row in filled if row not in same and not trials[row.trial].pending]
    if other and not replace:
        numbers = ", ".join(str(row.trial) for row in other)
        raise click.UsageError(
            f"{table} has other results for trials {numbers} than were told before; nothing was "
            f"stored. To correct them: {again('--replace')}"
        )
    if filled_in.ignored_columns:
        say(f"columns that were not asked for are ignored: {', '.join(filled_in.ignored_columns)}")
    new = [row for row in filled if row not in same]
    for row in new:
        study.tell(row.trial, row.value, error=row.error, replace=row in other)
    failures, corrections = sum(row.error is not None for row in new), len(other)
    of = [f"{failures} of them failures"] if failures else []
    of += [f"{corrections} of them corrections"] if corrections else []
    _say_rows(f"stored: {len(new)}" + (f" ({', '.join(of)})" if of else ""), new)
    _say_rows(f"told already, with the same values: {len(same)}", same)
    _say_rows(f"left empty: {len(empty)}", empty)
    if study.folder is not None:
        study.folder.save_history(study.records.trials(), settings=study.settings)
    say(f"ask for more: {hint('ask', place, '--num', str(max(1, len(new))), settings=settings)}")
    say(f"look at them: {hint('top', place)}")


def _write_table(study: Study, files: dict[int, str], folder: Path) -> Path:
    from latent_spaces_by_example.study.asked_table import write_asked
    from latent_spaces_by_example.study.trial import constraint_names

    trials = study.records.trials()
    # never over one that may be filled in
    names = itertools.chain([f"{_ASKED}.csv"], (f"{_ASKED}-{n}.csv" for n in itertools.count(2)))
    path = next(folder / name for name in names if not (folder / name).exists())
    write_asked(
        path,
        study_id=study.settings.study_id,
        rows=list(files.items()),
        score_names=study.settings.score_names,
        constraint_names=constraint_names(trials) or (),
        metric_names=list(dict.fromkeys(name for trial in trials for name in trial.metrics)),
    )
    return path


def _check_known(
    rows: Sequence[Result], trials: dict[int, Trial], study: Study, *, table: str
) -> None:
    for row in rows:
        trial = trials.get(row.trial)
        if trial is None or (trial.pending and trial.asked_by != "user"):
            what = "is being evaluated by a run" if trial else "is not there"
            raise click.UsageError(
                f"{table}: trial {row.trial} {what}; study {study.name!r} has {len(trials)} "
                "trials, numbered from 0. Nothing was stored"
            )


def _is_same(row: Result, trial: Trial) -> bool:
    if row.value is None:
        return trial.error == row.error
    scores: Mapping[str, Any] = trial.scores or {"score": trial.score}
    known = {**trial.metrics, **scores, "constraints": dict(trial.constraints)}
    return all(known.get(name) == value for name, value in row.value.items())


def _say_rows(what: str, rows: Sequence[Result]) -> None:
    if rows:
        say(f"{what} (trials {', '.join(str(row.trial) for row in rows)})")
