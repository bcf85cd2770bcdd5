"""Objectives from strings: a name, or the place of the user's own, with parameters."""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from latent_spaces_by_example.errors import ArgumentError, LatentSpacesError
from latent_spaces_by_example.objectives.base import Objective
from latent_spaces_by_example.parameters import near, read_parameters, split_parameters

_HOME = "latent_spaces_by_example.objectives."
_BUILT_IN = {
    "digit-margin": _HOME + "digit_margin:DigitMargin",
    "effective-conductivity": _HOME + "effective_conductivity:EffectiveConductivity",
    "lift-to-drag": _HOME + "lift_to_drag:LiftToDrag",
}


@dataclass(frozen=True)
class UserObjective:
    """The user's own objective, with the string that it was loaded from.

    Attributes:
        spec: what ``load`` makes it from again.
        function: what is called.
    """

    spec: str
    function: Callable[[Sequence[Any]], Iterable[Any]] = field(repr=False)

    def __call__(self, outputs: Sequence[Any]) -> Iterable[Any]:
        """Score n outputs with the user's function."""
        return self.function(outputs)


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
    place, parameters = split_parameters(spec)
    parts = [part.strip() for part in place.split(":")]
    if len(parts) == 1 and parts[0] in _BUILT_IN:
        factory = _find(_BUILT_IN[parts[0]])
        made: Objective = factory(**read_parameters(parameters, of=factory, named=parts[0]))
        return made
    if len(parts) != 2 or not all(parts):
        raise ArgumentError(
            f"no objective is called {spec!r}{near(parts[0], list(_BUILT_IN))}; expected one of "
            f"{', '.join(sorted(_BUILT_IN))}, or your own as package.module:function, each "
            "followed by :name=value,... for parameters"
        )
    place = ":".join(parts)
    found = _find(place)
    arguments = read_parameters(parameters, of=found, named=place)
    if isinstance(found, type):
        function = found(**arguments)
    else:
        function = functools.partial(found, **arguments) if arguments else found
    if not callable(function):
        raise ArgumentError(f"{place} is a class whose objects cannot be called with the outputs")
    return UserObjective(spec=f"{place}:{parameters}" if parameters else place, function=function)


def _find(place: str) -> Any:
    """What ``module:attribute`` names, if it can be called."""
    module_name, attribute = place.split(":")
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())  # as ``python -m`` does; a console script does not
    importlib.invalidate_caches()
    try:
        found: Any = importlib.import_module(module_name)
    except LatentSpacesError:
        raise
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name + ".").startswith(error.name + "."):
            raise _broken(module_name, error) from error
        raise ArgumentError(
            f"there is no module {error.name!r}, neither in {os.getcwd()} nor installed: "
            f"expected package.module:function, got {place!r}"
        ) from error
    except Exception as error:
        raise _broken(module_name, error) from error
    for name in attribute.split("."):
        if not hasattr(found, name):
            names = [known for known in dir(found) if not known.startswith("_")]
            raise ArgumentError(
                f"module {module_name!r} has no {attribute!r}{near(name, names)} "
                f"({getattr(sys.modules[module_name], '__file__', 'built in')})"
            )
        found = getattr(found, name)
    if not callable(found):
        raise ArgumentError(
            f"{place} is {found!r:.60}, which cannot be called: expected a function of a "
            "sequence of outputs that returns their scores"
        )
    return found


def _broken(module_name: str, error: Exception) -> ArgumentError:
    return ArgumentError(f"module {module_name!r} fails at import: {type(error).__name__}: {error}")
