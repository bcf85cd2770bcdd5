"""What to score next: searches, each a function of the history of scored weights."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import Any

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError
from latent_spaces_by_example.parameters import read_parameters, split_parameters
from latent_spaces_by_example.search.base import History, Search, SearchSpace

DEFAULT = "latent-gp"

# name -> (module, class); a module is imported only when its search is asked for
_HOME_OF = {
    "chosen-seeds": ("chosen_seeds", "ChosenSeedsSearch"),
    "cma-es": ("cma_es", "CMAESSearch"),
    "direct": ("direct", "DirectSearch"),
    "latent-gp": ("latent_gp", "LatentGPSearch"),
    "nsga-ii": ("nsga_ii", "NSGAIISearch"),
    "random": ("uniform", "RandomSearch"),
    "sobol": ("sobol", "SobolSearch"),
    "tpe": ("tpe", "TPESearch"),
}

__all__ = ["DEFAULT", "History", "Search", "SearchSpace", "available", "load"]


def available() -> list[str]:
    """Names that :func:`load` knows, in alphabetical order."""
    return sorted(_HOME_OF)


def load(search: object, **options: Any) -> Search:
    """Return the search of that name, or the object itself if it can propose.

    Args:
        search: a name from :func:`available`, with parameters if there are any
            ("chosen-seeds:search=cma-es,num_draws=50"), or any object with
            ``propose(history, n, rng)``.
        **options: passed to the search of that name, for example ``weight_chart=...``.

    Raises:
        ArgumentError: unknown name, unknown option, an object without ``propose``, or options
            beside an object.
        MissingPackageError: the package behind the search is not installed.

    Example:
        >>> load("sobol")
        SobolSearch(weight_chart=None)
    """
    if not isinstance(search, str):
        return _own(search, options)
    named, parameters = split_parameters(search)
    if named not in _HOME_OF:
        near = get_close_matches(named.lower().replace("_", "-"), _HOME_OF, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise ArgumentError(f"search={search!r} is not one of {', '.join(available())}.{hint}")
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


def _own(search: object, options: dict[str, Any]) -> Search:
    if isinstance(search, type) or not isinstance(search, Search):
        raise ArgumentError(
            f"search={search!r} is neither a name nor an object with propose(history, n, rng). "
            f"Names: {', '.join(available())}."
        )
    if options:
        raise ArgumentError(
            f"options {sorted(options)} go with a search given by its name; "
            "set them on your own search object instead."
        )
    return search
