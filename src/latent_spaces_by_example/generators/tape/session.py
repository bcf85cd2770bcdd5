"""One run of a sampler with its draws answered by a deck, and all other randomness held."""

# ruff: noqa: NPY002 - the legacy stream is what is held here
from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from latent_spaces_by_example.generators.tape.deck import Deck
from latent_spaces_by_example.generators.tape.numpy_draws import NumPySources

# Random states are the process's, so one sampler runs at a time; one may run inside another.
_ONE_AT_A_TIME = threading.RLock()


@dataclass(frozen=True)
class OtherStreams:
    """Keep the states of the global streams that are not taken apart into draws.

    Attributes:
        python: of Python's ``random``.
        numpy: of NumPy's global functions; None where their draws are recorded.
    """

    python: Any
    numpy: Any | None

    @classmethod
    def seeded(cls, seed: int, *, with_numpy: bool) -> OtherStreams:
        """Return states that are the same in every process; NumPy's is left out ``with_numpy``."""
        numpy = None if with_numpy else np.random.RandomState(seed).get_state()
        return cls(random.Random(seed).getstate(), numpy)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Start the streams here; leave them as they were before."""
        with _ONE_AT_A_TIME:
            before = random.getstate(), np.random.get_state()
            self._set(self.python, self.numpy)
            try:
                yield
            finally:
                self._set(before[0], None if self.numpy is None else before[1])

    def used(self) -> list[str]:
        """Return the names of the streams that have moved, while they are held."""
        names = [] if random.getstate() == self.python else ["Python's random"]
        if self.numpy is not None and not all(
            np.array_equal(a, b) for a, b in zip(self.numpy, np.random.get_state(), strict=True)
        ):
            names.append("numpy.random")
        return names

    @staticmethod
    def _set(python: Any, numpy: Any | None) -> None:
        random.setstate(python)
        if numpy is not None:
            np.random.set_state(numpy)


def run_watched(
    sampler: Callable[[], Any], deck: Deck, *, numpy: NumPySources | None
) -> tuple[Any, bool]:
    """Run a sampler whose draws a deck answers; return its output, and whether ``run`` will do.

    Every operation of torch is looked at, if torch is installed.
    """
    with _ONE_AT_A_TIME, nullcontext() if numpy is None else numpy.sent_to(deck):
        if not has_torch():
            return sampler(), False
        from latent_spaces_by_example.generators.tape.routes import RouteWatch
        from latent_spaces_by_example.generators.tape.torch_draws import TorchDraws

        draws = TorchDraws(deck)
        watch = RouteWatch(draws)
        with draws, watch:
            output = sampler()
    return output, watch.saw_all


def run(sampler: Callable[[], Any], deck: Deck, *, numpy: NumPySources | None) -> Any:
    """Run a sampler of torch likewise, but look only into calls that draw by name."""
    from latent_spaces_by_example.generators.tape.routes import RouteGate

    gate = RouteGate(deck)
    with _ONE_AT_A_TIME, nullcontext() if numpy is None else numpy.sent_to(deck), gate:
        return sampler()


def has_torch() -> bool:
    """Return whether torch is installed."""
    return find_spec("torch") is not None
