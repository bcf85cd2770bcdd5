"""Objectives from strings: a name, or the place of the user's own, with parameters."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import unquote

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError
from latent_spaces_by_example.objectives.base import Objective
from latent_spaces_by_example.parameters import near, read_parameters, split_parameters
from latent_spaces_by_example.places import find

_HOME = "latent_spaces_by_example.zoo."
_BUILT_IN = {
    "clip": _HOME + "clip:Clip",
    "digit-margin": _HOME + "digits.digit_margin:DigitMargin",
    "effective-conductivity": _HOME + "microstructure.effective_conductivity:EffectiveConductivity",
    "lift-to-drag": _HOME + "airfoil.lift_to_drag:LiftToDrag",
}


@dataclass(frozen=True)
class UserObjective:
    """The user's own objective, with the string that it was loaded from.

    Attributes:
        spec: what ``load`` makes it from again.
        function: what is called.
    """

    spec: str
    function: Callable[[Any], Iterable[Any]] = field(repr=False)

    @property
    def scores(self) -> tuple[str, ...]:
        """The names of several scores, where the function says them."""
        return tuple(self._said("scores", ()))

    @property
    def noisy(self) -> Any:
        """Whether a second evaluation would score something else, where the function says it."""
        return self._said("noisy", False)

    def _said(self, attribute: str, otherwise: Any) -> Any:
        # of a function that is given parameters, a partial one, it is the function that says it
        return getattr(getattr(self.function, "func", self.function), attribute, otherwise)

    def __call__(self, outputs: Any) -> Iterable[Any]:
        """Score n outputs with the user's function."""
        return self.function(outputs)


def names() -> list[str]:
    """Names that :func:`load` knows, in alphabetical order."""
    return sorted(_BUILT_IN)


def load(spec: str) -> Objective:
    """The objective that a string names: ``NAME`` or ``MODULE:FUNCTION``, then ``:KEY=VALUE,...``.

    Modules are looked for in the current directory too. A function is called with the outputs,
    the parameters added by name; a class is made with the parameters, and its object is called
    with the outputs.

    Args:
        spec: such as "lift-to-drag", "lift-to-drag:cl=0.7,reynolds=5e5",
            "my_package.my_module:score" or "my_module:score:weight=2".

    Returns:
        A callable with ``spec``, the string that makes it again.

    Raises:
        ArgumentError: unknown name, module or function, something that cannot be called, or a
            parameter that it does not have or cannot take.
        MissingPackageError: the objective needs a package that is not installed.

    >>> load("lift-to-drag:cl=0.7").spec
    'lift-to-drag:cl=0.7,reynolds=1000000.0,min_thickness=0.12,...'
    """
    if spec.partition(":")[0].strip() == "clip":
        return _clip(spec)
    place, parameters = split_parameters(spec)
    parts = [part.strip() for part in place.split(":")]
    if len(parts) == 1 and parts[0] in _BUILT_IN:
        factory = find(_BUILT_IN[parts[0]])
        made: Objective = factory(**read_parameters(parameters, of=factory, named=parts[0]))
        return made
    if len(parts) != 2 or not all(parts):
        raise ArgumentError(
            f"no objective is called {spec!r}{near(parts[0], names())}; expected one of "
            f"{', '.join(names())}, or your own as package.module:function, each "
            "followed by :name=value,... for parameters"
        )
    place = ":".join(parts)
    found = find(place)
    if not callable(found):
        raise ArgumentError(
            f"{place} is {found!r:.60}, which cannot be called: expected a function of a "
            "sequence of outputs that returns their scores"
        )
    arguments = read_parameters(parameters, of=found, named=place)
    if isinstance(found, type):
        function = found(**arguments)
    else:
        function = functools.partial(found, **arguments) if arguments else found
    if not callable(function):
        raise ArgumentError(f"{place} is a class whose objects cannot be called with the outputs")
    return UserObjective(spec=f"{place}:{parameters}" if parameters else place, function=function)


def _clip(spec: str) -> Objective:
    """``clip:a red sports car``, a prompt in plain words, or ``clip:prompt=...,model=...``."""
    rest = spec.partition(":")[2].strip()
    try:
        factory = import_module(_HOME + "clip").Clip
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith(_HOME.split(".")[0]):
            raise
        raise MissingPackageError(
            f"the objective 'clip' needs {error.name}; install it with: "
            "pip install 'latent-spaces-by-example[diffusers]'"
        ) from error
    if rest and "=" not in rest:
        made: Objective = factory(prompt=rest)
        return made
    values = read_parameters(rest, of=factory, named="clip")
    # an objective's own spec quotes what would otherwise end a parameter
    return factory(**{name: unquote(value) for name, value in values.items()})
