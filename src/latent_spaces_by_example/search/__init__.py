"""Searches: functions of the history of scored weights that say what to score next."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError
from latent_spaces_by_example.parameters import read_parameters, split_parameters
from latent_spaces_by_example.search.base import History, Search, SearchSpace, check_search
from latent_spaces_by_example.search.own import is_place, own_search, search_at

if TYPE_CHECKING:
    from latent_spaces_by_example.search.samplers import OptunaSearch

DEFAULT = "latent-gp"

# name -> (module, class); a module is imported only when its search is asked for
_HOME_OF = {
    "chosen-seeds": ("chosen_seeds", "ChosenSeedsSearch"),
    "cma-es": ("samplers", "CMAESSearch"),
    "direct": ("direct", "DirectSearch"),
    "gp": ("samplers", "GPSearch"),
    "latent-gp": ("latent_gp", "LatentGPSearch"),
    "nsga-ii": ("samplers", "NSGAIISearch"),
    "random": ("coverage", "RandomSearch"),
    "sobol": ("coverage", "SobolSearch"),
    "tpe": ("samplers", "TPESearch"),
}

__all__ = [
    "DEFAULT",
    "History",
    "OptunaSearch",
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
    return sorted(_HOME_OF)


def load(search: object, **options: Any) -> Search:
    """Return the search of a name, or the one that an object is or makes.

    Args:
        search: a name from :func:`available`, with parameters if there are any
            ("chosen-seeds:search=cma-es,num_draws=50"); ``package.module:name`` of your own, an
            object or a function without arguments that makes one; any object with
            ``propose(history, n, rng)``; or a sampler object of Optuna.
        **options: passed to the search of that name, for example ``weight_chart=...``.

    Raises:
        ArgumentError: unknown name, unknown option, an object that is no search, or options
            beside an object.
        MissingPackageError: the package behind the search is not installed.

    Example:
        >>> load("sobol")
        SobolSearch(weight_chart=None)
    """
    if isinstance(search, str) and not is_place(search):
        return load_named(search, **options)
    if options:
        raise ArgumentError(
            f"options {sorted(options)} go with a search given by its name; "
            "set them on your own search object instead."
        )
    if isinstance(search, str):
        return search_at(search)
    return own_search(search, named=f"search={search!r:.80}")


def load_named(search: str, **options: Any) -> Search:
    """Return the built-in search of a name; nothing else is imported.

    Raises:
        ArgumentError: unknown name, or unknown option.
        MissingPackageError: the package behind the search is not installed.
    """
    named, parameters = split_parameters(search)
    if named not in _HOME_OF:
        near = get_close_matches(named.lower().replace("_", "-"), _HOME_OF, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise ArgumentError(
            f"search={search!r} is not one of {', '.join(available())}, and not "
            f"package.module:name of your own.{hint}"
        )
    module, name = _HOME_OF[named]
    try:
        cls = getattr(import_module(f"{__name__}.{module}"), name)
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"search={search!r} needs the package {error.name!r}: pip install {error.name}"
        ) from error
    options = {**read_parameters(parameters, of=cls, named=named), **options}
    try:
        made: Search = cls(**options)
    except TypeError as error:
        raise ArgumentError(f"search={search!r} does not take these options: {error}.") from error
    return made


def load_stored(search: str) -> Search:
    """Return the search that a study stored by name, if it is built in.

    Importing a module because a database names it would run whatever its writer likes.

    Raises:
        ArgumentError: it is the user's own, and must be given again.
    """
    if split_parameters(search)[0] not in _HOME_OF:
        raise ArgumentError(
            f"the study's search is {search}, which is code outside this library; if it is yours, "
            "give it again, made as it was: study.run(objective, search=..., budget=...), "
            "or on the command line --search package.module:name"
        )
    return load_named(search)
