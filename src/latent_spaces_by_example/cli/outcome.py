"""Print how good the examples are before a run, and what came of it afterwards."""

from __future__ import annotations

from pathlib import Path

from latent_spaces_by_example.cli.console import Column, number, say, say_table
from latent_spaces_by_example.cli.hints import resumption
from latent_spaces_by_example.cli.options import Place
from latent_spaces_by_example.cli.trial_table import trial_columns
from latent_spaces_by_example.report.formatting import duration
from latent_spaces_by_example.report.result import gain_in_words
from latent_spaces_by_example.report.snapshot import Snapshot, read_study
from latent_spaces_by_example.study import Study, Trial
from latent_spaces_by_example.study.candidate_check import validity_summary
from latent_spaces_by_example.study.ranking import unmet_constraints

_MOST_EXAMPLES = 10
_MOST_OF_FRONT = 20


def show_examples(study: Study) -> None:
    """Print how well the examples are reproduced."""
    examples = study.settings.examples
    if not examples:
        return
    say_table(
        [
            Column("example", [facts.name for facts in examples], always=True),
            Column("norm / expected", [f"{facts.relative_norm:.2f}" for facts in examples]),
            Column("RMS error", [_rounded(facts.rms_error) for facts in examples]),
            Column("moved by repair", [_rounded(facts.moved) for facts in examples]),
        ]
    )
    for facts in examples:
        if facts.unlike is not None:
            say(f"warning: {facts.name} is unlike what the model makes: {facts.unlike}", err=True)


def show_outcome(
    study: Study,
    *,
    num_new: int,
    seconds: float,
    report: Path | None,
    place: Place,
    objective: str | None,
    search: str | None,
) -> None:
    """Print the best of a study, what it gains, and what to do next.

    Args:
        study: after a run.
        num_new: evaluations of this run.
        seconds: that they took.
        report: where it was written.
        place: where the study is.
        objective: what the objective was loaded from.
        search: what the search was loaded from, if it was named for this run.
    """
    further = resumption(
        place, study.settings, budget=_next_budget(study), objective=objective, search=search
    )
    if not study.finished_trials:
        say(f"no evaluation has a score yet; go on: {further}")
    elif study.scores_are_several:
        _show_front(study, further)
    else:
        _show_best(study, further)
    if study.finished_trials and (validity := validity_summary(study.trials)):
        say(f"validity: {validity}")
    in_all = len(study.trials)
    of = "" if num_new == in_all else f", {in_all} in all"
    where = "" if report is None else f"; report: {report}"
    say(f"{num_new} evaluations in {duration(seconds)}{of}{where}")
    if study.folder is not None:
        say(f"run folder: {study.folder.path}")


def _gain(snapshot: Snapshot, best: Trial) -> str:
    """Return how far the best trial is from the best example, or prior draw, in a few words."""
    if snapshot.best_is_example:
        return f"the example {snapshot.example_names[best.number]}, which nothing has beaten yet"
    if not snapshot.references:
        return f"trial {best.number}"
    name, reference = snapshot.references[0]
    if not (reference.feasible and best.feasible):
        return f"trial {best.number}"
    return f"{gain_in_words(snapshot, best, reference)} {name}"


def _show_best(study: Study, further: str) -> None:
    best = study.best_trial
    expected = " expected" if best.expected_score is not None else ""
    score = f"{best.expected_or_score:.4g}{expected}"
    snapshot = read_study(study)
    parts = [score, _gain(snapshot, best), *_files(study, "best.*")]
    say(f"{', '.join(parts)}; go on: {further}")
    if unmet := unmet_constraints(best):
        say(unmet)
    names = snapshot.example_names
    examples = [trial for trial in snapshot.examples if trial.number != best.number]
    rows = [best, *examples[:_MOST_EXAMPLES]]
    labels = {**names, best.number: " ".join(filter(None, ["best", names.get(best.number)]))}
    say_table(trial_columns(rows, labels=labels), more_in=_history(study))


def _show_front(study: Study, further: str) -> None:
    front = study.front()
    names = " and ".join(study.settings.score_names)
    if not front:
        say(f"nothing meets every constraint yet; go on: {further}")
        return
    where = _files(study, "front")
    parts = [f"{len(front)} trials that no other one beats in {names}", *where]
    say(f"{', '.join(parts)}; go on: {further}")
    say_table(
        trial_columns(front[:_MOST_OF_FRONT], labels=read_study(study).example_names),
        more_in=_history(study),
    )
    if len(front) > _MOST_OF_FRONT:
        say(f"({len(front) - _MOST_OF_FRONT} more: {_history(study)})")


def _files(study: Study, pattern: str) -> list[str]:
    paths = [] if study.folder is None else study.folder.path.glob(pattern)
    # the output in its own format before its picture
    return [str(path) for path in sorted(paths, key=lambda path: path.suffix == ".png")[:1]]


def _history(study: Study) -> str:
    return "" if study.folder is None else str(study.folder.path / "history.csv")


def _next_budget(study: Study) -> int:
    """Return twice what is done, or what was to be done if the run was stopped short."""
    done, budget = len(study.trials), study.settings.budget or 0
    unfinished = done < budget or any(trial.pending for trial in study.trials)
    return budget if unfinished else 2 * done


def _rounded(value: float | None) -> str:
    return "" if value is None else number(round(value, 3)) if value >= 0.01 else f"{value:.1g}"
