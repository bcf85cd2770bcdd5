"""Parameters in strings such as ``lift-to-drag:cl=0.7``, checked against what takes them."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from latent_spaces_by_example.errors import ArgumentError

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def split_parameters(spec: str) -> tuple[str, str]:
    """The place, and the parameters: what follows the last colon before the first ``=``.

    >>> split_parameters("package.module:function:weight=2")
    ('package.module:function', 'weight=2')
    """
    before, equals, _ = spec.partition("=")
    colon = before.rfind(":") if equals else -1
    return (spec, "") if colon < 0 else (spec[:colon], spec[colon + 1 :].strip())


def read_parameters(text: str, *, of: Callable[..., Any], named: str) -> dict[str, Any]:
    """Parse ``key=value,...`` and check it against what is taken by name.

    Args:
        text: such as "cl=0.7,reynolds=5e5"; may be empty.
        of: the class or function that takes them; of a function, the first parameter is left out.
        named: what the user calls it, for messages.

    Returns:
        Each value in the type of its default; without one, the first of int, float and str that
        it reads as.

    Raises:
        ArgumentError: a parameter that it does not have, or cannot take, or needs.

    >>> read_parameters("cl=0.7", of=lambda outputs, cl=1.0: cl, named="lift")
    {'cl': 0.7}
    """
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
                f"{named} has no parameter {key!r}{near(key, list(accepted))}; "
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


def near(name: str, names: list[str]) -> str:
    """A hint at the names that are most like ``name``, or nothing.

    >>> near("digit", ["digits", "airfoil"])
    ' (did you mean digits?)'
    """
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f" (did you mean {' or '.join(close)}?)" if close else ""
