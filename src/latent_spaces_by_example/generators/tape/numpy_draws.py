"""Random draws of NumPy: its global functions, and the Generators that ``default_rng`` makes."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, final

import numpy as np

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.tape.bindings import (
    Binding,
    bindings_of,
    imported_names,
    rebound,
)
from latent_spaces_by_example.generators.tape.deck import Deck, Draw, RandomSource
from latent_spaces_by_example.generators.tape.parts import GAUSSIAN, UNIFORM
from latent_spaces_by_example.generators.tape.streams import SeedStreams

# All other public methods of a RandomState and a Generator draw.
_NO_DRAWS = frozenset({"seed", "get_state", "set_state", "spawn", "bit_generator"})
# These only call others, by name, so that the ones that are answered are called.
_BY_OTHERS = frozenset({"randn", "rand", "multivariate_normal"})


@final
class NumPySources:
    """Send draws of NumPy to a deck: of its global functions, of new Generators, of given ones.

    The functions are reached where they were imported by name, too, and in scipy.stats; Generators
    that were made before by naming them, or where the sampler passes them through ``default_rng``.

    Args:
        rngs: Generators and RandomStates that the sampler holds.

    Raises:
        ArgumentError: one of them is no Generator, or nothing holds it.
    """

    def __init__(self, rngs: Sequence[Any] = ()) -> None:
        self._functions: dict[str, Any] = {"default_rng": np.random.default_rng}
        for name in dir(np.random):
            if getattr(getattr(np.random, name), "__self__", None) is np.random.mtrand._rand:
                self._functions[name] = getattr(np.random, name)
        self._imported = imported_names(self._functions)
        for rng in rngs:
            if not isinstance(rng, (np.random.Generator, np.random.RandomState)):
                raise ArgumentError(
                    f"rngs holds {rng!r:.60}; expected NumPy's Generators and RandomStates"
                )
        besides = (rngs, vars(self))
        # NumPy's own module, and each distribution of scipy.stats
        self._holders = bindings_of(np.random.mtrand._rand, besides=besides)
        self._rngs = [(rng, bindings_of(rng, besides=besides)) for rng in rngs]

    def __reduce__(self) -> Any:
        """Find the names again in another process."""
        return NumPySources, ([rng for rng, _ in self._rngs],)

    @contextmanager
    def sent_to(self, deck: Deck) -> Iterator[None]:
        """Answer all these draws from a deck."""
        theirs = np.random.mtrand._rand
        ours = _taped_random_state(deck, theirs)
        replaced: dict[str, Any] = {name: getattr(ours, name, None) for name in self._functions}
        make_generator = self._functions["default_rng"]
        replaced["default_rng"] = lambda seed=None: _taped_generator(deck, make_generator(seed))
        replaced |= {"ranf": ours.random_sample, "sample": ours.random_sample}
        places = [
            ([binding], replaced[name], self._functions[name]) for name, binding in self._imported
        ]
        places += [
            ([Binding(vars(np.random), name)], value, getattr(np.random, name))
            for name, value in replaced.items()
        ]
        places.append((self._holders, ours, theirs))
        for rng, bindings in self._rngs:
            is_state = isinstance(rng, np.random.RandomState)
            taped = (_taped_random_state if is_state else _taped_generator)(deck, rng)
            places.append((bindings, taped, rng))
        with ExitStack() as stack:
            for bindings, to, back_to in places:
                stack.enter_context(rebound(bindings, to=to, back_to=back_to))
            yield
        theirs.set_state(ours.get_state())


class _ScaledDraws:
    """Make normal and uniform draws of standard ones, which are the latent."""

    standard_normal: Any
    random: Any

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        standard = self.standard_normal(_size(size, loc, scale))
        return _plain(loc + np.multiply(scale, standard))

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        share = self.random(_size(size, low, high))
        return _plain(low + np.multiply(np.subtract(high, low), share))


def _taped_random_state(deck: Deck, theirs: np.random.RandomState) -> Any:
    class TapedRandomState(_ScaledDraws, np.random.RandomState):
        """NumPy's own, with its draws answered by a deck."""

        def standard_normal(self, size: Any = None) -> Any:
            return table.combine(GAUSSIAN, super().standard_normal, size=size)

        def random_sample(self, size: Any = None) -> Any:
            return table.combine(UNIFORM, super().random_sample, size=size)

        def random(self, size: Any = None) -> Any:
            return self.random_sample(size)

    table = _Table(deck, is_global=True)
    table.hold_the_rest(TapedRandomState)
    ours = TapedRandomState(theirs._bit_generator)
    ours.set_state(theirs.get_state())
    return ours


def _taped_generator(deck: Deck, generator: np.random.Generator) -> Any:
    class TapedGenerator(_ScaledDraws, np.random.Generator):
        """NumPy's own, with its draws answered by a deck."""

        def standard_normal(
            self, size: Any = None, dtype: Any = np.float64, out: Any = None
        ) -> Any:
            draw = super().standard_normal
            return table.combine(GAUSSIAN, draw, size=size, dtype=dtype, out=out)

        def random(self, size: Any = None, dtype: Any = np.float64, out: Any = None) -> Any:
            return table.combine(UNIFORM, super().random, size=size, dtype=dtype, out=out)

    table = _Table(deck, is_global=False)
    table.hold_the_rest(TapedGenerator)
    return TapedGenerator(generator.bit_generator)


def _source(this: Any) -> RandomSource:
    """Return the source of a RandomState or a Generator."""
    bits = this._bit_generator

    def seeded(seeds: Sequence[int]) -> Any:
        return type(bits)(np.random.SeedSequence(seeds)).state

    skip = partial(bits.random_raw, 1)
    if isinstance(this, np.random.RandomState):
        return RandomSource(partial(this.get_state, legacy=False), this.set_state, seeded, skip)
    return RandomSource(lambda: bits.state, partial(setattr, bits, "state"), seeded, skip)


def _size(size: Any, *parameters: Any) -> Any:
    """Return the size of a draw with array parameters; None for a single number."""
    return size if size is not None else np.broadcast_shapes(*map(np.shape, parameters)) or None


def _plain(values: Any) -> Any:
    """Return a single number as NumPy's own draws do."""
    return float(values) if np.ndim(values) == 0 else values


@final
class _Table:
    """Deal the draws of one source; those that a held draw makes inside stay part of it."""

    def __init__(self, deck: Deck, *, is_global: bool) -> None:
        self._deck = deck
        self._is_global = is_global
        self._holding = False

    def combine(
        self, law: str, draw: Any, *, size: Any, dtype: Any = np.float64, out: Any = None
    ) -> Any:
        """Return the numbers of a standard draw from the deck, as NumPy would."""
        options = {} if self._is_global else {"dtype": dtype}
        if self._holding:
            return draw(size, **options) if out is None else draw(out=out, **options)
        wanted = np.shape(out) if out is not None else () if size is None else np.atleast_1d(size)
        shape = tuple(int(n) for n in wanted)
        name, is_global = draw.__name__, self._is_global

        def state() -> bytes:
            source = draw.__self__
            bits = source.get_state(legacy=False) if is_global else source.bit_generator.state
            return pickle.dumps(bits)

        def now() -> np.ndarray:
            return np.asarray(draw(shape, **options))

        def again(streams: SeedStreams) -> np.ndarray:
            stream = streams.numpy_global if is_global else streams.numpy_generator
            return np.asarray(getattr(stream, name)(shape, **options))

        kind = np.dtype(dtype)
        values = self._deck.combine(
            Draw(f"numpy.{name}", law, shape, kind.name, kind == np.float64, state, now, again)
        )
        if out is not None:
            out[...] = values
            return out
        return kind.type(values[()]).item() if size is None else np.array(values, dtype=kind)

    def hold_the_rest(self, taped: Any) -> None:
        """Hold every public method that draws and that ``taped`` does not define itself."""
        for name in dir(taped):
            own = name.startswith("_") or name in vars(taped) or name in vars(_ScaledDraws)
            if not own and name not in _NO_DRAWS | _BY_OTHERS and callable(getattr(taped, name)):
                setattr(taped, name, self._held(name, getattr(taped, name)))

    def _held(self, name: str, method: Any) -> Any:
        def held(this: Any, *args: Any, **kwargs: Any) -> Any:
            if self._holding:
                return method(this, *args, **kwargs)

            def run() -> Any:
                self._holding = True
                try:
                    return method(this, *args, **kwargs)
                finally:
                    self._holding = False

            return self._deck.hold(f"numpy.{name}", source=_source(this), run=run)

        return held
