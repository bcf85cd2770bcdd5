"""``lsbe export`` and ``lsbe import``: a study as one file."""

from __future__ import annotations

from pathlib import Path

import click

from latent_spaces_by_example.cli.console import say
from latent_spaces_by_example.cli.hints import again, resumption
from latent_spaces_by_example.cli.hints import command as hint
from latent_spaces_by_example.cli.options import Place, study_options


@click.command()
@study_options(generator=False)
@click.argument("archive")
@click.option("--overwrite", is_flag=True, help="Replace ARCHIVE if it exists.")
def export(place: Place, *, archive: str, overwrite: bool) -> None:
    """Write the study in run folder FOLDER to one file, ARCHIVE (such as wing.zip).

    It holds the database, seed latents, kept outputs, settings, history, and the report and best
    output last written. The study may be running.
    """
    from latent_spaces_by_example.study.archive import export_study

    target = Path(archive).expanduser()
    if target.exists() and not overwrite:
        raise click.UsageError(f"{archive} exists; to replace it: {again('--overwrite')}")
    path = export_study(
        place.folder,
        target,
        storage=place.storage,
        name=place.study_name(),
        overwrite=overwrite,
    )
    say(f"archive: {path} ({path.stat().st_size / 2**20:.1f} MiB)")


@click.command("import")
@click.argument("archive")
@click.argument("folder")
def import_archive(archive: str, folder: str) -> None:
    """Make run folder FOLDER of ARCHIVE, which lsbe export wrote here or elsewhere.

    It may be anybody's: no code of theirs is run, and nothing is written outside FOLDER.
    """
    from latent_spaces_by_example.study.archive import import_study

    path = import_study(Path(archive).expanduser(), Path(folder).expanduser())
    place = Place(str(path))
    settings = place.records().settings
    say(f"run folder: {path}")
    say(f"write its report: {hint('report', place, settings=settings)}")
    say(f"go on with it: {resumption(place, settings)}")
