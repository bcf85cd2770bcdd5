"""What the commands on a study that exists have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_STUDY_OPTIONS: list[Callable[[Any], Any]] = [
    click.argument("folder"),
    click.option("--generator", help="Needed again where the study's is module:name."),
    click.option("--storage", help="Where the study is, if not in the run folder."),
]


def study_options(command: Any) -> Any:
    """The argument FOLDER, and what else it takes to open the study in it."""
    for option in reversed(_STUDY_OPTIONS):
        command = option(command)
    return command


def opened(folder: str, *, generator: str | None, storage: str | None) -> Any:
    """The study that these options name."""
    from latent_spaces_by_example import generators
    from latent_spaces_by_example.study import open_study

    model = None if generator is None else generators.load(generator)
    return open_study(folder, storage=storage, generator=model)
