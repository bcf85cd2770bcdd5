"""Generators, which turn latents into outputs, z -> x."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from latent_spaces_by_example import plugins
from latent_spaces_by_example.arguments import check_has
from latent_spaces_by_example.generators.base import Generator

if TYPE_CHECKING:
    from latent_spaces_by_example.generators.pipelines import diffusers as diffusers
    from latent_spaces_by_example.generators.tape import noise_tape as noise_tape

# public function -> its module, and the extra that brings what it needs
_HOME_OF = {
    "diffusers": (f"{__name__}.pipelines", "diffusers"),
    "noise_tape": (f"{__name__}.tape", "torch"),
}


def names() -> list[str]:
    """Return the names that ``load`` knows, in alphabetical order.

    >>> names()[:3]
    ['airfoil', 'diffusers', 'digits']
    """
    return plugins.names("generators")


def load(name: str) -> Generator:
    """Load a generator: ``NAME`` or ``MODULE:OBJECT``, then ``:KEY=VALUE,...``.

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
    if isinstance(name, str) and name.startswith("diffusers:"):
        from latent_spaces_by_example.generators.pipelines import from_spec

        # it reads its arguments itself, since a pipeline's call takes lists and any text
        return from_spec(name.removeprefix("diffusers:"))
    made: Generator = plugins.load("generators", name)
    check_has(made, "latent_shape", "generate", argument=f"generator {name}")
    return made


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, extra = _HOME_OF[name]
    with plugins.missing_packages_named(f"generators.{name}", extra=extra):
        return getattr(import_module(module), name)
