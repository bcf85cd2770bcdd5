"""Prior draws by number, and the arrays that a generator makes and takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps import IdentityTransportMap
from latent_spaces_by_example.transport_maps.layout import layout_of, rows_of


def transport_map_of(generator: Any) -> Any:
    """The generator's transport map; independent standard Gaussians where it names none."""
    return getattr(generator, "transport_map", None) or IdentityTransportMap()


def random_seed_of_draw(random_seed: int, index: int) -> int:
    """The integer behind prior draw ``index`` of a study: 63 bits hashed from both.

    >>> random_seed_of_draw(0, 0) != random_seed_of_draw(0, 1) != random_seed_of_draw(1, 0)
    True
    """
    state = np.random.SeedSequence([random_seed, index]).generate_state(1, np.uint64)[0]
    return int(state >> np.uint64(1))


def latent_from_random_seed(generator: Any, random_seed: int) -> Any:
    """One prior draw, shape latent_shape: by the generator's own convention if it has one.

    A dictionary of arrays, where the generator's ``latent_shape`` is a dictionary of shapes.

    Then it is an array of the library that the generator made it in; a NumPy array otherwise.

    Otherwise inner ~ N(0, I) from ``numpy.random.default_rng(random_seed)``, carried to the
    model's law by its transport map.
    """
    if hasattr(generator, "latent_from_random_seed"):
        return as_array(generator.latent_from_random_seed(random_seed))
    latent_shape = layout_of(generator.latent_shape).latent_shape
    transport_map = transport_map_of(generator)
    rng = np.random.default_rng(random_seed)
    inner = rng.standard_normal((1, transport_map.num_inner_dims(latent_shape)))
    return rows_of(transport_map.inverse(inner, latent_shape=latent_shape), 0)


def latents_from_random_seeds(generator: Any, random_seeds: Any) -> Any:
    """One prior draw for each integer, shape (K, *latent_shape), by the generator's convention.

    For a chart of one's own; a study takes the integers themselves for ``seed_latents``.

    Raises:
        ArgumentError: these are no different whole numbers of at least 0.

    >>> class Model:
    ...     latent_shape = (4, 4)
    >>> latents_from_random_seeds(Model(), [1234567, 42]).shape
    (2, 4, 4)
    """
    known = as_random_seeds(random_seeds)
    if not known:
        raise ArgumentError(
            f"random_seeds={random_seeds!r:.60}; expected a list of whole numbers, one at least"
        )
    layout = layout_of(generator.latent_shape)
    draws = [
        layout.pack(rows_of(latent_from_random_seed(generator, seed), None), name="latents")
        for seed in known
    ]
    rows = np.concatenate([on_host(draw) for draw in draws])
    return layout.unpack(library_of(draws[0]).from_host(rows, like=draws[0]))


def as_random_seeds(values: Any) -> tuple[int, ...]:
    """The random seeds that were given in place of latents; none if these are no whole numbers.

    Raises:
        ArgumentError: one is below 0 or above 2^63 - 1, or given twice.

    >>> as_random_seeds([1234567, np.int64(42)]), as_random_seeds(np.zeros((2, 3)))
    ((1234567, 42), ())
    """
    flat = isinstance(values, (list, tuple)) or getattr(values, "ndim", None) == 1
    items = list(values) if flat else []
    if not items or not all(_is_whole(item) for item in items):
        return ()
    seeds = tuple(int(item) for item in items)
    for seed in seeds:
        if not 0 <= seed < 2**63:
            raise ArgumentError(f"random seed {seed}: give a whole number from 0 to 2^63 - 1")
        if seeds.count(seed) > 1:
            raise ArgumentError(f"random seed {seed} is given twice; leave one of them out")
    return seeds


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def as_array(value: Any) -> Any:
    """An array of whatever library it is of, or a dictionary of such; NumPy's of anything else."""
    if isinstance(value, Mapping):
        return {part: as_array(array) for part, array in value.items()}
    return np.asarray(value) if library_of(value).name == "numpy" else value


def on_host(array: Any) -> np.ndarray:
    """The same numbers as a NumPy array."""
    return library_of(array).on_host(array)
