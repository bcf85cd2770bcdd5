"""Objectives from strings: a name, or the place of the user's own, with parameters."""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from latent_spaces_by_example.errors import ArgumentError, LatentSpacesError
from latent_spaces_by_example.objectives.base import Objective

_BUILT_IN = {"lift-to-drag": "latent_spaces_by_example.objectives.lift_to_drag:LiftToDrag"}
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


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
    place, parameters = _split(spec)
    parts = [part.strip() for part in place.split(":")]
    if len(parts) == 1 and parts[0] in _BUILT_IN:
        factory = _find(_BUILT_IN[parts[0]])
        made: Objective = factory(**_parameters(parameters, of=factory, named=parts[0]))
        return made
    if len(parts) != 2 or not all(parts):
        raise ArgumentError(
            f"no objective is called {spec!r}{_near(parts[0], list(_BUILT_IN))}; expected one of "
            f"{', '.join(sorted(_BUILT_IN))}, or your own as package.module:function, each "
            "followed by :name=value,... for parameters"
        )
    place = ":".join(parts)
    found = _find(place)
    arguments = _parameters(parameters, of=found, named=place)
    if isinstance(found, type):
        function = found(**arguments)
    else:
        function = functools.partial(found, **arguments) if arguments else found
    if not callable(function):
        raise ArgumentError(f"{place} is a class whose objects cannot be called with the outputs")
    return UserObjective(spec=f"{place}:{parameters}" if parameters else place, function=function)


def _split(spec: str) -> tuple[str, str]:
    """The place, and the parameters: what follows the last colon before the first ``=``."""
    before, equals, _ = spec.partition("=")
    colon = before.rfind(":") if equals else -1
    return (spec, "") if colon < 0 else (spec[:colon], spec[colon + 1 :].strip())


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
                f"module {module_name!r} has no {attribute!r}{_near(name, names)} "
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


def _parameters(text: str, *, of: Callable[..., Any], named: str) -> dict[str, Any]:
    """Parse ``key=value,...`` and check it against what the objective takes by name."""
    accepted = _accepted(of)
    listing = ", ".join(
        name if default is inspect.Parameter.empty else f"{name}={default}"
        for name, default in accepted.items()
    )
    values: dict[str, Any] = {}
    for item in filter(None, (item.strip() for item in text.split(","))):
        key, equals, value = (part.strip() for part in item.partition("="))
        if not equals or not key or not value:
            raise ArgumentError(f"a parameter of {named} must read name=value, not {item!r}")
        if key not in accepted:
            raise ArgumentError(
                f"{named} has no parameter {key!r}{_near(key, list(accepted))}; "
                + (f"it has {listing}" if listing else "it has none")
            )
        if key in values:
            raise ArgumentError(f"parameter {key!r} of {named} is given twice")
        values[key] = _value(value, default=accepted[key], named=f"parameter {key!r} of {named}")
    missing = [
        name
        for name, default in accepted.items()
        if default is inspect.Parameter.empty and name not in values
    ]
    if missing:
        raise ArgumentError(f"{named} needs the parameter {missing[0]!r}: {named}:{missing[0]}=...")
    return values


def _accepted(of: Callable[..., Any]) -> Mapping[str, Any]:
    """Parameters that can be given by name, with their defaults; a function's first is outputs."""
    try:
        signature = inspect.signature(of)
    except (TypeError, ValueError):  # some builtins have none
        return {}
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    taken = [parameter for parameter in signature.parameters.values() if parameter.kind in named]
    if not isinstance(of, type) and taken and taken[0].kind is named[0]:
        taken = taken[1:]
    return {parameter.name: parameter.default for parameter in taken}


def _value(text: str, *, default: Any, named: str) -> bool | int | float | str:
    """The value in the default's type; without one, the first of int, float, str that fits."""
    if isinstance(default, bool):
        if text.lower() not in _TRUTH:
            raise ArgumentError(f"{named} must be true or false, not {text!r}")
        return _TRUTH[text.lower()]
    if isinstance(default, str):
        return text
    try:
        number = float(text)
    except ValueError:
        if isinstance(default, int | float):
            raise ArgumentError(f"{named} must be a number, not {text!r}") from None
        return text
    if isinstance(default, float):
        return number
    whole = number.is_integer()
    if isinstance(default, int) and not whole:
        raise ArgumentError(f"{named} must be a whole number, not {text!r}")
    return int(number) if whole else number


def _near(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f" (did you mean {' or '.join(close)}?)" if close else ""
