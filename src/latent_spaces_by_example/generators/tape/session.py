"""One run of a sampler with its draws answered by a deck, and all other randomness held."""

# ruff: noqa: NPY002 - the legacy stream is what is held here
from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from latent_spaces_by_example.generators.tape.deck import Deck
from latent_spaces_by_example.generators.tape.numpy_draws import numpy_draws
from latent_spaces_by_example.generators.tape.routes import RouteGate, Routes, RouteWatch
from latent_spaces_by_example.generators.tape.torch_draws import TorchDraws

# Random states are the process's, so one sampler runs at a time; one may run inside another.
_ONE_AT_A_TIME = threading.RLock()


@dataclass(frozen=True)
class OtherStreams:
    """Keep the states of the global streams that are not taken apart into draws."""

    python: Any
    numpy: Any

    @classmethod
    def now(cls) -> OtherStreams:
        """Return the states as they are."""
        return cls(random.getstate(), np.random.get_state())

    def restore(self) -> None:
        """Go back to them."""
        random.setstate(self.python)
        np.random.set_state(self.numpy)

    def used_since(self) -> tuple[bool, bool]:
        """Return whether Python's and NumPy's stream have moved since."""
        numpy_now = np.random.get_state()
        same = all(np.array_equal(a, b) for a, b in zip(self.numpy, numpy_now, strict=True))
        return random.getstate() != self.python, not same


def run_watched(sampler: Callable[[], Any], deck: Deck, *, with_numpy: bool) -> tuple[Any, Routes]:
    """Run a sampler whose draws a deck answers; return its output and the routes of its draws.

    Every operation of torch is looked at.
    """
    draws = TorchDraws(deck)
    watch = RouteWatch(draws)
    with _ONE_AT_A_TIME, numpy_draws(deck) if with_numpy else nullcontext(), draws, watch:
        output = sampler()
    return output, watch.routes()


def run(sampler: Callable[[], Any], deck: Deck, *, with_numpy: bool, routes: Routes) -> Any:
    """Run a sampler likewise, but look only where a draw can come from."""
    if routes.beside_python:
        return run_watched(sampler, deck, with_numpy=with_numpy)[0]
    gate = RouteGate(deck, routes)
    with _ONE_AT_A_TIME, numpy_draws(deck) if with_numpy else nullcontext(), gate:
        return sampler()


@contextmanager
def streams_held(states: OtherStreams) -> Iterator[None]:
    """Start the other streams where they were then; leave them as they were before."""
    with _ONE_AT_A_TIME:
        before = OtherStreams.now()
        states.restore()
        try:
            yield
        finally:
            before.restore()
