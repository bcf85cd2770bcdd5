"""Generators: what turns latents into outputs, z -> x; ``load`` gives the ones that come along."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError
from latent_spaces_by_example.generators.base import Generator
from latent_spaces_by_example.parameters import near, read_parameters, split_parameters
from latent_spaces_by_example.places import find

if TYPE_CHECKING:
    from latent_spaces_by_example.generators.pipelines import diffusers as diffusers
    from latent_spaces_by_example.generators.tape import noise_tape as noise_tape

# public function -> module where it is, the extra with what it needs
_HOME_OF = {
    "diffusers": (f"{__name__}.pipelines", "diffusers"),
    "noise_tape": (f"{__name__}.tape", "torch"),
}

_ZOO = "latent_spaces_by_example.zoo"
# name -> module, what makes the generator there, the extra with what it needs
_EMBEDDED = {
    "airfoil": (f"{_ZOO}.airfoil.generator", "load", "airfoil"),
    "digits": (f"{_ZOO}.digits.generator", "load", "digits"),
    "microstructure": (f"{_ZOO}.microstructure.generator", "Microstructure", None),
}


def names() -> list[str]:
    """Names that ``load`` knows.

    >>> names()
    ['airfoil', 'digits', 'microstructure']
    """
    return sorted(_EMBEDDED)


def load(name: str) -> Generator:
    """Load a generator: ``NAME`` of an embedded one, or ``MODULE:OBJECT``, then ``:KEY=VALUE,...``.

    Args:
        name: one of ``names()``, with parameters for those that have some, such as
            "microstructure:size=64,correlation_length=4"; a generator's own ``name``
            makes the same one again. Or ``diffusers:FOLDER_OR_HUB_ID`` with the parameters of
            ``generators.diffusers`` and of the pipeline's call; or the place of your own, an
            object or a class, in a module that is installed or in the current directory.

    Raises:
        ArgumentError: no generator of this name, a parameter that it does not have or take, or
            something that has no ``latent_shape`` or no ``generate``.
        MissingPackageError: a package that runs this generator is not installed.

    >>> import numpy as np
    >>> generator = load("airfoil")
    >>> generator.generate(np.zeros((3, *generator.latent_shape))).shape
    (3, 127, 2)
    >>> load("microstructure:size=64").latent_shape
    (64, 64)
    """
    if name.startswith("diffusers:"):
        from latent_spaces_by_example.generators.pipelines import from_spec

        return from_spec(name.removeprefix("diffusers:"))
    place, parameters = split_parameters(name)
    if ":" in place:
        return _own(place, parameters)
    if place not in _EMBEDDED:
        raise ArgumentError(
            f"no embedded generator is called {name!r}{near(place, names())}; expected one of "
            f"{', '.join(names())}, or your own as package.module:object"
        )
    module, maker, extra = _EMBEDDED[place]
    make = _imported(f"the generator {place!r}", maker, module=module, extra=extra)
    generator: Generator = make(**read_parameters(parameters, of=make, named=place))
    return generator


def _own(place: str, parameters: str) -> Generator:
    found = find(place)
    if isinstance(found, type):
        found = found(**read_parameters(parameters, of=found, named=place))
    elif parameters:
        raise ArgumentError(f"{place} is an object, not a class, so it takes no {parameters!r}")
    missing = [part for part in ("latent_shape", "generate") if not hasattr(found, part)]
    if missing:
        raise ArgumentError(
            f"{place} is {found!r:.60}, which has no {' and no '.join(missing)}; a generator has "
            "latent_shape and generate(z)"
        )
    own: Generator = found
    return own


def _imported(what: str, name: str, *, module: str, extra: str | None) -> Any:
    """A name out of a module, which may need packages that are not installed."""
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if extra is None or error.name is None or error.name.startswith(__name__.split(".")[0]):
            raise
        raise MissingPackageError(
            f"{what} needs {error.name}; install it with: "
            f"pip install 'latent-spaces-by-example[{extra}]'"
        ) from error


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, extra = _HOME_OF[name]
    return _imported(f"generators.{name}", name, module=module, extra=extra)
