"""``lsbe worker``, and the same for ``lsbe optimise`` and ``lsbe resume`` with ``--workers``."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPTIONS: list[Callable[[Any], Any]] = [
    click.option(
        "--workers",
        default=1,
        show_default=True,
        type=click.IntRange(min=1),
        help="Processes that evaluate at the same time.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        help="Seconds that one evaluation may take; it then counts as failed.",
    ),
]


def worker_options(command: Any) -> Any:
    """Add ``--workers`` and ``--timeout`` to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.option(
    "--storage",
    envvar="LSBE_STORAGE",
    required=True,
    show_envvar=True,
    help="postgresql://..., sqlite:///FILE, journal:FILE or grpc://HOST:PORT.",
)
@click.option("--study", help="Its name; not needed where the storage holds only one.")
@click.option("--out", help="Its run folder, where its seed latents are too large for the storage.")
@click.option("--generator", help="Needed again where the study's is module:name.")
@click.option("--objective", help="Needed again where the study's is module:name.")
@click.option("--search", help="Another search than the study's.")
@click.option(
    "--grace",
    default=20.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds that an evaluation may go on after SIGTERM; it is then left to others.",
)
@worker_options
def worker(
    storage: str,
    study: str | None,
    out: str | None,
    generator: str | None,
    objective: str | None,
    search: str | None,
    grace: float,
    workers: int,
    timeout: float | None,
) -> None:
    """Work on a study that is in a storage, beside any number of others.

    Start it as often as wanted, on any machine, at any time; it ends when every evaluation of the
    study's budget has a result. SIGTERM and Ctrl-C let it end what it has in hand.

    \b
    lsbe optimise airfoil --storage postgresql://... --name wing --out runs/wing
    lsbe worker --storage postgresql://... --study wing
    """
    from latent_spaces_by_example import __version__
    from latent_spaces_by_example.cli.commands import _stored_objective
    from latent_spaces_by_example.study.records import Records
    from latent_spaces_by_example.study.settings import Settings
    from latent_spaces_by_example.study.worker_process import Task

    records = Records.open(storage, name=study)
    settings = Settings.from_json(records.settings)
    if settings.version != __version__:
        click.echo(
            f"warning: the study was made by version {settings.version} and this is {__version__}; "
            "generator and objective may differ between them",
            err=True,
        )
    task = Task(
        storage=storage,
        study=records.name,
        objective=objective or _stored_objective(settings.objective),
        out=out,
        generator=generator,
        search=search,
        timeout=timeout,
    )
    run_crew(task, records, workers=workers, grace=grace, on_message=_print)


def run_crew(
    task: Any, records: Any, *, workers: int, on_message: Any, grace: float | None = None
) -> None:
    """Let so many workers run a study; SIGTERM and Ctrl-C stop them and exit with 143 or 130."""
    from latent_spaces_by_example.study.workers import STOP_SECONDS, Crew

    seconds = STOP_SECONDS if grace is None else grace
    crew = Crew(task, records, num_workers=workers, on_message=on_message, stop_seconds=seconds)
    with _stopped_by_signals(crew) as received:
        crew.run()
    if received:
        click.echo("stopped; every finished evaluation is kept, the others are free to take up")
        raise SystemExit(128 + received[0])


@contextmanager
def _stopped_by_signals(crew: Any) -> Iterator[list[int]]:
    received: list[int] = []

    def stop(number: int, _: Any) -> None:
        received.append(number)
        crew.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print(message: Any) -> None:
    from latent_spaces_by_example.study.worker_process import Said

    if isinstance(message, Said):
        click.echo(message.text, err=True)
    elif message.error is not None:
        click.echo(f"trial {message.number} failed: {message.error}")
    else:
        click.echo(f"trial {message.number}: {message.score:.6g}")
