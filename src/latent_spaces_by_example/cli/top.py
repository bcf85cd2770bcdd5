"""``lsbe top``: the best of a study, and the best that differ."""

from __future__ import annotations

from pathlib import Path

import click

from latent_spaces_by_example.cli.options import opened, study_options


@click.command()
@study_options
@click.option("-n", "--num", default=5, show_default=True, help="How many.")
@click.option("--diverse", is_flag=True, help="Good ones that differ, not merely the best.")
@click.option("--by-output", is_flag=True, help="Differ in what is made, not in the latent.")
@click.option(
    "--expected",
    is_flag=True,
    help="The best by what is expected; they are anyway where the study says noisy.",
)
@click.option("--save", "target", help="A folder to write their outputs to.")
def top(
    folder: str,
    generator: str | None,
    storage: str | None,
    num: int,
    diverse: bool,
    by_output: bool,
    expected: bool,
    target: str | None,
) -> None:
    """Show the best trials of the run folder FOLDER.

    \b
    lsbe top runs/wing -n 5 --diverse --save runs/wing/top
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from latent_spaces_by_example.cli.show import held, shown
    from latent_spaces_by_example.errors import ArgumentError

    study = opened(folder, generator=generator, storage=storage)
    if target is not None and not hasattr(study.generator, "save"):
        raise ArgumentError(f"--save: {study.settings.generator} does not say how to save outputs")
    trials = study.top(
        num, diverse=diverse or by_output, by_output=by_output, expected=expected or None
    )
    figures = list(dict.fromkeys(key for trial in trials for key in trial.figures))
    table = Table("", *(f"trial {trial.number}" for trial in trials))
    table.add_row("score", *(shown(trial.score) for trial in trials), style="bold")
    if trials[0].expected_score is not None:
        table.add_row("expected", *(shown(trial.expected_score) for trial in trials), style="bold")
    for name in trials[0].constraints:
        table.add_row(
            escape(f"constraint {name}"), *(held(t.constraints.get(name)) for t in trials)
        )
    for figure in figures:
        table.add_row(escape(figure), *(shown(trial.figures.get(figure)) for trial in trials))
    console = Console()
    console.print(table)
    if target is not None:
        place = Path(target)
        place.mkdir(parents=True, exist_ok=True)
        suffix = getattr(study.generator, "suffix", "")
        for rank, trial in enumerate(trials, start=1):
            output = study.generator.generate(study.latents(trial.weights[None]))[0]
            study.generator.save(output, place / f"{rank:02d}-trial-{trial.number}{suffix}")
        console.print(f"outputs: {escape(target)}")
