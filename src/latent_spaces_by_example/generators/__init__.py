"""Generators: what turns latents into outputs, z -> x; ``load`` gives the ones that come along."""

from __future__ import annotations

from importlib import import_module

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError
from latent_spaces_by_example.generators.base import Generator
from latent_spaces_by_example.parameters import near, read_parameters, split_parameters

# name -> module below this one, what makes the generator there, the extra with what it needs
_EMBEDDED = {
    "airfoil": ("airfoil", "load", "airfoil"),
    "digits": ("digits", "load", "digits"),
    "microstructure": ("microstructure", "Microstructure", None),
}


def names() -> list[str]:
    """Names that ``load`` knows.

    >>> names()
    ['airfoil', 'digits', 'microstructure']
    """
    return sorted(_EMBEDDED)


def load(name: str) -> Generator:
    """Load a generator that is part of this package: ``NAME``, or ``NAME:KEY=VALUE,...``.

    Args:
        name: one of ``names()``, with parameters for those that have some, such as
            "microstructure:size=64,correlation_length=4"; a generator's own ``name``
            makes the same one again.

    Raises:
        ArgumentError: no generator of this name, or a parameter that it does not have or take.
        MissingPackageError: a package that runs this generator is not installed.

    >>> import numpy as np
    >>> generator = load("airfoil")
    >>> generator.generate(np.zeros((3, *generator.latent_shape))).shape
    (3, 127, 2)
    >>> load("microstructure:size=64").latent_shape
    (64, 64)
    """
    place, parameters = split_parameters(name)
    if place not in _EMBEDDED:
        raise ArgumentError(
            f"no embedded generator is called {name!r}{near(place, names())}; expected one of "
            f"{', '.join(names())}"
        )
    module, maker, extra = _EMBEDDED[place]
    try:
        make = getattr(import_module(f"{__name__}.{module}"), maker)
    except ModuleNotFoundError as error:
        if extra is None or error.name is None or error.name.startswith(__name__.split(".")[0]):
            raise
        raise MissingPackageError(
            f"the generator {place!r} needs {error.name}; install it with: "
            f"pip install 'latent-spaces-by-example[{extra}]'"
        ) from error
    generator: Generator = make(**read_parameters(parameters, of=make, named=place))
    return generator
