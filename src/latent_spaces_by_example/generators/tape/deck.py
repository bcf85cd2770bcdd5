"""Two ways to answer a sampler's draws: record what is drawn, or play what a latent says."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from latent_spaces_by_example.errors import SamplerChangedError
from latent_spaces_by_example.generators.tape.parts import Part
from latent_spaces_by_example.generators.tape.places import place_of_draw
from latent_spaces_by_example.generators.tape.streams import SeedStreams


@dataclass(frozen=True)
class Draw:
    """Describe a draw that can be combined: standard numbers of a known law.

    Attributes:
        op: what draws it.
        law: GAUSSIAN or UNIFORM.
        shape: of its numbers.
        dtype: that the sampler draws.
        wide: whether its standard numbers need float64.
        state: returns the state of the sampler's own source, as something that can be hashed.
        now: draws the standard numbers from the sampler's own source.
        again: draws them as a random seed says.
    """

    op: str
    law: str
    shape: tuple[int, ...]
    dtype: str
    wide: bool
    state: Callable[[], bytes]
    now: Callable[[], np.ndarray]
    again: Callable[[SeedStreams], np.ndarray]


@dataclass(frozen=True)
class RandomSource:
    """Reach the random bits of one draw.

    Attributes:
        state: returns a copy of the state.
        set_state: goes back to a state.
        seeded: returns the state that integers stand for, the same in every process.
        skip: draws one number, so that the next draw is another one.
    """

    state: Callable[[], Any]
    set_state: Callable[[Any], Any]
    seeded: Callable[[Sequence[int]], Any]
    skip: Callable[[], Any]

    def run(self, seeds: Sequence[int], run: Callable[[], Any]) -> Any:
        """Return the result of ``run`` with the bits of these integers; leave the source alone."""
        before = self.state()
        self.set_state(self.seeded(seeds))
        try:
            return run()
        finally:
            self.set_state(before)


class Deck(ABC):
    """Answer draws, one after the other.

    Attributes:
        categorical: whether categories are drawn by uniform numbers of the latent, and not held.
    """

    categorical = False

    @abstractmethod
    def combine(self, draw: Draw) -> np.ndarray:
        """Return the standard numbers of a draw that is part of the latent, in its shape."""

    @abstractmethod
    def hold(self, op: str, *, source: RandomSource, run: Callable[[], Any]) -> Any:
        """Return the result of ``run`` with random bits that never change."""


@dataclass(frozen=True)
class Entry:
    """Keep a part with what makes it again: a recipe, or the integers that its held bits stand for.

    Of a :class:`Draw` only the recipe is kept: the rest of it holds the sampler's own arrays.
    """

    part: Part
    again: Callable[[SeedStreams], np.ndarray] | None = None
    held_seeds: tuple[int, int] = (0, 0)


@final
class Recorder(Deck):
    """Let the sampler draw, and keep what it drew.

    Args:
        held_seed: what the bits of draws that are held fixed follow from.
        categorical: see :class:`Deck`.
    """

    def __init__(self, held_seed: int, *, categorical: bool) -> None:
        self.categorical = categorical
        self._held_seed = held_seed
        self._held: dict[bytes, int] = {}
        self.entries: list[Entry] = []
        self.values: list[np.ndarray] = []
        self._size = 0
        self._starts: dict[tuple[Any, ...], int] = {}

    def combine(self, draw: Draw) -> np.ndarray:
        """Draw, and keep the numbers.

        A draw from the same state as an earlier one gives the same numbers, as the random access
        of Brownian trees does: it is the same place of the latent again.
        """
        key = (draw.op, draw.law, draw.shape, draw.dtype, draw.wide, draw.state())
        values = np.asarray(draw.now(), dtype=np.float64 if draw.wide else np.float32)
        values = values.reshape(draw.shape)
        if values.size == 0:
            return values
        start = self._starts.setdefault(key, self._size)
        part = self._part(draw.op, draw.law, shape=draw.shape, dtype=draw.dtype, start=start)
        if start < self._size:
            self.entries.append(Entry(replace(part, repeated=True)))
            return values
        self.entries.append(Entry(part, again=draw.again))
        self.values.append(values.ravel().copy())
        self._size += values.size
        return values

    def hold(self, op: str, *, source: RandomSource, run: Callable[[], Any]) -> Any:
        """Draw with bits of our own, so that every process that records holds the same ones."""
        state = source.state()
        key = state.numpy().tobytes() if hasattr(state, "numpy") else pickle.dumps(state)
        seeds = (self._held_seed, self._held.setdefault(key, len(self._held)))
        result = source.run(seeds, run)
        source.skip()
        shape, dtype = shape_and_dtype(result)
        part = self._part(op, op, shape=shape, dtype=dtype, start=None)
        self.entries.append(Entry(part, held_seeds=seeds))
        return result

    def _part(
        self, op: str, law: str, *, shape: tuple[int, ...], dtype: str, start: int | None
    ) -> Part:
        place = place_of_draw()
        name = f"{op}:{len(self.entries) + 1} at {place}"
        return Part(name, op, law, shape, dtype, start is not None, place, start)


@final
class Player(Deck):
    """Answer each draw from a latent, and refuse draws that were not recorded."""

    def __init__(
        self, entries: tuple[Entry, ...], latent: np.ndarray, *, categorical: bool
    ) -> None:
        self.categorical = categorical
        self._entries = entries
        self._latent = latent
        self._next = 0
        self.refusal: SamplerChangedError | None = None

    def combine(self, draw: Draw) -> np.ndarray:
        """Return the numbers that the latent has for this draw."""
        if 0 in draw.shape:
            return np.empty(draw.shape)
        part = self._expect(draw.op, shape=draw.shape, dtype=draw.dtype)
        return self._latent[part.columns].reshape(draw.shape)

    def hold(self, op: str, *, source: RandomSource, run: Callable[[], Any]) -> Any:
        """Return the result that the bits of the recording give; leave the source as it was."""
        entry = self._entries[self._next] if self._next < len(self._entries) else None
        if entry is None or entry.part.op != op:
            raise self._refuse(op)
        result = source.run(entry.held_seeds, run)
        shape, dtype = shape_and_dtype(result)
        self._expect(op, shape=shape, dtype=dtype)
        return result

    def finish(self) -> None:
        """Check that every recorded draw was made.

        Raises:
            SamplerChangedError: it was not, or a draw was refused and the sampler went on.
        """
        if self.refusal is not None:
            raise self.refusal
        if self._next < len(self._entries):
            part = self._entries[self._next].part
            raise SamplerChangedError(
                f"the sampler made {self._next} of the {len(self._entries)} random draws that "
                f"were recorded; the first that it left out is {_described(part)}. {_WHY}"
            )

    def _expect(self, op: str, *, shape: tuple[int, ...], dtype: str) -> Part:
        part = self._entries[self._next].part if self._next < len(self._entries) else None
        if part is None or (part.op, part.shape, part.dtype) != (op, shape, dtype):
            raise self._refuse(f"{op} of shape {shape} and {dtype}")
        self._next += 1
        return part

    def _refuse(self, drawn: str) -> SamplerChangedError:
        recorded = f"no draw: all {len(self._entries)} had been made"
        if self._next < len(self._entries):
            recorded = _described(self._entries[self._next].part)
        self.refusal = SamplerChangedError(
            f"draw {self._next + 1} of the sampler is now {drawn}, at {place_of_draw()}; when it "
            f"was recorded, it was {recorded}. {_WHY}"
        )
        return self.refusal


_WHY = (
    "Which draws a sampler makes must not depend on what it drew (as in a rejection loop) or on "
    "anything that changes between runs: give the loop a fixed number of tries, or record a "
    "function in which nothing else changes"
)


def _described(part: Part) -> str:
    return f"{part.op} of shape {part.shape} and {part.dtype}, at {part.place}"


def shape_and_dtype(result: Any) -> tuple[tuple[int, ...], str]:
    """Return shape and dtype of the first array in an operation's result; () and "" if none."""
    for one in result if isinstance(result, tuple) else (result,):
        if hasattr(one, "shape") and hasattr(one, "dtype"):
            return tuple(int(n) for n in one.shape), str(one.dtype).removeprefix("torch.")
    return (), ""
