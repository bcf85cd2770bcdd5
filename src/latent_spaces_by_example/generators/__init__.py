"""Generators: what turns latents into outputs, z -> x; ``load`` gives the ones that come along."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError
from latent_spaces_by_example.generators.base import Generator

# name -> (module with a function ``load``, extra that brings what it needs)
_EMBEDDED = {"airfoil": ("latent_spaces_by_example.generators.airfoil", "airfoil")}


def names() -> list[str]:
    """Names that ``load`` knows.

    >>> names()
    ['airfoil']
    """
    return sorted(_EMBEDDED)


def load(name: str) -> Generator:
    """Load an embedded generator: trained weights that are part of this package.

    Args:
        name: one of ``names()``.

    Raises:
        ArgumentError: no generator of this name.
        MissingPackageError: a package that runs this generator is not installed.

    >>> import numpy as np
    >>> generator = load("airfoil")
    >>> generator.generate(np.zeros((3, *generator.latent_shape))).shape
    (3, 127, 2)
    """
    if not isinstance(name, str) or name not in _EMBEDDED:
        near = get_close_matches(str(name), names(), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ArgumentError(
            f"name is {name!r}, but the embedded generators are: {', '.join(names())}.{hint}"
        )
    module, extra = _EMBEDDED[name]
    try:
        generator: Generator = import_module(module).load()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("latent_spaces_by_example"):
            raise
        raise MissingPackageError(
            f"the generator {name!r} needs {error.name}; install it with: "
            f"pip install 'latent-spaces-by-example[{extra}]'"
        ) from error
    return generator
