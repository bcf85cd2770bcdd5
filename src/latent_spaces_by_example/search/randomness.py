"""Making somebody else's optimiser repeat itself: every generator that it draws from is seeded."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np


class GlobalGenerators:
    """NumPy's and Python's global generators, lent to an optimiser and given back unchanged.

    Between two loans the optimiser's state of them is kept, so that it goes on where it was.
    """

    def __init__(self) -> None:
        self._state: Any = None

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Inside, the global generators are where the optimiser left them."""
        outside = _global_state()
        if self._state is not None:
            _set_global_state(self._state)
        try:
            yield
        finally:
            self._state = _global_state()
            _set_global_state(outside)


@contextmanager
def seeded_globals(seed: int) -> Iterator[None]:
    """Inside, the global generators are seeded; afterwards they are as they were."""
    with GlobalGenerators().lent():
        seed_globals(seed)
        yield


def seed_globals(seed: int) -> None:
    """Seed NumPy's and Python's global generators."""
    np.random.seed(seed)  # noqa: NPY002
    random.seed(seed)


def _global_state() -> Any:
    return np.random.get_state(), random.getstate()  # noqa: NPY002


def _set_global_state(state: Any) -> None:
    np.random.set_state(state[0])  # noqa: NPY002
    random.setstate(state[1])


def reseed(thing: Any, seed: int) -> None:
    """Seed every generator that an object holds, at any depth, with the same number.

    That is what Optuna's samplers do with the seed that they are given.
    """
    seen: set[int] = set()
    waiting = [thing]
    while waiting:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, _NOT_ENTERED):
            continue
        seen.add(id(found))
        if not _seeded(found, seed):
            waiting.extend(_parts(found))


_NOT_ENTERED = (
    *(type, ModuleType, FunctionType, MethodType, np.ndarray),
    *(str, bytes, int, float, complex, type(None)),
)

_SEEDED: dict[type, Callable[[Any, int], object]] = {
    np.random.RandomState: lambda found, seed: found.seed(seed),
    random.Random: lambda found, seed: found.seed(seed),
}


def _seeded(found: Any, seed: int) -> bool:
    for kind, put in _SEEDED.items():
        if isinstance(found, kind):
            put(found, seed)
            return True
    if isinstance(found, np.random.Generator):
        bits = found.bit_generator
        bits.state = type(bits)(seed).state
        return True
    return False


def _parts(found: Any) -> list[Any]:
    if isinstance(found, Mapping):
        return list(found.values())
    if isinstance(found, (list, tuple, set, frozenset)):
        return list(found)
    if type(found).__name__ == "LazyRandomState":
        return [found.rng]  # Optuna's: there is nothing to seed until it has been asked for once
    return list(getattr(found, "__dict__", {}).values())
