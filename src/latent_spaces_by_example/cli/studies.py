"""``lsbe status``, ``list``, ``export``, ``import`` and ``dashboard``: studies that exist."""

from __future__ import annotations

import click

_STORAGE = click.option("--storage", help="Where the study is, if not in the run folder.")
_STUDY = click.option("--study", "name", help="Its name; not needed where there is only one.")


@click.command()
@click.argument("folder", required=False)
@_STORAGE
@_STUDY
@click.option("--watch", is_flag=True, help="Keep the table up to date until Ctrl-C.")
@click.option("--every", default=2.0, show_default=True, help="Seconds between two looks.")
def status(
    folder: str | None, storage: str | None, name: str | None, watch: bool, every: float
) -> None:
    """How the study in run folder FOLDER, or in a storage, stands.

    \b
    lsbe status runs/wing --watch
    lsbe status --storage postgresql://... --study wing
    """
    from latent_spaces_by_example.cli.tables import show_status

    if folder is None and storage is None:
        raise click.UsageError("give the run folder, or --storage; lsbe list shows what there is")
    if not 0.1 <= every <= 3600:
        raise click.UsageError(f"--every {every:g}: give 0.1 to 3600 seconds")
    show_status(folder, storage=storage, name=name, every=every if watch else None)


@click.command("list")
@click.argument("folder", required=False)
@click.option("--storage", help="List the studies of an Optuna storage instead.")
def list_studies(folder: str | None, storage: str | None) -> None:
    """The studies in the run folders below FOLDER (by default runs), or in a storage."""
    from latent_spaces_by_example.cli.tables import show_list

    if folder is not None and storage is not None:
        raise click.UsageError("give a folder or --storage, not both")
    show_list(folder or "runs", storage=storage)


@click.command()
@click.argument("folder")
@click.argument("archive")
@_STORAGE
@_STUDY
@click.option("--generator", help="For a report up to date, where the study's is module:name.")
@click.option("--overwrite", is_flag=True, help="Replace ARCHIVE if it exists.")
def export(
    folder: str,
    archive: str,
    storage: str | None,
    name: str | None,
    generator: str | None,
    overwrite: bool,
) -> None:
    """Write the study in run folder FOLDER to one file, ARCHIVE (such as wing.zip).

    It holds the database, seed latents, kept outputs, settings, history, report and best output.
    The study may be running.
    """
    import tempfile
    from pathlib import Path

    from latent_spaces_by_example.errors import LatentSpacesError
    from latent_spaces_by_example.study import export_study

    with tempfile.TemporaryDirectory() as workplace:
        report: Path | None = Path(workplace) / "report.html"
        try:
            _write_report(folder, storage=storage, name=name, generator=generator, path=str(report))
        except LatentSpacesError as error:
            report = None
            there = Path(folder, "report.html").is_file()
            what = "the report is the one last written" if there else "it holds no report"
            click.echo(f"{what}: {error}", err=True)
        path = export_study(
            folder, archive, storage=storage, name=name, report=report, overwrite=overwrite
        )
    click.echo(f"archive: {path} ({path.stat().st_size / 2**20:.1f} MiB)")


@click.command("import")
@click.argument("archive")
@click.argument("folder")
def import_archive(archive: str, folder: str) -> None:
    """Make run folder FOLDER of ARCHIVE, which lsbe export wrote here or elsewhere.

    It may be anybody's: no code of theirs is run, and nothing is written outside FOLDER.
    """
    from latent_spaces_by_example.study import import_study

    path = import_study(archive, folder)
    click.echo(f"run folder: {path}")
    click.echo(f"write its report with: lsbe report {path}; go on with: lsbe resume {path}")


@click.command()
@click.argument("folder")
@_STORAGE
@click.option("--port", default=8080, show_default=True, help="On this machine only.")
def dashboard(folder: str, storage: str | None, port: int) -> None:
    """Show the study in run folder FOLDER in optuna-dashboard, pictures beside the scores."""
    from optuna.artifacts import FileSystemArtifactStore

    from latent_spaces_by_example.errors import MissingPackageError
    from latent_spaces_by_example.study.folder import RunFolder
    from latent_spaces_by_example.study.overview import open_storage

    backend = open_storage(folder, storage=storage)
    try:
        from optuna_dashboard import run_server
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            "the dashboard needs optuna-dashboard; install it with: "
            "pip install 'latent-spaces-by-example[dashboard]'"
        ) from error
    store = FileSystemArtifactStore(RunFolder(folder).artifacts)
    click.echo(f"dashboard: http://127.0.0.1:{port}/dashboard/ (Ctrl-C stops it)")
    run_server(backend, host="127.0.0.1", port=port, artifact_store=store)


COMMANDS: list[click.Command] = [status, list_studies, export, import_archive, dashboard]


def _write_report(
    folder: str, *, storage: str | None, name: str | None, generator: str | None, path: str
) -> None:
    from pathlib import Path

    from latent_spaces_by_example import generators
    from latent_spaces_by_example.report import write_report
    from latent_spaces_by_example.study import open_study

    model = None if generator is None else generators.load(generator)
    study = open_study(folder, storage=storage, name=name, generator=model)
    write_report(study, Path(path))
