"""``lsbe top``: the best of a study, and good ones that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from latent_spaces_by_example.cli.console import say, say_table
from latent_spaces_by_example.cli.hints import again
from latent_spaces_by_example.cli.options import Place, count_option, study_options
from latent_spaces_by_example.cli.writing import folder_named, write_output

if TYPE_CHECKING:
    from latent_spaces_by_example.study import Study, Trial


@click.command()
@study_options(folder_required=False)
@count_option("-n", "--num", default=5, help="How many.")
@click.option("--diverse", is_flag=True, help="Good ones whose latents differ.")
@click.option("--by-output", is_flag=True, help="Good ones that differ in what is made.")
@click.option(
    "--expected",
    is_flag=True,
    help="The best by what is expected; they are anyway if the study's scores are noisy.",
)
@click.option("--save", "target", help="A folder to write their outputs to.")
def top(
    place: Place, *, num: int, diverse: bool, by_output: bool, expected: bool, target: str | None
) -> None:
    """Show the best trials of the study in run folder FOLDER, or in a storage.

    \b
    lsbe top runs/wing -n 5 --diverse --save runs/wing/top
    """
    from latent_spaces_by_example.cli.trial_table import trial_columns
    from latent_spaces_by_example.report.snapshot import Snapshot

    folder = None if target is None else folder_named(target, option="--save")
    spread = diverse or by_output
    study = place.study(needs_generator=spread or expected or target is not None)
    if study.scores_are_several:
        trials = study.front()[:num]
        say(f"{len(trials)} of the {len(study.front())} trials that no other one beats")
    else:
        trials = _best(study, place, num=num, spread=spread, by_output=by_output, expected=expected)
    names = Snapshot(study, study.records.trials()).example_names
    say_table(trial_columns(trials, labels=names))
    if spread and not study.scores_are_several:
        what = "outputs" if by_output else "latents"
        num_scored = len(study.ranking.ranked(study.records.trials()))
        say(
            f"the best, then from the better quarter of {num_scored} trials each "
            f"time the one whose {what} are farthest from those above"
        )
    if folder is not None:
        for rank, trial in enumerate(trials, start=1):
            output, to = study.output(trial.number), folder / f"{rank:02d}-trial-{trial.number}"
            write_output(study.generator, output, number=trial.number, to=to)
        say(f"outputs: {folder}")


def _best(
    study: Study, place: Place, *, num: int, spread: bool, by_output: bool, expected: bool
) -> list[Trial]:
    from latent_spaces_by_example.plugins import is_safe_to_reload

    known = place.generator is not None or is_safe_to_reload("generators", study.settings.generator)
    if study.settings.noisy and not known:
        say(
            "ranked by the scores as they were measured; for expected scores name the generator: "
            f"{again('--generator', study.settings.generator)}",
            err=True,
        )
        return study.top(num, expected=False)
    return study.top(num, diverse=spread, by_output=by_output, expected=expected or None)
