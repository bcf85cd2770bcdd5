"""The seed latents of one space, which grow by prior draws as they are asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, final

import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space.draws import (
    as_random_seeds,
    on_host,
    packed_draws,
    random_seed_of_draw,
    transport_map_of,
)
from latent_spaces_by_example.space.hidden import num_hidden_dims_for, with_hidden
from latent_spaces_by_example.space.inner_latents import InnerLatents
from latent_spaces_by_example.space.seed_array import checked_seed_latents
from latent_spaces_by_example.space.span import SeedSpan
from latent_spaces_by_example.space.typicality import unlike_the_model
from latent_spaces_by_example.transport_maps.layout import layout_of

# Seed latents whose cosine is nearer to one than this span nothing that rounding does not.
_SAME_DIRECTION = 1e-9


@final
class SeedLatents:
    """Seed latents by number: those given first, then prior draws, made when first needed.

    A :class:`SurrogateChart` over them is the space of a study. Seed latent i past those given is
    drawn from the integer ``random_seed_of_draw(random_seed, i)``: a study stores weights and one
    integer, and any process rebuilds any latent.

    Inner latents of up to 256 MB are kept; what is more is made again from its integer when it is
    needed, so that K x D numbers are never in memory. Sums are the same to the last bit either way.

    In few dimensions the law is no thin shell, and a space of prior draws reaches all norms of it
    by hidden numbers that the model never sees; see ``hidden``.

    Inner latents are kept as NumPy arrays, those of named parts joined into one. Latents become
    arrays of the model's library, dtype and device on their way to it: those of ``examples`` if
    they are tensors or JAX arrays, else those of the generator's own draws.

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
        random_seed: of the prior draws, at least 0.
        num_hidden_dims: how many hidden numbers each draw has; by default ``hidden`` says. A study
            knows its own number.

    Raises:
        ArgumentError: wrong shape or dtype, NaN or infinite entries, two in the same direction, or
            one of norm zero.

    Examples:
        >>> class Model:
        ...     latent_shape = (4, 4)
        >>> seeds = SeedLatents(Model(), num_prior_seeds=2, random_seed=7)
        >>> seeds.all().shape, seeds.name(1)
        ((2, 4, 4), 'prior draw 2')
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
        self.layout = layout_of(generator.latent_shape)
        self.transport_map = transport_map_of(generator)
        self.random_seed = random_seed
        self._generator = generator
        self._like: Any = None
        self.examples = np.empty((0, *self.layout.packed_shape))
        self.example_random_seeds = () if examples is None else as_random_seeds(examples)
        if self.example_random_seeds:
            names = names or [f"seed {seed}" for seed in self.example_random_seeds]
        elif examples is not None:
            given = checked_seed_latents(examples, layout=self.layout)
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
        dims = self.transport_map.num_inner_dims(self.layout.latent_shape)
        wanted = num_hidden_dims_for(dims, with_examples=self.num_examples > 0)
        self.num_hidden_dims = wanted if num_hidden_dims is None else num_hidden_dims
        self.inner = InnerLatents(self._make_inner)
        self.extend_to(self.num_given)
        if self.num_examples:
            self._refuse_same_directions()

    def __len__(self) -> int:
        return len(self.inner)

    @property
    def latent_shape(self) -> Any:
        """Shape of one latent; a dictionary of shapes where it is made of named parts."""
        return self.layout.latent_shape

    @property
    def like(self) -> Any:
        """An array of the library, dtype and device of the latents; None while there is none."""
        return self._like

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
        """Dimension d of the inner latent, without hidden numbers."""
        self.extend_to(1)
        return self.inner.num_dims - self.num_hidden_dims

    @property
    def relative_norms(self) -> Float64[np.ndarray, " K"]:
        """Norm of each inner seed latent over the sqrt(d) that the model expects, shape (K,)."""
        if not self.num_hidden_dims:
            return np.sqrt(np.diagonal(self.inner.gram) / self.num_latent_dims)
        norms = [np.linalg.norm(self.inner_latent(i)) for i in range(len(self))]
        return np.array(norms, dtype=np.float64) / np.sqrt(self.num_latent_dims)

    @property
    def unlike(self) -> tuple[str | None, ...]:
        """Why each example is unlike anything that the model makes and what to do, or None."""
        norms = self.relative_norms
        return tuple(
            unlike_the_model(
                relative_norm=float(norms[i]),
                num_latent_dims=self.num_latent_dims,
                # what a repair changed is no failure of the model's
                relative_error=error if self.moved[i] is None else None,
            )
            for i, error in enumerate(self.relative_errors)
        )

    def name(self, index: int) -> str:
        """Return the name of a seed latent; of a prior draw its number, counted from 1."""
        if index < len(self._names):
            return self._names[index]
        return f"prior draw {index - len(self._names) + 1}"

    def random_seed_of(self, index: int) -> int | None:
        """Return the integer that a seed latent is drawn from; None for a given array."""
        if index < len(self.example_random_seeds):
            return self.example_random_seeds[index]
        if index < self.num_examples:
            return None
        return random_seed_of_draw(self.random_seed, index)

    def inner_latent(self, index: int) -> Float[np.ndarray, " d"]:
        """Return the inner latent of one seed latent, shape (d,), without hidden numbers."""
        self.extend_to(index + 1)
        return self.inner[index][: self.num_latent_dims]

    def prior_draws(self, random_seeds: Sequence[int]) -> Any:
        """Return a prior draw for each random seed, shape (n, *latent_shape), for ``generate``."""
        return self.layout.unpack(packed_draws(self._generator, random_seeds, like=self._like))

    def all(self) -> np.ndarray:
        """Return every seed latent so far, shape (K, *latent_shape), as a NumPy array.

        Of named parts, shape (K, D): the parts flattened, one after the other by name.
        """
        seeds = [self.random_seed_of(i) for i in range(len(self))]
        drawn = [seed for seed in seeds if seed is not None]
        if not drawn:
            return self.examples
        draws = on_host(packed_draws(self._generator, drawn, like=self._like))
        return np.concatenate([self.examples, draws]) if len(self.examples) else draws

    def extend_to(self, num_seeds: int) -> None:
        """Make the prior draws that are missing for so many seed latents."""
        self.inner.extend_to(num_seeds)

    def _what_the_generator_takes(self, given: Any) -> Any:
        """Return an array of the library, dtype and device that ``generate`` is to be given."""
        draws_its_own = hasattr(self._generator, "latent_from_random_seed")
        if library_of(given).name == "numpy" and draws_its_own:
            integer = random_seed_of_draw(self.random_seed, len(given))
            draw = packed_draws(self._generator, [integer])
            return given if library_of(draw).name == "numpy" else draw
        return given

    def _make_inner(self, index: int) -> np.ndarray:
        random_seed = self.random_seed_of(index)
        if random_seed is None:
            latent = self.examples[index : index + 1]
        else:
            drawn = packed_draws(self._generator, [random_seed])
            if self._like is None:
                self._like = drawn
            latent = on_host(drawn)
        there = library_of(self._like).from_host(latent, like=self._like)
        try:
            inner = on_host(self.transport_map.forward(self.layout.unpack(there)))[0]
        except ArgumentError as error:
            raise ArgumentError(f"seed latent {self.name(index)!r}: {error}") from error
        return with_hidden(inner, self.num_hidden_dims, random_seed=random_seed)

    def _refuse_same_directions(self) -> None:
        cosines = np.triu(np.abs(SeedSpan(self.inner).correlation), 1)
        i, j = np.unravel_index(cosines.argmax(), cosines.shape)
        if cosines[i, j] > 1 - _SAME_DIRECTION:
            raise ArgumentError(
                f"seed latents {self.name(int(i))!r} and {self.name(int(j))!r} have the same "
                "direction, so they span nothing between them; leave one of them out"
            )
