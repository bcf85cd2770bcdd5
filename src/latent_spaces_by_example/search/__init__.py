"""Searches: functions of the history of scored weights that say what to score next."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from latent_spaces_by_example import plugins
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import (
    History,
    Preference,
    Search,
    SearchSpace,
    check_search,
)

if TYPE_CHECKING:
    from latent_spaces_by_example.search.samplers import OptunaSearch

DEFAULT = "latent-gp"


__all__ = [
    "DEFAULT",
    "History",
    "OptunaSearch",
    "Preference",
    "Search",
    "SearchSpace",
    "available",
    "check_search",
    "load",
    "load_stored",
]


def __getattr__(name: str) -> Any:
    if name != "OptunaSearch":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.samplers").OptunaSearch


def __dir__() -> list[str]:
    return sorted(__all__)


def available() -> list[str]:
    """Return the names that :func:`load` knows, in alphabetical order."""
    return plugins.names("searches")


def load(search: object, **options: Any) -> Search:
    """Return the search of a name, or the one that an object is or makes.

    Args:
        search: a name from :func:`available`, with parameters if there are any
            ("chosen-seeds:search=cma-es,num_draws=50"); ``package.module:name`` of your own, an
            object, or a class or function that makes one of the parameters that follow; any object
            with ``propose(history, n, rng)``; or a sampler object of Optuna.
        **options: passed to the search of that name, for example ``weight_chart=...``.

    Raises:
        ArgumentError: unknown name, unknown option, an object that is no search, or options
            beside an object.
        MissingPackageError: the package behind the search is not installed.

    Example:
        >>> load("sobol")
        SobolSearch(weight_chart=None)
    """
    named = f"search {search}" if isinstance(search, str) else f"search={search!r:.80}"
    if isinstance(search, str):
        return _own_search(plugins.load("searches", search, **options), named=named)
    if options:
        raise ArgumentError(
            f"options {sorted(options)} go with a search given by its name; "
            "set them on your own search object instead."
        )
    return _own_search(search, named=named)


def load_stored(search: str) -> Search:
    """Return the search that a study stored by name, if it is built in.

    Importing a module because a database names it would run whatever its writer likes.

    Raises:
        ArgumentError: it is the user's own, and must be given again.
    """
    if not plugins.is_safe_to_reload("searches", search):
        raise ArgumentError(
            f"the study's search is {search}, which is code outside this library; if it is yours, "
            "give it again, made as it was: study.run(objective, search=..., budget=...), "
            "or on the command line --search package.module:name"
        )
    return load(search)


def _own_search(thing: object, *, named: str) -> Search:
    """Return the search that an object of the user's is or makes.

    Args:
        thing: the object.
        named: what the user calls it, for messages.

    Raises:
        ArgumentError: it is no search, and no sampler of Optuna.
    """
    if isinstance(thing, type):
        raise ArgumentError(
            f"{named} is a class; give an object, {thing.__name__}(...), with "
            "propose(history, n, rng), or a sampler of Optuna"
        )
    if isinstance(thing, Search):
        return thing
    if _is_optuna_sampler(thing):
        made: Search = import_module(f"{__name__}.samplers").OptunaSearch(thing)
        return made
    if callable(getattr(thing, "ask", None)) and callable(getattr(thing, "tell", None)):
        raise ArgumentError(
            f"{named} has ask and tell; drive the loop yourself with it: make a study by "
            "lsbe.create_study(...), then trials = study.ask(u=points) and study.tell(trial, score)"
        )
    raise ArgumentError(
        f"{named} has no propose(history, n, rng); expected the name of a search, an object that "
        "has it, or a sampler object of Optuna"
    )


def _is_optuna_sampler(thing: object) -> bool:
    # by its ancestors' names: who has a sampler has imported Optuna, and nobody else needs to
    return any(
        cls.__name__ == "BaseSampler" and cls.__module__.partition(".")[0] == "optuna"
        for cls in type(thing).__mro__
    )
