"""The options that several commands share, and the study that they name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from latent_spaces_by_example.study import Study
    from latent_spaces_by_example.study.records import Records

Command = Callable[..., Any]

STORAGE = "LSBE_STORAGE"
DATABASE = "study.db"


@dataclass(frozen=True)
class Place:
    """The place of a study, as it was typed.

    Attributes:
        folder: its run folder, or None.
        storage: a URL, or None for the database in the run folder.
        name: of the study in the storage; None for the folder's name, or for the only one.
        generator: a specification; None to load the stored one if that is safe.
        from_environment: whether the storage is that of ``LSBE_STORAGE``.
        features: what ``--features`` names; None for what is stored.
    """

    folder: str | None
    storage: str | None = None
    name: str | None = None
    generator: str | None = None
    from_environment: bool = False
    features: str | None = None

    def records(self) -> Records:
        """Open the study to look at it, without its generator.

        Raises:
            StudyError: there is no such study, or it cannot be read.
        """
        from latent_spaces_by_example.study.overview import open_records

        return open_records(self.folder, storage=self.storage, name=self.study_name())

    def study(self, *, needs_generator: bool = False) -> Study:
        """Open the study.

        Args:
            needs_generator: refuse at once if the generator is the user's own and was not named.

        Raises:
            UsageError: the generator has to be named.
            StudyError: there is no such study, or it cannot be read.
        """
        from latent_spaces_by_example import generators
        from latent_spaces_by_example.cli.hints import check_named
        from latent_spaces_by_example.study import open_study

        generator = None if self.generator is None else generators.load(self.generator)
        study = open_study(
            self.folder,
            storage=self.storage,
            name=self.study_name(),
            generator=generator,
            features=self.features,
        )
        if needs_generator and generator is None:
            check_named("generators", study.settings.generator)
        return study

    def study_name(self) -> str | None:
        """Return the study's name in its storage, or None for the only one there."""
        if self.name is not None or self.storage is None or self.folder is None:
            return self.name
        from latent_spaces_by_example.study.records import Records

        usual = Path(self.folder).resolve().name
        return usual if usual in Records.names(self.storage) else None


def study_options(
    *, folder_required: bool = True, generator: bool = True
) -> Callable[[Command], Command]:
    """Give a command FOLDER, ``--storage``, ``--study`` and ``--generator`` as one ``place``."""
    options = [
        click.argument("folder", required=folder_required),
        click.option(
            "--storage",
            envvar=STORAGE,
            show_envvar=True,
            help="Where the study is, if not in the run folder: postgresql://... or sqlite:///...",
        ),
        click.option("--study", "name", help="Its name in the storage; by default the folder's."),
    ]
    if generator:
        options.append(
            click.option("--generator", help="Needed again if the study's is module:name.")
        )
        options.append(
            click.option("--features", help="Needed again if the study's are module:name.")
        )

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def packed(
            *, folder: str | None, storage: str | None, name: str | None, **rest: Any
        ) -> Any:
            from_environment = came_from_environment("storage")
            if folder is not None:
                folder = str(Path(folder).expanduser())
                # a variable that is set for other studies does not hide the one in the folder
                if from_environment and Path(folder, DATABASE).is_file():
                    storage, from_environment = None, False
            elif storage is None:
                raise click.UsageError(
                    "give the run folder, or --storage; lsbe list shows the studies there are"
                )
            named, seen = rest.pop("generator", None), rest.pop("features", None)
            place = Place(folder, storage, name, named, from_environment, seen)
            return command(place, **rest)

        for option in reversed(options):
            packed = option(packed)
        return packed

    return decorate


def came_from_environment(parameter: str) -> bool:
    """Return whether an option of the running command was set by an environment variable."""
    source = click.get_current_context().get_parameter_source(parameter)
    return source is ParameterSource.ENVIRONMENT


def count_option(*names: str, default: int | None = None, **rest: Any) -> Callable[..., Any]:
    """Return an option that takes a whole number of at least 1."""
    shown = default is not None
    return click.option(
        *names, type=click.IntRange(min=1), default=default, show_default=shown, **rest
    )


_RUN_NAMES = (
    *("workers", "timeout", "dask", "num_pending", "max_seconds", "patience"),
    *("max_consecutive_failures", "grace"),
)
_ABOVE_ZERO = click.FloatRange(min=0, min_open=True)
_RUN_OPTIONS = [
    count_option(
        "--workers", default=1, help="Processes of this machine that evaluate at the same time."
    ),
    click.option(
        "--timeout",
        type=_ABOVE_ZERO,
        help="Seconds that one evaluation may take; a longer one fails.",
    ),
    click.option("--dask", help="Evaluate on a Dask cluster: tcp://HOST:8786, its scheduler."),
    count_option(
        "--pending", "num_pending", help="Outputs in flight; by default one for each worker."
    ),
    click.option("--max-seconds", type=_ABOVE_ZERO, help="Begin no evaluation after so many."),
    count_option(
        "--patience", help="Stop after so many evaluations in a row that improve nothing."
    ),
    count_option(
        "--max-failures",
        "max_consecutive_failures",
        default=10,
        help="Stop after so many failures in a row.",
    ),
    click.option(
        "--grace",
        default=20.0,
        show_default=True,
        type=click.FloatRange(min=0),
        help="Seconds that evaluations under way have after Ctrl-C or SIGTERM.",
    ),
]


def run_options(command: Command) -> Command:
    """Give a command the options of a run as one mapping, ``run``, for ``run_and_show``."""

    @functools.wraps(command)
    def packed(*args: Any, **typed: Any) -> Any:
        return command(*args, run={name: typed.pop(name) for name in _RUN_NAMES}, **typed)

    for option in reversed(_RUN_OPTIONS):
        packed = option(packed)
    return packed
