"""Make a generator of a sampler that never heard of latents: its random draws are the latent."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from types import MappingProxyType
from typing import Any, final

import numpy as np

from latent_spaces_by_example.arguments import ArrayLike, float_array
from latent_spaces_by_example.errors import ArgumentError, SamplerChangedError
from latent_spaces_by_example.generators.base import checked_latents
from latent_spaces_by_example.generators.output_difference import largest_difference, leaves_of
from latent_spaces_by_example.generators.tape.deck import Entry, Player, Recorder
from latent_spaces_by_example.generators.tape.numpy_draws import NumPySources
from latent_spaces_by_example.generators.tape.parts import GAUSSIAN, UNIFORM, Part, table
from latent_spaces_by_example.generators.tape.sampled_outputs import detached, summary_of
from latent_spaces_by_example.generators.tape.session import (
    OtherStreams,
    has_torch,
    run,
    run_watched,
)
from latent_spaces_by_example.generators.tape.streams import SeedStreams
from latent_spaces_by_example.transport_maps import (
    IdentityTransportMap,
    ProductTransportMap,
    TransportMap,
    UniformTransportMap,
)

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
# Spacing of the uniform numbers that torch and NumPy draw, as a share of the interval.
_RESOLUTION = {"float64": 2.0**-52, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}


@final
class NoiseTape:
    """Replay a sampler whose random draws were recorded, a deterministic map of one latent.

    The latent z is the sampler's Gaussian and uniform draws, standardised, one after the other:
    z ~ N(0, I) and U(0, 1). Where the sampler scales and shifts a draw, x = mean + std z, it still
    does. All else that is random is held fixed, with the same values in every process.
    Made by :func:`noise_tape`.

    One replay runs at a time, in one process: others wait. Draws in threads or processes that
    the sampler starts are not seen.

    Attributes:
        parts: every draw, in order, with its law, shape and place in the code.
        latent_shape: (d,), d the number of numbers that can be combined.
        recorded_latent: the latent that was drawn while recording, shape (d,).
        recorded_output: what the sampler gave then.
        transport_map: identity for Gaussian draws, Phi^-1 for uniform ones.
    """

    def __init__(
        self,
        sampler: Callable[[], Any],
        *,
        name: str,
        numpy: bool | None = None,
        rngs: Sequence[Any] = (),
        categorical: bool = False,
        held_seed: int = 0,
    ) -> None:
        """Run the sampler once; :func:`noise_tape` says what the arguments are."""
        self._base_name = name
        self._sampler = sampler
        with_numpy = bool(rngs) or (not has_torch() if numpy is None else numpy)
        self._numpy = NumPySources(rngs) if with_numpy else None
        self._categorical = categorical
        self._held_seed = held_seed
        self._streams = OtherStreams.seeded(held_seed, with_numpy=with_numpy)
        self._fingerprint: str | None = None
        recorder = Recorder(held_seed, categorical=categorical)
        with self._streams.held():
            output, self._draws_by_name = run_watched(sampler, recorder, numpy=self._numpy)
            self._frozen_streams = self._streams.used()
        self.recorded_output = detached(output)
        self._entries: tuple[Entry, ...] = tuple(recorder.entries)
        self.parts: tuple[Part, ...] = tuple(entry.part for entry in self._entries)
        if not recorder.values:
            raise ArgumentError(_nothing_to_combine(self.parts, self._frozen_streams))
        self.recorded_latent: np.ndarray = np.concatenate(recorder.values)
        self.recorded_latent.setflags(write=False)
        self.latent_shape = self.recorded_latent.shape
        self.transport_map = _transport_map(
            [part for part in self.parts if part.combined and not part.repeated]
        )

    def __repr__(self) -> str:
        """Say how many draws of which kind there are."""
        combined = sum(part.combined for part in self.parts)
        return (
            f"NoiseTape({self.name!r}: {combined} draws make a latent of "
            f"{self.latent_shape[0]} numbers, {len(self.parts) - combined} are held fixed)"
        )

    @property
    def name(self) -> str:
        """Return what a study records: the sampler's place, and the fingerprint."""
        return f"{self._base_name} [{self.fingerprint}]"

    @property
    def fingerprint(self) -> str:
        """Return eight digits by which samplers are told apart, the same in every process.

        The digest is of the draws with their laws and shapes, of what is held fixed, and of the
        output of one latent, to two digits: a study is not resumed with a sampler in which any of
        these differ. The first time it may cost one run of the sampler.
        """
        if self._fingerprint is None:
            self._fingerprint = self._make_fingerprint()
        return self._fingerprint

    @property
    def report(self) -> str:
        """Return every draw as a line of text: law, shape, place, and whether it is held fixed."""
        return table(self.parts, frozen_streams=self._frozen_streams)

    def generate(self, z: ArrayLike) -> list[Any]:
        """Run the sampler once for each latent, with its draws as the latent says.

        Args:
            z: latents, shape (n, d): finite, and in [0, 1] where the draw is uniform.

        Returns:
            What the sampler gives, n times.

        Raises:
            ArgumentError: z has another shape, or values that the draws cannot have.
            SamplerChangedError: the sampler draws something else than was recorded.
        """
        return [self._replay(latent) for latent in self._checked(z)]

    def latent_from_random_seed(self, random_seed: Any) -> np.ndarray:
        """Return the latent that the sampler would draw on the CPU after ``torch.manual_seed``.

        Made by drawing again, without running the sampler. For a sampler that draws from one
        generator on the CPU, and holds no draw fixed, ``generate`` of it is what the sampler gives
        with that random seed, bit for bit (float64 draws that the sampler asks for with a mean of
        their own can differ in the last place).

        Args:
            random_seed: at least 0, below 2^64.

        Raises:
            ArgumentError: the random seed is no such number.
        """
        whole = isinstance(random_seed, (int, np.integer)) and not isinstance(random_seed, bool)
        if not whole or not 0 <= random_seed < 2**64:
            raise ArgumentError(f"random_seed={random_seed!r}; expected an integer in [0, 2^64)")
        combined = [part for part in self.parts if part.combined]
        with_torch = any(not part.op.startswith("numpy.") for part in combined)
        streams = SeedStreams(int(random_seed), with_torch=with_torch)
        latent = np.empty_like(self.recorded_latent)
        for entry in self._entries:
            if entry.again is not None:
                latent[entry.part.columns] = np.ravel(entry.again(streams))
        return latent

    def named(self, z: ArrayLike) -> Mapping[str, np.ndarray]:
        """Return the draws of one latent by name, each in its shape; leave held ones out.

        Args:
            z: one latent, shape (d,).

        Raises:
            ArgumentError: z has another shape, or values that the draws cannot have.
        """
        latent = self._checked(float_array(z, name="z", shape="(d,)")[None])[0]
        named = {p.name: latent[p.columns].reshape(p.shape) for p in self.parts if p.combined}
        return MappingProxyType(named)

    def check(self) -> None:
        """Replay the recorded draws, then others; the sampler runs twice.

        Raises:
            SamplerChangedError: the recorded draws give another output than they did, or the
                sampler draws something else when its draws have other values.
        """
        again = self.generate(self.recorded_latent[None])[0]
        if largest_difference(leaves_of(again), leaves_of(self.recorded_output)) > 0.0:
            raise SamplerChangedError(
                "the sampler gives another output when the same draws are replayed, so something "
                "else in it is random, or it keeps what it did: a NumPy Generator (numpy=True "
                "records those that it makes, and draws of scipy.stats and scikit-learn that name "
                "no random_state; rngs=[model.rng] those that it was given), a RandomState that it "
                "makes, draws in other threads or of JAX (pass the noise that its key stands for), "
                "a model that it trains, a cache or a counter, or kernels that are not "
                "deterministic (torch.use_deterministic_algorithms(True))"
            )
        self._fingerprint = self._make_fingerprint()

    def _make_fingerprint(self) -> str:
        """Return a digest of the draws, of what is held, and of the output of one latent."""
        rng, dtype = np.random.default_rng(0), self.recorded_latent.dtype
        inner = rng.standard_normal((1, *self.latent_shape), dtype=dtype)
        z = self.transport_map.inverse(inner, latent_shape=self.latent_shape)
        output = self._replay(self._checked(z)[0], watched=True)
        draws = [(p.op, p.law, p.shape, p.dtype, p.start) for p in self.parts]
        facts = (draws, self._frozen_streams, self._held_seed, summary_of(output))
        return sha256(repr(facts).encode()).hexdigest()[:8]

    def _replay(self, latent: np.ndarray, *, watched: bool = False) -> Any:
        player = Player(self._entries, latent, categorical=self._categorical)
        with self._streams.held():
            if watched or not self._draws_by_name:
                output, _ = run_watched(self._sampler, player, numpy=self._numpy)
            else:
                output = run(self._sampler, player, numpy=self._numpy)
        player.finish()
        return detached(output)

    def _checked(self, z: ArrayLike) -> np.ndarray:
        latents = checked_latents(z, latent_shape=self.latent_shape)
        for part in self.parts:
            if part.law == UNIFORM and part.combined and latents.size:
                values = latents[:, part.columns]
                if values.min() < 0.0 or values.max() > 1.0:
                    raise ArgumentError(
                        f"z holds values in [{values.min():g}, {values.max():g}] for the uniform "
                        f"draw {part.name!r}; expected values in [0, 1]: make latents with "
                        "latent_from_random_seed, or with transport_map.inverse"
                    )
        # a copy: torch reads it without asking whether it may be written to
        return np.array(latents, dtype=self.recorded_latent.dtype)


def _transport_map(parts: list[Part]) -> TransportMap:
    if all(part.law == GAUSSIAN for part in parts):
        return IdentityTransportMap()
    pieces: list[tuple[int, TransportMap]] = []
    for (law, dtype), run_of_parts in groupby(
        parts, lambda part: (part.law, part.dtype if part.law == UNIFORM else "")
    ):
        piece: TransportMap = IdentityTransportMap()
        if law == UNIFORM:
            piece = UniformTransportMap(resolution=_RESOLUTION[dtype])
        pieces.append((sum(part.size for part in run_of_parts), piece))
    return ProductTransportMap(pieces)


def _nothing_to_combine(parts: tuple[Part, ...], frozen_streams: list[str]) -> str:
    drawn = [part.name for part in parts] + frozen_streams
    drew = f"only drew {', '.join(drawn[:5])}" if drawn else "drew no random number"
    return (
        f"the sampler {drew}, so there is no latent; expected Gaussian or uniform draws of torch, "
        "in the thread that calls it, or of NumPy with numpy=True (rngs=[model.rng] for "
        "Generators made before); categorical=True makes categories part of the latent; of a "
        "jitted JAX sampler, record a function that draws the noise of its key with NumPy"
    )


def noise_tape(
    sampler: Any,
    *,
    numpy: bool | None = None,
    rngs: Sequence[Any] = (),
    categorical: bool = False,
    check: bool = True,
    held_seed: int = 0,
    name: str | None = None,
    render: Callable[[Any], Any] | None = None,
    save: Callable[[Any, Any], None] | None = None,
    suffix: str = "",
) -> NoiseTape:
    """Make a generator of any sampler, unmodified: its random draws become the latent.

    Runs ``sampler()`` once and records every draw: x = sampler(z), z ~ N(0, I) for Gaussian draws
    and U(0, 1) for uniform ones, so that a stochastic sampler (DDPM, ancestral, Langevin) is a
    deterministic function of one long latent. Other draws (permutations, integers, dropout) are
    held fixed and reported.

    Args:
        sampler: called without arguments; returns the output. It must make the same draws, in
            number, kind and shape, whatever their values are.
        numpy: whether draws of NumPy's global functions, and of Generators that the sampler makes
            by ``numpy.random.default_rng``, are part of the latent too; otherwise NumPy's global
            stream is held fixed. By default only where torch is not installed.
        rngs: NumPy Generators and RandomStates that were made before and that the sampler draws
            from, such as ``[model.rng]``; implies ``numpy=True``.
        categorical: whether ``multinomial`` (so ``Categorical``) and ``exponential_`` (so
            ``gumbel_softmax``) become functions of uniform numbers of the latent, one for each
            category, of the same law; otherwise they are held fixed.
        check: whether to replay twice, to find out now whether the sampler is deterministic and
            draws the same whatever the values.
        held_seed: what the bits of draws that are held fixed follow from, the same in every
            process; another one holds other values.
        name: what a study records, by default the place of the sampler; a digest follows it, by
            which samplers of one name are told apart.
        render: one output -> its picture, a PIL image.
        save: called as ``save(output, path)`` to write one output.
        suffix: the ending of the files that ``save`` writes, with its dot.

    Returns:
        The generator, with ``parts`` and ``report``. Its outputs are detached from any gradient.

    Raises:
        ArgumentError: the sampler cannot be called, or makes no draw that can be combined.
        SamplerChangedError: replayed, it gives another output, or makes other draws.

    Examples:
        >>> import torch
        >>> import latent_spaces_by_example as lsbe
        >>> def langevin():
        ...     x = torch.randn(3)
        ...     for _ in range(10):
        ...         x = x - 0.1 * x + 0.2**0.5 * torch.randn_like(x)
        ...     return x
        >>> tape = lsbe.generators.noise_tape(langevin)
        >>> tape  # doctest: +ELLIPSIS
        NoiseTape('...langevin [...]': 11 draws make a latent of 33 numbers, 0 are held fixed)
        >>> _ = torch.manual_seed(7)
        >>> bool((langevin() == tape.generate(tape.latent_from_random_seed(7)[None])[0]).all())
        True
    """
    if not callable(sampler):
        raise ArgumentError(
            f"sampler is {sampler!r:.60}; expected a function without arguments that returns one "
            "output, such as lambda: pipeline(num_inference_steps=50).images[0]"
        )
    _check_no_arguments(sampler)
    own_name = _name_of(sampler) if name is None else name
    tape = NoiseTape(
        sampler,
        name=own_name,
        numpy=numpy,
        rngs=rngs,
        categorical=categorical,
        held_seed=held_seed,
    )
    given = {"render": render, "save": save, "suffix": suffix if save else None}
    for method, function in given.items():
        if function is not None:  # a generator without one has no such attribute
            setattr(tape, method, function)
    if check:
        tape.check()
    return tape


def _check_no_arguments(sampler: Callable[..., Any]) -> None:
    try:
        parameters = inspect.signature(sampler).parameters.values()
    except (TypeError, ValueError):  # of a function that is not written in Python
        return
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in _VARIADIC]
    if not needed:
        return
    reason = "bind its arguments: lambda: sampler(...)"
    if any("seed" in name for name in needed):
        reason = (
            "a seed alone means best of N, since seeds near each other make outputs that have "
            "nothing in common: call it without a seed (lambda: sampler(None)), so that its draws "
            "are recorded; of a model in another process, pass its noise "
            "(docs/how-to/model-elsewhere.md)"
        )
    raise ArgumentError(
        f"sampler needs {', '.join(needed)}; expected a function without arguments: {reason}"
    )


def _name_of(sampler: Any) -> str:
    named = sampler if hasattr(sampler, "__qualname__") else type(sampler)
    return f"noise tape of {named.__module__}:{named.__qualname__}"
