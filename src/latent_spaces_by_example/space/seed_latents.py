"""The seed latents of one study, which grow by prior draws as a search asks for them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space.combination import ShellCombination
from latent_spaces_by_example.space.draws import (
    as_random_seeds,
    latent_from_random_seed,
    on_host,
    random_seed_of_draw,
    transport_map_of,
)
from latent_spaces_by_example.space.hidden import num_hidden_dims_for, with_hidden
from latent_spaces_by_example.space.inner_latents import InnerLatents
from latent_spaces_by_example.space.seed_array import checked_seed_latents
from latent_spaces_by_example.space.span import SeedSpan
from latent_spaces_by_example.space.typicality import unlike_the_model
from latent_spaces_by_example.transport_maps.layout import Layout, layout_of, rows_of

# Seed latents whose cosine is nearer to one than this span nothing that rounding does not.
_SAME_DIRECTION = 1e-9


class SeedLatents:
    """The seed latents of one study: examples first, then prior draws by number.

    Seed latent i past the examples is made from the integer ``random_seed_of_draw(random_seed, i)``
    when it is first needed: a study stores weights and one integer, and any worker rebuilds any
    latent. Points between seed latents are on the shell that the seed latents are on.

    Latents of up to 256 MB are kept; what is more is made again from its integer when it is needed,
    so that K x D numbers are never in memory. Sums are the same to the last bit either way.

    In few dimensions the law is no thin shell, and a space of prior draws reaches all norms of it
    by hidden numbers that the model never sees; see ``hidden``.

    They are kept as NumPy arrays, those made of named parts joined into one, and become arrays of
    the model's library, dtype and device on their way to it: of ``examples`` if these are tensors
    or JAX arrays, else of its own draws.

    Args:
        generator: tells the latent shape, the transport map and how a prior draw is made.
        examples: latents that span the user's space, shape (K, *latent_shape); None for none. Of
            named parts, a dictionary of arrays; or one array as :meth:`all` gives it. Or K random
            seeds, whole numbers that the generator draws latents from.
        names: one for each example.
        rms_errors: how far each example is from what its latent generates, where that is known.
        relative_errors: the same over what two of the examples differ by.
        moved: how far a repair moved each of their latents, where there was one.
        num_prior_seeds: how many prior draws span the space in place of examples.
        random_seed: the study's.
        num_hidden_dims: how many hidden numbers each draw has; by default ``hidden`` says. A study
            knows its own number.

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
        num_hidden_dims: int | None = None,
    ) -> None:
        self._layout = layout_of(generator.latent_shape)
        self.random_seed = random_seed
        self._generator = generator
        self._transport_map = transport_map_of(generator)
        self._like: Any = None
        self._inner = InnerLatents(self._make_inner)
        self.examples = np.empty((0, *self._layout.packed_shape))
        self.example_random_seeds = () if examples is None else as_random_seeds(examples)
        if self.example_random_seeds:
            names = names or [f"seed {seed}" for seed in self.example_random_seeds]
        elif examples is not None:
            given = _check_latents(examples, self._layout)
            self.examples = on_host(given)
            self._like = self._what_the_generator_takes(given)
        self.num_examples = len(self.examples) or len(self.example_random_seeds)
        self._names = tuple(names) or tuple(f"seed {i + 1}" for i in range(self.num_examples))
        self.rms_errors = tuple(rms_errors) or (None,) * self.num_examples
        self.relative_errors = tuple(relative_errors) or (None,) * self.num_examples
        self.moved = tuple(moved) or (None,) * self.num_examples
        if not len(self._names) == len(self.rms_errors) == self.num_examples:
            raise ArgumentError(
                f"{len(self._names)} names were given for {self.num_examples} seed latents"
            )
        self.num_given = self.num_examples or num_prior_seeds
        dims = self._transport_map.num_inner_dims(self._layout.latent_shape)
        wanted = num_hidden_dims_for(dims, with_examples=self.num_examples > 0)
        self.num_hidden_dims = wanted if num_hidden_dims is None else num_hidden_dims
        self.extend_to(self.num_given)
        if self.num_examples:
            self._refuse_same_directions()

    def __len__(self) -> int:
        return len(self._inner)

    @property
    def latent_shape(self) -> Any:
        """Shape of one latent; a dictionary of shapes where it is made of named parts."""
        return self._layout.latent_shape

    @property
    def digest(self) -> str:
        """SHA-256 of the examples' latents or random seeds, by which a study knows its own."""
        given = np.ascontiguousarray(self.examples).tobytes()
        if self.example_random_seeds:
            given = json.dumps(self.example_random_seeds).encode()
        return hashlib.sha256(given).hexdigest()

    @property
    def array_library(self) -> str:
        """Name of the array library of the latents; "numpy" while there is none yet."""
        return library_of(self._like).name

    @property
    def num_latent_dims(self) -> int:
        """Dimension d of the inner latent, without what is hidden."""
        self.extend_to(1)
        return self._inner.num_dims - self.num_hidden_dims

    @property
    def relative_norms(self) -> Float64[np.ndarray, " K"]:
        """Norm of each inner seed latent over the sqrt(d) that the model expects, shape (K,)."""
        return self.relative_norms_at(np.eye(len(self)))

    def relative_norms_at(self, weights: Any) -> Float64[np.ndarray, " n"]:
        """The same of the inner latents at weights of shape (n, K), shape (n,)."""
        weights = np.asarray(weights, dtype=np.float64)
        if not self.num_hidden_dims:
            squares = weights**2 @ np.diagonal(self._inner.gram)[: weights.shape[1]]
            return np.sqrt(squares / self.num_latent_dims)
        seen = self.inner_latents(weights)[:, : self.num_latent_dims]
        return np.linalg.norm(seen, axis=1) / np.sqrt(self.num_latent_dims)

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

    def random_seed_of(self, index: int) -> int | None:
        """The integer that a seed latent is drawn from; None for one that was given as an array."""
        if index < len(self.example_random_seeds):
            return self.example_random_seeds[index]
        if index < self.num_examples:
            return None
        return random_seed_of_draw(self.random_seed, index)

    def correlation(self, num_seeds: int) -> Float64[np.ndarray, "K K"]:
        """Cosines between the first ``num_seeds`` inner latents, hidden numbers included."""
        self.extend_to(num_seeds)
        return self._span(num_seeds).correlation if num_seeds else np.empty((0, 0))

    def inner_latent(self, index: int) -> Float[np.ndarray, " d"]:
        """The inner latent of one seed latent, shape (d,)."""
        self.extend_to(index + 1)
        return self._inner[index][: self.num_latent_dims]

    def inner_latents(self, weights: Any) -> Float[np.ndarray, "n d_and_hidden"]:
        """The inner latents at weights of shape (n, K), with their hidden numbers at the end."""
        weights = np.asarray(weights, dtype=np.float64)
        num_seeds = weights.shape[1]
        self.extend_to(max(num_seeds, 1))
        coefficients = ShellCombination().coefficients(weights, self._span(num_seeds))
        return self._inner.combine(coefficients)

    def latents(self, weights: Any) -> Any:
        """The latents at weights of shape (n, K), shape (n, *latent_shape), for ``generate``."""
        return self._layout.unpack(self._packed_latents(weights))

    def _packed_latents(self, weights: Any) -> Any:
        combined = self.inner_latents(weights)[:, : self.num_latent_dims]
        inner = library_of(self._like).from_host(combined, like=self._like)
        found = self._transport_map.inverse(inner, latent_shape=self.latent_shape)
        latents = self._packed(found)
        return latents.astype(self._like.dtype) if isinstance(latents, np.ndarray) else latents

    def prior_draws(self, random_seeds: Sequence[int]) -> Any:
        """A prior draw for each random seed, shape (n, *latent_shape), for ``generate``."""
        draws = [self._packed_draw(seed) for seed in random_seeds]
        like = draws[0] if self._like is None else self._like
        rows = np.concatenate([on_host(draw) for draw in draws])
        return self._layout.unpack(library_of(like).from_host(rows, like=like))

    def all(self) -> np.ndarray:
        """Every seed latent made so far, shape (K, *latent_shape), as a NumPy array.

        Of named parts, shape (K, D): the parts flattened, one after the other by name.
        """
        draws = on_host(self._packed_latents(np.eye(len(self))[len(self.examples) :]))
        # arrays as they were given, which a transport map there and back may round
        return np.concatenate([self.examples, draws]) if len(self.examples) else draws

    def extend_to(self, num_seeds: int) -> None:
        """Make the prior draws that are missing for so many seed latents."""
        self._inner.extend_to(num_seeds)

    def _packed_draw(self, random_seed: int) -> Any:
        """The prior draw of a random seed, shape (1, *packed_shape)."""
        return self._packed(rows_of(latent_from_random_seed(self._generator, random_seed), None))

    def _packed(self, latents: Any) -> Any:
        return self._layout.pack(latents, name="latents")

    def _what_the_generator_takes(self, given: Any) -> Any:
        """An array of the library, dtype and device that ``generate`` is to be given."""
        draws_its_own = hasattr(self._generator, "latent_from_random_seed")
        if library_of(given).name == "numpy" and draws_its_own:
            draw = self._packed_draw(random_seed_of_draw(self.random_seed, len(given)))
            return given if library_of(draw).name == "numpy" else draw
        return given

    def _make_inner(self, index: int) -> np.ndarray:
        random_seed = self.random_seed_of(index)
        if random_seed is None:
            latent = self.examples[index : index + 1]
        else:
            drawn = self._packed_draw(random_seed)
            if self._like is None:
                self._like = drawn
            latent = on_host(drawn)
        there = library_of(self._like).from_host(latent, like=self._like)
        try:
            inner = on_host(self._transport_map.forward(self._layout.unpack(there)))[0]
        except ArgumentError as error:
            raise ArgumentError(f"seed latent {self.name(index)!r}: {error}") from error
        return with_hidden(inner, self.num_hidden_dims, random_seed=random_seed)

    def _span(self, num_seeds: int) -> SeedSpan:
        # with the Gram matrix known, nothing is asked of the rows but their number and dtype
        known = self._inner.gram[:num_seeds, :num_seeds]
        return SeedSpan(self._inner.stand_in[:num_seeds], known_gram=known)

    def _refuse_same_directions(self) -> None:
        cosines = np.triu(np.abs(self.correlation(len(self))), 1)
        i, j = np.unravel_index(cosines.argmax(), cosines.shape)
        if cosines[i, j] > 1 - _SAME_DIRECTION:
            raise ArgumentError(
                f"seed latents {self.name(int(i))!r} and {self.name(int(j))!r} have the same "
                "direction, so they span nothing between them; leave one of them out"
            )


def _check_latents(latents: Any, layout: Layout) -> Any:
    array = checked_seed_latents(latents, layout=layout)
    if tuple(array.shape[1:]) != layout.packed_shape:
        raise ArgumentError(
            f"seed_latents has shape {tuple(array.shape)}; this generator's are "
            f"{layout.described.replace('(n,', '(K,')}"
        )
    return array
