"""What a run looks like in a terminal: the progress bar, the table, where things are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.report import write_report
from latent_spaces_by_example.search.base import Search
from latent_spaces_by_example.study import Study, Trial
from latent_spaces_by_example.study.candidate_check import validity_summary
from latent_spaces_by_example.study.feasibility import feasibility_said


def run_and_show(
    study: Study, objective: Any, *, search: Search, budget: int, crew: Any = None
) -> None:
    """Run the study with a progress bar, then show the result and write the run folder.

    Ctrl-C stops between evaluations or within one: what is finished is stored either way. With
    ``crew``, a task and a number of processes, these run it.
    """
    console = Console()
    _show_examples(study, console)
    interrupted = False
    try:
        with _progress(console) as progress:
            task = progress.add_task("", total=budget, completed=_done(study), best=_best(study))

            def on_trial(running: Study, trial: Trial) -> None:
                progress.update(task, completed=_done(running), best=_best(running))
                if trial.error is not None:
                    progress.console.print(f"trial {trial.number} failed: {escape(trial.error)}")
                if trial.invalid is not None:
                    said = f"the latent of trial {trial.number} is not valid: {trial.invalid}"
                    progress.console.print(escape(said))
                if trial.warning is not None:
                    progress.console.print(f"trial {trial.number}: {escape(trial.warning)}")

            if crew is None:
                study.run(objective, search=search, budget=budget, on_trial=on_trial)
            else:
                _run_by_crew(study, *crew, budget=budget, on_trial=on_trial, say=progress.console)
    except KeyboardInterrupt:
        interrupted = True
        # first of all, whatever a half-finished write to the database may do to the rest
        console.print(f"stopped; every finished evaluation is kept; go on with: {_resume(study)}")
    finally:
        report = save_and_report(study)
    _show_result(study, console)
    if report is not None:
        console.print(f"report: {report}")
    if interrupted:
        raise SystemExit(130)


def _run_by_crew(
    study: Study, task: Any, workers: int, *, budget: int, on_trial: Any, say: Console
) -> None:
    from latent_spaces_by_example.cli.workers import run_crew
    from latent_spaces_by_example.study.worker_process import Said

    def on_message(message: Any) -> None:
        if isinstance(message, Said):
            say.print(escape(message.text))
        else:
            on_trial(study, next(t for t in study.trials if t.number == message.number))

    study.set_budget(budget)
    try:
        run_crew(task, study.records, workers=workers, on_message=on_message)
    except SystemExit as stopped:
        raise KeyboardInterrupt from stopped


def save_and_report(study: Study, **options: Any) -> Path | None:
    """Write the run folder's files; the path of the report, or None where there is no folder."""
    try:
        study.save()
        if study.folder is None:
            return None
        return write_report(study, study.folder.report, **options)
    except OSError as error:
        # a full disk: the database has what matters
        raise StudyError(
            f"the run folder cannot be written: {error}; every finished evaluation is in the "
            "database, and lsbe report writes the rest once there is room"
        ) from error


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("evaluations"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("best [bold]{task.fields[best]}"),
        TimeRemainingColumn(),
        console=console,
    )


def _show_examples(study: Study, console: Console) -> None:
    examples = study.settings.examples
    if not examples:
        return
    table = Table("example", "latent norm / expected", "RMS of the reconstruction")
    repaired = any(facts.moved is not None for facts in examples)
    if repaired:
        table.add_column("moved by the repair")
    for facts in examples:
        error = "" if facts.rms_error is None else f"{facts.rms_error:.2g}"
        moved = [f"{facts.moved:.2f}"] if facts.moved is not None else []
        table.add_row(escape(facts.name), f"{facts.relative_norm:.2f}", error, *moved)
    console.print(table)
    for facts in examples:
        if facts.unlike is not None:
            console.print(
                f"{escape(facts.name)} is unlike what the model makes: {escape(facts.unlike)}"
            )


def _show_result(study: Study, console: Console) -> None:
    if not study.finished_trials:
        console.print("no evaluation has finished")
        return
    if study.settings.score_names:
        _show_front(study, console)
        return
    best = study.best_trial
    corners = [t for t in study.trials[: len(study.settings.examples)] if t.score is not None]
    rows = [(f"best found (trial {best.number})", best)]
    rows += [(study.seeds.name(trial.number), trial) for trial in corners]
    table = Table("", *(escape(label) for label, _ in rows))
    table.add_row("score", *(shown(trial.score) for _, trial in rows), style="bold")
    if best.expected_score is not None:
        cells = [shown(trial.expected_score) for _, trial in rows]
        table.add_row("expected", *cells, style="bold")
    for name in best.constraints:
        cells = [held(trial.constraints.get(name)) for _, trial in rows]
        table.add_row(escape(f"constraint {name}"), *cells)
    for figure in best.figures:
        table.add_row(escape(figure), *(shown(trial.figures.get(figure)) for _, trial in rows))
    console.print(table)
    if unmet := feasibility_said(best):
        console.print(f"[red]{escape(unmet)}[/red]")
    if validity := validity_summary(study.trials):
        console.print(f"validity: {validity}")
    if study.folder is not None:
        console.print(f"run folder: {study.folder.path}")


def _show_front(study: Study, console: Console) -> None:
    front = study.front()
    names = study.settings.score_names
    table = Table("trial on the front", *(escape(name) for name in names))
    for trial in front:
        table.add_row(str(trial.number), *(shown(trial.scores[name]) for name in names))
    console.print(table if front else "nothing found meets every constraint")
    if validity := validity_summary(study.trials):
        console.print(f"validity: {validity}")
    if study.folder is not None:
        console.print(f"run folder: {study.folder.path}")


def shown(value: Any) -> str:
    """A figure in a cell: numbers to four digits, nothing for nothing."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:.4g}"
    return "" if value is None else escape(str(value))


def held(value: float | None) -> str:
    """A constraint in a cell."""
    if value is None:
        return ""
    return shown(value) if value <= 0 else f"{shown(value)} [red]violated[/red]"


def _done(study: Study) -> int:
    return sum(not trial.pending for trial in study.trials)


def _best(study: Study) -> str:
    if not study.finished_trials:
        return "none yet"
    if study.settings.score_names:
        return f"{len(study.front())} on the front"
    if not study.feasible:
        return "none feasible yet"
    return f"{study.best_score:.4g}" + (" expected" if study.settings.noisy else "")


def _resume(study: Study) -> str:
    return f"lsbe resume {study.folder.path}" if study.folder is not None else "lsbe resume"
