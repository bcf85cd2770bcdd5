"""Searches of the user's own: objects, and samplers of Optuna."""

from __future__ import annotations

from importlib import import_module

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import Search

_HOME = "latent_spaces_by_example.search."


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
        f"{named} has no propose(history, n, rng); expected the name of a search, an object that "
        "has it, or a sampler object of Optuna"
    )


def _is_optuna_sampler(thing: object) -> bool:
    # by its ancestors' names: who has a sampler has imported Optuna, and nobody else needs to
    return any(
        cls.__name__ == "BaseSampler" and cls.__module__.partition(".")[0] == "optuna"
        for cls in type(thing).__mro__
    )
