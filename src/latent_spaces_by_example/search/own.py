"""Searches of the user's own: objects, samplers of Optuna, and both by ``module:name``."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.plugins import resolve
from latent_spaces_by_example.search.base import Search

_HOME = "latent_spaces_by_example.search."
_EXPECTED = "an object with propose(history, n, rng), or a sampler object of Optuna"


def own_search(thing: object, *, named: str) -> Search:
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
        made: Search = import_module(_HOME + "samplers").OptunaSearch(thing)
        return made
    if callable(getattr(thing, "ask", None)) and callable(getattr(thing, "tell", None)):
        raise ArgumentError(
            f"{named} has ask and tell; drive the loop yourself with it: make a study by "
            "lsbe.create_study(...), then trials = study.ask(u=points) and study.tell(trial, score)"
        )
    raise ArgumentError(
        f"{named} has no propose(history, n, rng); expected the name of a search, {_EXPECTED}"
    )


def _is_optuna_sampler(thing: object) -> bool:
    # by its ancestors' names: who has a sampler has imported Optuna, and nobody else needs to
    return any(
        cls.__name__ == "BaseSampler" and cls.__module__.partition(".")[0] == "optuna"
        for cls in type(thing).__mro__
    )


def is_place(spec: str) -> bool:
    """Return whether a string is ``module:name``, not a built-in search with parameters."""
    return ":" in spec and "=" not in spec


def search_at(place: str) -> Search:
    """Return the search at ``module:name``: an object, or what makes one without arguments.

    Raises:
        ArgumentError: there is none there.
    """
    parts = [part.strip() for part in place.split(":")]
    if len(parts) != 2 or not all(parts):
        raise ArgumentError(
            f"search={place!r}; expected a name, or your own as package.module:name"
        )
    there = resolve(":".join(parts))
    made = not isinstance(there, type) and (hasattr(there, "propose") or _is_optuna_sampler(there))
    if callable(there) and not made:
        there = _called(there, place)
    return own_search(there, named=f"search {place}")


def _called(factory: Any, place: str) -> object:
    try:
        inspect.signature(factory).bind()
    except TypeError as error:
        raise ArgumentError(
            f"search {place} cannot be called without arguments ({error}); expected {_EXPECTED}, "
            "or a function without arguments that returns one"
        ) from error
    made: object = factory()
    return made
