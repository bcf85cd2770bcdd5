"""Parameters of named things: read from and written to ``lift-to-drag:cl=0.7``, and checked."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from latent_spaces_by_example.errors import ArgumentError

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_TEXTS = ("str", "str | None", "<class 'str'>")
_ANY = inspect.Parameter("any", inspect.Parameter.KEYWORD_ONLY)


def split_parameters(spec: str) -> tuple[str, str]:
    """Split a string into the place and its parameters, after the last colon before a ``=``.

    >>> split_parameters("package.module:function:weight=2")
    ('package.module:function', 'weight=2')
    """
    before, equals, _ = spec.partition("=")
    colon = before.rfind(":") if equals else -1
    return (spec, "") if colon < 0 else (spec[:colon], spec[colon + 1 :].strip())


def written(name: str, parameters: Mapping[str, Any]) -> str:
    """Write a name and its parameters, those that are None left out, as ``load`` reads them.

    >>> written("digit-margin", {"digit": 3, "slant": None})
    'digit-margin:digit=3'
    """
    given = [f"{key}={value}" for key, value in parameters.items() if value is not None]
    return f"{name}:{','.join(given)}"


def check_choice(value: Any, *, argument: str, choices: Iterable[str]) -> None:
    """Refuse a parameter that is none of the words that it may be.

    Raises:
        ArgumentError: with the choices.
    """
    listed = list(choices)
    if not isinstance(value, str) or value not in listed:
        hint = near(value, listed) if isinstance(value, str) else ""
        raise ArgumentError(f"{argument}={value!r:.60}; expected one of {', '.join(listed)}{hint}")


def read_parameters(
    text: str,
    *,
    of: Callable[..., Any],
    named: str,
    given: Iterable[str] = (),
    skip_first: bool = False,
) -> dict[str, Any]:
    """Parse ``key=value,...`` and check it against what is taken by name.

    Args:
        text: such as "cl=0.7,reynolds=5e5"; may be empty. In texts ``%2C`` stands for a comma, as
            in addresses of the web.
        of: the class or function that takes them. Where it takes any keyword, any is accepted.
        named: what the user calls it, for messages.
        given: parameters that are given otherwise, and need not be in the text.
        skip_first: whether the first parameter is for something else, such as the outputs that a
            function scores.

    Returns:
        Each value in the type of its default; without one a text where the annotation says so,
        or else the first of int, float and str that it reads as.

    Raises:
        ArgumentError: a parameter that it does not have, or cannot take, or needs.

    >>> read_parameters("cl=0.7", of=lambda *, cl=1.0: cl, named="lift")
    {'cl': 0.7}
    """
    accepted, takes_any = _accepted(of, skip_first=skip_first)
    listing = ", ".join(
        name if parameter.default is parameter.empty else f"{name}={parameter.default}"
        for name, parameter in accepted.items()
    )
    values: dict[str, Any] = {}
    for item in filter(None, (item.strip() for item in text.split(","))):
        key, _, value = (part.strip() for part in item.partition("="))
        if not key or not value:
            raise ArgumentError(f"a parameter of {named} must read name=value, not {item!r}")
        if key not in accepted and not takes_any:
            raise ArgumentError(
                f"{named} has no parameter {key!r}{near(key, list(accepted))}; "
                + (f"it has {listing}" if listing else "it has none")
            )
        if key in values:
            raise ArgumentError(f"parameter {key!r} of {named} is given twice")
        parameter = accepted.get(key, _ANY)
        values[key] = _value(value, parameter, named=f"parameter {key!r} of {named}")
    elsewhere = set(given)
    for name, parameter in accepted.items():
        if parameter.default is parameter.empty and name not in values and name not in elsewhere:
            raise ArgumentError(f"{named} needs the parameter {name!r}: {named}:{name}=...")
    return values


def _accepted(
    of: Callable[..., Any], *, skip_first: bool
) -> tuple[Mapping[str, inspect.Parameter], bool]:
    """Return the parameters that can be given by name, and whether any other can be too."""
    try:
        parameters = list(inspect.signature(of).parameters.values())
    except (TypeError, ValueError):  # some builtins have none
        return {}, False
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    taken = [parameter for parameter in parameters if parameter.kind in named]
    if skip_first and taken and taken[0].kind is named[0]:
        taken = taken[1:]
    return {parameter.name: parameter for parameter in taken}, takes_any


def _value(text: str, parameter: inspect.Parameter, *, named: str) -> bool | int | float | str:
    default = parameter.default
    if isinstance(default, bool):
        if text.lower() not in _TRUTH:
            raise ArgumentError(f"{named} must be true or false, not {text!r}")
        return _TRUTH[text.lower()]
    if isinstance(default, str) or str(parameter.annotation) in _TEXTS:
        return unquote(text)
    try:
        number = float(text)
    except ValueError:
        if isinstance(default, int | float):
            raise ArgumentError(f"{named} must be a number, not {text!r}") from None
        return unquote(text)
    if isinstance(default, float):
        return number
    if not number.is_integer():
        if isinstance(default, int):
            raise ArgumentError(f"{named} must be a whole number, not {text!r}")
        return number
    return int(text) if text.lstrip("+-").isdecimal() else int(number)


def near(name: str, names: list[str]) -> str:
    """Return a hint at the names that are most like ``name``, or an empty text.

    >>> near("digit", ["digits", "airfoil"])
    ' (did you mean digits?)'
    """
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f" (did you mean {' or '.join(close)}?)" if close else ""
