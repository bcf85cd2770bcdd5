"""``lsbe report``: the report of a study, written anew."""

from __future__ import annotations

import click

from latent_spaces_by_example.cli.console import say
from latent_spaces_by_example.cli.options import Place, study_options


@click.command()
@study_options()
@click.option(
    "--pictures", default=24, show_default=True, help="The most outputs to make again for it."
)
def report(place: Place, *, pictures: int) -> None:
    """Write the report of the study in run folder FOLDER anew.

    Without a generator of your own it shows the outputs that the run has kept.
    """
    from latent_spaces_by_example.cli.running import save_and_report

    study = place.study()
    say(f"report: {save_and_report(study, pictures=pictures)}")
