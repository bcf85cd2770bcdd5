"""The seed latents of one study, which grow by prior draws as a search asks for them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.seeds.draws import (
    latent_from_random_seed,
    on_host,
    random_seed_of_draw,
    transport_map_of,
)
from latent_spaces_by_example.surrogate.combination import ShellCombination
from latent_spaces_by_example.surrogate.seed_latents import checked_seed_latents
from latent_spaces_by_example.surrogate.span import SeedSpan
from latent_spaces_by_example.surrogate.typicality import unlike_the_model

# Seed latents whose cosine is nearer to one than this span nothing that rounding does not.
_SAME_DIRECTION = 1e-9


class SeedLatents:
    """The seed latents of one study: examples first, then prior draws by number.

    Seed latent i past the examples is made from the integer ``random_seed_of_draw(random_seed, i)``
    when it is first needed: a study stores weights and one integer, and any worker rebuilds any
    latent. Points between seed latents are on the shell that the seed latents are on.

    They are kept as NumPy arrays, and become arrays of the model's library, dtype and device on
    their way to it: of ``examples`` if these are tensors or JAX arrays, else of its own draws.

    Args:
        generator: tells the latent shape, the transport map and how a prior draw is made.
        examples: latents that span the user's space, shape (K, *latent_shape); None for none.
        names: one for each example.
        rms_errors: how far each example is from what its latent generates, where that is known.
        relative_errors: the same over what two of the examples differ by.
        moved: how far a repair moved each of their latents, where there was one.
        num_prior_seeds: how many prior draws span the space in place of examples.
        random_seed: the study's.

    Raises:
        ArgumentError: wrong shape or dtype, NaN or infinite entries, two in the same direction, or
            one of norm zero.

    Examples:
        >>> class Model:
        ...     latent_shape = (4, 4)
        >>> seeds = SeedLatents(Model(), random_seed=7)
        >>> seeds.latents([[0.6, 0.8], [1.0, 0.0]]).shape
        (2, 4, 4)
        >>> seeds.name(1)
        'prior draw 2'
    """

    def __init__(
        self,
        generator: Any,
        examples: Any = None,
        *,
        names: Sequence[str] = (),
        rms_errors: Sequence[float | None] = (),
        relative_errors: Sequence[float | None] = (),
        moved: Sequence[float | None] = (),
        num_prior_seeds: int = 0,
        random_seed: int = 0,
    ) -> None:
        self.latent_shape = tuple(int(size) for size in generator.latent_shape)
        self.random_seed = random_seed
        self._generator = generator
        self._transport_map = transport_map_of(generator)
        self._like: Any = None
        self._inner: np.ndarray = np.empty((0, 0))
        self._gram: Float64[np.ndarray, "K K"] = np.empty((0, 0))
        self.examples = np.empty((0, *self.latent_shape))
        if examples is not None:
            given = _check_latents(examples, self.latent_shape)
            self.examples = on_host(given)
            self._like = self._what_the_generator_takes(given)
        self._names = tuple(names) or tuple(f"seed {i + 1}" for i in range(len(self.examples)))
        self.rms_errors = tuple(rms_errors) or (None,) * len(self.examples)
        self.relative_errors = tuple(relative_errors) or (None,) * len(self.examples)
        self.moved = tuple(moved) or (None,) * len(self.examples)
        if not len(self._names) == len(self.rms_errors) == len(self.examples):
            raise ArgumentError(
                f"{len(self._names)} names were given for {len(self.examples)} seed latents"
            )
        self.num_given = len(self.examples) or num_prior_seeds
        if len(self.examples):
            self._append(self.examples)
            self._refuse_same_directions()
        self.extend_to(self.num_given)

    def __len__(self) -> int:
        return len(self._gram)

    @property
    def digest(self) -> str:
        """SHA-256 of the examples' latents, by which a study knows its own again."""
        return hashlib.sha256(np.ascontiguousarray(self.examples).tobytes()).hexdigest()

    @property
    def array_library(self) -> str:
        """Name of the array library of the latents; "numpy" while there is none yet."""
        return library_of(self._like).name

    @property
    def num_latent_dims(self) -> int:
        """Dimension d of the inner latent."""
        self.extend_to(1)
        return int(self._inner.shape[1])

    @property
    def relative_norms(self) -> Float64[np.ndarray, " K"]:
        """Norm of each inner seed latent over the sqrt(d) that the model expects, shape (K,)."""
        return np.sqrt(np.diagonal(self._gram) / self.num_latent_dims)

    @property
    def unlike(self) -> tuple[str | None, ...]:
        """Why each example is unlike anything that the model makes; None where it is not."""
        return tuple(
            unlike_the_model(
                relative_norm=float(self.relative_norms[i]),
                num_latent_dims=self.num_latent_dims,
                # what a repair changed is no failure of the model's
                relative_error=error if self.moved[i] is None else None,
            )
            for i, error in enumerate(self.relative_errors)
        )

    def name(self, index: int) -> str:
        """What to call a seed latent; a prior draw by its number, counted from 1."""
        if index < len(self._names):
            return self._names[index]
        return f"prior draw {index - len(self._names) + 1}"

    def correlation(self, num_seeds: int) -> Float64[np.ndarray, "K K"]:
        """Cosines between the first ``num_seeds`` inner latents, shape (K, K)."""
        self.extend_to(num_seeds)
        return self._span(num_seeds).correlation if num_seeds else np.empty((0, 0))

    def latents(self, weights: Any) -> Any:
        """The latents at weights of shape (n, K), shape (n, *latent_shape), for ``generate``."""
        weights = np.asarray(weights, dtype=np.float64)
        num_seeds = weights.shape[1]
        self.extend_to(max(num_seeds, 1))
        span = self._span(num_seeds)
        combined = span.combine(ShellCombination().coefficients(weights, span))
        inner = library_of(self._like).from_host(combined, like=self._like)
        latents = self._transport_map.inverse(inner, latent_shape=self.latent_shape)
        return latents.astype(self._like.dtype) if isinstance(latents, np.ndarray) else latents

    def prior_draws(self, random_seeds: Sequence[int]) -> Any:
        """A prior draw for each random seed, shape (n, *latent_shape), for ``generate``."""
        draws = [latent_from_random_seed(self._generator, seed) for seed in random_seeds]
        like = draws[0] if self._like is None else self._like
        return library_of(like).from_host(np.stack([on_host(draw) for draw in draws]), like=like)

    def all(self) -> np.ndarray:
        """Every seed latent made so far, shape (K, *latent_shape), as a NumPy array."""
        draws = on_host(self.latents(np.eye(len(self))[len(self.examples) :]))
        # the examples as they were given, which a transport map there and back may round
        return np.concatenate([self.examples, draws]) if len(self.examples) else draws

    def extend_to(self, num_seeds: int) -> None:
        """Make the prior draws that are missing for so many seed latents."""
        missing = range(len(self), num_seeds)
        if missing:
            seeds = [random_seed_of_draw(self.random_seed, i) for i in missing]
            draws = [latent_from_random_seed(self._generator, seed) for seed in seeds]
            if self._like is None:
                self._like = draws[0]
            self._append(np.stack([on_host(draw) for draw in draws]))

    def _what_the_generator_takes(self, given: Any) -> Any:
        """An array of the library, dtype and device that ``generate`` is to be given."""
        draws_its_own = hasattr(self._generator, "latent_from_random_seed")
        if library_of(given).name == "numpy" and draws_its_own:
            first = random_seed_of_draw(self.random_seed, len(self.examples))
            draw = latent_from_random_seed(self._generator, first)
            return given if library_of(draw).name == "numpy" else draw
        return given

    def _append(self, latents: np.ndarray) -> None:
        there = library_of(self._like).from_host(latents, like=self._like)
        fresh = on_host(self._transport_map.forward(there))
        old, new = len(self), len(self) + len(fresh)
        if len(self._inner) < new:
            # room to double, so that a study of n prior draws copies each O(1) times
            room = np.empty((max(new, 2 * old), fresh.shape[1]), dtype=fresh.dtype)
            if old:
                room[:old] = self._inner[:old]
            self._inner = room
        self._inner[old:new] = fresh
        self._gram = SeedSpan(self._inner[:new], known_gram=self._gram).gram

    def _span(self, num_seeds: int) -> SeedSpan:
        known = self._gram[:num_seeds, :num_seeds]
        return SeedSpan(self._inner[:num_seeds], known_gram=known)

    def _refuse_same_directions(self) -> None:
        cosines = np.triu(np.abs(self.correlation(len(self))), 1)
        i, j = np.unravel_index(cosines.argmax(), cosines.shape)
        if cosines[i, j] > 1 - _SAME_DIRECTION:
            raise ArgumentError(
                f"seed latents {self.name(int(i))!r} and {self.name(int(j))!r} have the same "
                "direction, so they span nothing between them; leave one of them out"
            )


def _check_latents(latents: Any, latent_shape: tuple[int, ...]) -> Any:
    array = checked_seed_latents(latents)
    if tuple(array.shape[1:]) != latent_shape:
        raise ArgumentError(
            f"seed_latents has shape {tuple(array.shape)}; this generator's are "
            f"(K, {', '.join(map(str, latent_shape))})"
        )
    return array
