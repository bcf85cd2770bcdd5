"""Find the names by which a sampler holds a random source, so that another can take its place."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import CellType, FrameType
from typing import Any

from latent_spaces_by_example.errors import ArgumentError


@dataclass(frozen=True, eq=False)
class Binding:
    """Name a place that holds an object.

    Attributes:
        holder: a dictionary (a module's, say), a list, the cell of a closure, or an object.
        key: the key, the index or the attribute; None in a cell.
    """

    holder: Any
    key: Any = None

    def bind(self, value: Any) -> None:
        """Hold another object there."""
        if isinstance(self.holder, CellType):
            self.holder.cell_contents = value
        elif isinstance(self.holder, (dict, list)):
            self.holder[self.key] = value
        else:
            setattr(self.holder, self.key, value)


@contextmanager
def rebound(bindings: Sequence[Binding], *, to: Any, back_to: Any) -> Iterator[None]:
    """Hold another object in all these places for a while."""
    try:
        for binding in bindings:
            binding.bind(to)
        yield
    finally:
        for binding in bindings:
            binding.bind(back_to)


def imported_names(functions: Mapping[str, Any]) -> list[tuple[str, Binding]]:
    """Return where modules hold these functions, as ``from numpy.random import randn`` does."""
    names = {id(function): name for name, function in functions.items()}
    return [
        (names[id(value)], Binding(vars(module), key))
        for module_name, module in list(sys.modules.items())
        if module_name.partition(".")[0] != "numpy" and hasattr(module, "__dict__")
        for key, value in list(vars(module).items())
        if id(value) in names
    ]


def bindings_of(rng: Any, *, besides: Sequence[Any]) -> list[Binding]:
    """Return the attributes, variables and items that hold an object.

    Args:
        rng: the object.
        besides: containers that are not meant.

    Raises:
        ArgumentError: nothing holds it that could hold another.
    """
    bindings = []
    gc.unfreeze()  # what a program has frozen is found by no search
    for holder in gc.get_referrers(rng):
        if isinstance(holder, FrameType) or any(holder is one for one in besides):
            continue
        if isinstance(holder, CellType):
            bindings.append(Binding(holder))
        elif isinstance(holder, list):
            bindings += [Binding(holder, i) for i, one in enumerate(holder) if one is rng]
        elif isinstance(holder, dict) and "__module__" in holder:  # a class's, as a rule
            owners = [one for one in gc.get_referrers(holder) if isinstance(one, type)]
            # its dictionary must not be written to: attributes are cached
            bindings += [Binding(one, key) for one in owners for key in _keys_of(vars(one), rng)]
        else:
            items = holder if isinstance(holder, dict) else getattr(holder, "__dict__", {})
            bindings += [Binding(holder, key) for key in _keys_of(items, rng)]
    if not bindings:
        raise ArgumentError(
            f"rngs holds {rng!r:.80}, which no attribute, variable, list or dictionary holds; "
            "expected the sampler's own random generators, such as rngs=[model.rng]"
        )
    return bindings


def _keys_of(items: Mapping[Any, Any], thing: Any) -> list[Any]:
    return [key for key, one in list(items.items()) if one is thing]
