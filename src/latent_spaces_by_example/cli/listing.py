"""``lsbe list``: the studies there are, and the names that other commands take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from latent_spaces_by_example.cli.console import columns, say, say_table
from latent_spaces_by_example.cli.options import STORAGE, came_from_environment
from latent_spaces_by_example.errors import StudyError

if TYPE_CHECKING:
    from latent_spaces_by_example.study.overview import Overview

_KINDS = ("generators", "objectives", "searches")


@click.command("list")
@click.argument("what", nargs=-1)
@click.option(
    "--storage", envvar=STORAGE, show_envvar=True, help="List the studies of a storage instead."
)
def list_all(what: tuple[str, ...], storage: str | None) -> None:
    """List the studies in the run folders below a folder (by default runs), or in a storage.

    \b
    lsbe list                           the studies below runs
    lsbe list FOLDER                    those below another folder
    lsbe list generators                also objectives, searches: what each name stands for
    lsbe list examples airfoil s12      examples of a generator whose names have s12 in them
    """
    first, *rest = what or ("",)
    if first == "examples":
        _list_examples(rest)
        return
    if rest:
        raise click.UsageError(
            f"{' '.join(what)!r}: give one folder, or one of {', '.join(_KINDS)}"
        )
    if first in _KINDS:
        _list_names(first)
        return
    if first and storage is not None:
        if not came_from_environment("storage"):
            raise click.UsageError("give a folder or --storage, not both")
        storage = None
    _list_studies(first or "runs", storage=storage)


def _list_names(kind: str) -> None:
    from latent_spaces_by_example import plugins

    lines = plugins.describe(kind)
    longest = max(map(len, lines))
    for name, line in lines.items():
        say(f"{name:<{longest}}  {line}")
    say("or your own: package.module:name")


def _list_examples(words: list[str]) -> None:
    from latent_spaces_by_example import generators

    if not words or len(words) > 2:
        raise click.UsageError("give a generator and, if you like, part of a name: lsbe list "
                               "examples airfoil s12")  # fmt: skip
    generator: Any = generators.load(words[0])
    if not hasattr(generator, "list_examples"):
        raise click.UsageError(
            f"the examples of {words[0]} cannot be listed; lsbe optimise says what it takes if "
            "one is not understood"
        )
    query = words[1] if len(words) > 1 else ""
    names = list(generator.list_examples(query))
    for name in names:
        say(name)
    if not names:
        raise click.UsageError(f"{words[0]} has no example with {query!r} in its name")


def _list_studies(folder: str, *, storage: str | None) -> None:
    from latent_spaces_by_example.study.overview import studies_below, studies_in

    studies = [
        (str(place), overview)
        for place, overview in (studies_below(folder) if storage is None else studies_in(storage))
    ]
    if not studies:
        say(f"there is no study {f'below {folder}' if storage is None else 'in the storage'}")
        return
    rows = [(place, *_line(overview)) for place, overview in studies]
    titles = ("study", "trials", "best", "last done", "generator", "objective")
    say_table(columns(dict(zip(titles, zip(*rows, strict=True), strict=True))))
    for place, overview in studies:
        if isinstance(overview, StudyError):
            say(f"{place} cannot be read: {overview}")


def _line(overview: Overview | StudyError) -> tuple[str, str, str, str, str]:
    from latent_spaces_by_example.cli.status import ago
    from latent_spaces_by_example.parameters import split_parameters

    if isinstance(overview, StudyError):
        return ("cannot be read", "", "", "", "")
    settings = overview.settings
    done = (
        str(overview.done) if settings.budget is None else f"{overview.done} of {settings.budget}"
    )
    failed = f", {overview.failed} failed" if overview.failed else ""
    pending = f", {overview.pending} open" if overview.pending else ""
    return (
        f"{done}{failed}{pending}",
        overview.ranking.best_in_words(overview.trials),
        ago(overview.last),
        split_parameters(settings.generator)[0],
        split_parameters(settings.objective)[0],
    )
