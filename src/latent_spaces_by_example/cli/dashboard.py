"""``lsbe dashboard``: a study in optuna-dashboard."""

from __future__ import annotations

import click

from latent_spaces_by_example.cli.console import say
from latent_spaces_by_example.cli.options import Place, study_options
from latent_spaces_by_example.plugins import missing_packages_named

_HOST = "127.0.0.1"


@click.command()
@study_options(folder_required=False, generator=False)
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="On this machine only.",
)
def dashboard(place: Place, *, port: int) -> None:
    """Show the study in run folder FOLDER in optuna-dashboard, pictures beside the scores."""
    records = place.records()
    with missing_packages_named("the dashboard", extra="dashboard"):
        from optuna_dashboard import run_server
    say(f"dashboard: http://{_HOST}:{port}/dashboard/ (Ctrl-C stops it)")
    try:
        run_server(records.storage, host=_HOST, port=port, artifact_store=_artifacts(place))
    except OSError as error:
        raise click.UsageError(
            f"--port {port} cannot be used ({error.strerror}); give another one, such as "
            f"--port {port + 1 if port < 65535 else port - 1}"
        ) from error


def _artifacts(place: Place) -> object:
    from optuna.artifacts import FileSystemArtifactStore

    from latent_spaces_by_example.study.folder import RunFolder

    if place.folder is None:
        return None
    return FileSystemArtifactStore(RunFolder(place.folder).artifacts)
