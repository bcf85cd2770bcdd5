"""Write commands to go on with, each of which works as it is printed."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from latent_spaces_by_example.cli.options import Place

if TYPE_CHECKING:
    from latent_spaces_by_example.study.settings import Settings

_OPTION_OF = {"generators": "--generator", "objectives": "--objective", "searches": "--search"}


def command(
    verb: str,
    place: Place,
    *extra: str,
    settings: Settings | None = None,
    objective: str | None = None,
    search: str | None = None,
) -> str:
    """Return a command on a study.

    Args:
        verb: such as "resume".
        place: where the study is.
        *extra: further words.
        settings: of the study, if the command needs its generator: what may not be loaded because
            a database names it is named by the command.
        objective: the one in use; None if the command needs none.
        search: the one in use; None if the command needs none.

    >>> command("status", Place("runs/my wing"))
    "lsbe status 'runs/my wing'"
    """
    words = ["lsbe", verb]
    words += [] if place.folder is None else [place.folder]
    if place.storage is not None and not place.from_environment:
        words += ["--storage", _shown(place.storage)]
    if place.name is not None:
        words += ["--study", place.name]
    if settings is not None:
        from latent_spaces_by_example.plugins import is_safe_to_reload

        if not is_safe_to_reload("generators", settings.generator):
            words += ["--generator", place.generator or settings.generator]
        # a function of the user's own, which no database may name
        if ":" in settings.features:
            words += ["--features", place.features or settings.features]
        for kind, used, stored in (
            ("objectives", objective, settings.objective),
            ("searches", search, settings.search),
        ):
            # one that was typed for this run alone has to be typed again
            if used and not (used == stored and is_safe_to_reload(kind, stored)):
                words += [_OPTION_OF[kind], used]
    return shlex.join([*words, *extra])


def resumption(
    place: Place,
    settings: Settings,
    *,
    budget: int | None = None,
    objective: str | None = None,
    search: str | None = None,
) -> str:
    """Return the command that goes on with a study.

    Args:
        place: where the study is.
        settings: of the study.
        budget: evaluations in all; None for the study's own.
        objective: in use; None for the study's own.
        search: in use; None for the study's own.
    """
    extra = () if budget is None else ("--budget", str(budget))
    objective, search = objective or settings.objective, search or settings.search
    return command("resume", place, *extra, settings=settings, objective=objective, search=search)


def check_named(kind: str, spec: str) -> None:
    """Refuse to import a module of the user's own because a database names it.

    That would run whatever the writer of the database likes.

    Args:
        kind: "generators", "objectives" or "searches".
        spec: as it is stored.

    Raises:
        UsageError: it has to be named on the command line.
    """
    from latent_spaces_by_example.plugins import is_safe_to_reload

    if not is_safe_to_reload(kind, spec):
        option = _OPTION_OF[kind]
        # an object's own name does not say which module it is in
        named = spec if ":" in spec else "MODULE:NAME"
        raise click.UsageError(
            f"the study's {option.strip('-')} is {spec}, which is not loaded because a database "
            f"names it; if it is yours, name it: {again(option, named)}"
        )


def again(*more: str) -> str:
    """Return the command that is running with further words."""
    root = click.get_current_context().find_root()
    return shlex.join(["lsbe", *map(_shown, root.obj or []), *more])


def _shown(word: str) -> str:
    """Return a word without the password of a storage's URL."""
    if "://" not in word:
        return word
    from latent_spaces_by_example.study.passwords import shown_storage

    option, equals, url = word.rpartition("=") if word.startswith("--") else ("", "", word)
    return f"{option}{equals}{shown_storage(url)}"
