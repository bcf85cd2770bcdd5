"""The protocol of generators: the one method that each must have, and what it may add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from latent_spaces_by_example.arguments import ArrayLike, check_finite, float_array
from latent_spaces_by_example.errors import ArgumentError


@runtime_checkable
class Generator(Protocol):
    """A deterministic map from latents to outputs, z -> x.

    Latents are NumPy arrays, unless the seed latents given are PyTorch tensors or JAX arrays, or
    ``latent_from_random_seed`` makes such: then they are of that library, dtype and device.

    Where a latent is made of several arrays, ``latent_shape`` is a dictionary of their shapes by
    name, and ``generate`` is given a dictionary of arrays with the n latents on their first axis.

    Only these two are required. A generator may also have:

    - ``transport_map``: the law of its latents (default: independent standard Gaussians).
    - ``invert(outputs) -> z``: the latents behind n outputs, shape (n, *latent_shape).
    - ``example(name) -> output``: a named example of its field, ready for ``invert``.
    - ``list_examples(query) -> list[str]``: the names of examples that match a query.
    - ``read_example(example) -> output``: the same of a file, a picture or whatever else a person
      has; then it is given every example, those named by a string too, and so is ``invert``.
    - ``latent_from_random_seed(random_seed) -> z``: one prior draw, shape latent_shape, by the
      model's own convention (default: ``numpy.random.default_rng(random_seed)``).
    - ``render(output) -> PIL.Image.Image``: a picture of one output.
    - ``render_overlay(output, reference) -> PIL.Image.Image``: a picture of one output drawn over
      another, which the report shows of the best output and the best example.
    - ``save(output, path)``: write one output in its field's own file format, and ``suffix``,
      the ending of that format with its dot (for example ``".dat"``).
    - ``name``: what a study records, so that it is not resumed with another generator.
    - ``default_objective``: the string of its usual objective, such as "lift-to-drag".
    - ``features(outputs)``: numbers of shape (n, p) of n outputs, in which alike outputs are near
      each other; the default search looks at them before it has an output scored.
    - ``num_candidates``: how many outputs a proposal should generate to look at (default: what
      generating and scoring take says).
    - ``sketch(z)``: rougher outputs of the same latents, sooner, or None; a page shows them until
      a slow output is there.
    - ``batch_tolerance``: how far rounding may take an output that is made in a batch from the
      one made alone, relative to its largest value (default: 1e-3).
    """

    @property
    def latent_shape(self) -> tuple[int, ...] | Mapping[str, tuple[int, ...]]:
        """Return the shape of one latent, (4, 64, 64) say; or a dictionary of shapes."""
        ...

    def generate(self, z: Any) -> Sequence[Any]:
        """Map latents of shape (n, *latent_shape) to a sequence of n outputs."""
        ...


def checked_latents(z: ArrayLike, *, latent_shape: tuple[int, ...]) -> np.ndarray:
    """Return latents as a NumPy array, or refuse what is no batch of them.

    Args:
        z: floating-point numbers of shape (n, *latent_shape), all finite.
        latent_shape: the shape of one latent.

    Raises:
        ArgumentError: z has another dtype or shape, or values that are NaN or infinite.

    >>> checked_latents(np.zeros((3, 2)), latent_shape=(2,)).shape
    (3, 2)
    """
    shape = f"(n, {', '.join(map(str, latent_shape))})"
    latents = float_array(z, name="z", shape=shape)
    if latents.ndim == 0 or latents.shape[1:] != latent_shape:
        hint = "; pass z[None] for a single latent" if latents.shape == latent_shape else ""
        raise ArgumentError(f"z has shape {latents.shape}; expected {shape}{hint}")
    check_finite(latents, name="z")
    return latents
