"""What a run looks like in a terminal: the progress bar, the table, where things are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from latent_spaces_by_example.report import write_report
from latent_spaces_by_example.search.base import Search
from latent_spaces_by_example.study import Study, Trial


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


def save_and_report(study: Study) -> Path | None:
    """Write the run folder's files; the path of the report, or None where nothing is scored."""
    study.save()
    if study.folder is None or not study.finished_trials:
        return None
    return write_report(study, study.folder.report)


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
    for facts in examples:
        error = "" if facts.rms_error is None else f"{facts.rms_error:.2g}"
        table.add_row(escape(facts.name), f"{facts.relative_norm:.2f}", error)
    console.print(table)


def _show_result(study: Study, console: Console) -> None:
    if not study.finished_trials:
        console.print("no evaluation has finished")
        return
    best = study.best_trial
    shown = [t for t in study.trials[: len(study.settings.examples)] if t.score is not None]
    rows = [(f"best found (trial {best.number})", best)]
    rows += [(study.seeds.name(trial.number), trial) for trial in shown]
    table = Table("", *(escape(label) for label, _ in rows))
    table.add_row("score", *(_shown(trial.score) for _, trial in rows), style="bold")
    for figure in best.figures:
        table.add_row(escape(figure), *(_shown(trial.figures.get(figure)) for _, trial in rows))
    console.print(table)
    if study.folder is not None:
        console.print(f"run folder: {study.folder.path}")


def _shown(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:.4g}"
    return "" if value is None else escape(str(value))


def _done(study: Study) -> int:
    return sum(not trial.pending for trial in study.trials)


def _best(study: Study) -> str:
    return f"{study.best_score:.4g}" if study.finished_trials else "none yet"


def _resume(study: Study) -> str:
    return f"lsbe resume {study.folder.path}" if study.folder is not None else "lsbe resume"
