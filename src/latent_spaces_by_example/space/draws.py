"""Prior draws by number, and the arrays that a generator makes and takes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from latent_spaces_by_example.arguments import check_has, check_whole
from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps import IdentityTransportMap
from latent_spaces_by_example.transport_maps.layout import layout_of, rows_of


def transport_map_of(generator: Any) -> Any:
    """Return the generator's transport map; by default that of independent standard Gaussians."""
    return getattr(generator, "transport_map", None) or IdentityTransportMap()


def random_seed_of_draw(random_seed: int, index: int) -> int:
    """Return the integer behind prior draw ``index`` of a study: 63 bits hashed from both.

    >>> random_seed_of_draw(0, 0) != random_seed_of_draw(0, 1) != random_seed_of_draw(1, 0)
    True
    """
    check_whole(random_seed, argument="random_seed", least=0)
    check_whole(index, argument="index", least=0)
    state = np.random.SeedSequence([random_seed, index]).generate_state(1, np.uint64)[0]
    return int(state >> np.uint64(1))


def latent_from_random_seed(generator: Any, random_seed: int) -> Any:
    """Return the prior draw of a random seed, shape latent_shape.

    The generator's own ``latent_from_random_seed`` makes it, in its own array library, if there is
    one. Otherwise inner ~ N(0, I) from ``numpy.random.default_rng(random_seed)`` is carried to the
    model's law by its transport map, as a NumPy array. Latents of named parts are a dictionary.
    """
    check_has(generator, "latent_shape", argument="generator")
    check_whole(random_seed, argument="random_seed", least=0)
    if hasattr(generator, "latent_from_random_seed"):
        return as_array(generator.latent_from_random_seed(random_seed))
    latent_shape = layout_of(generator.latent_shape).latent_shape
    transport_map = transport_map_of(generator)
    rng = np.random.default_rng(random_seed)
    inner = rng.standard_normal((1, transport_map.num_inner_dims(latent_shape)))
    return rows_of(transport_map.inverse(inner, latent_shape=latent_shape), 0)


def latents_from_random_seeds(generator: Any, random_seeds: Any) -> Any:
    """Return a prior draw for each integer, shape (K, *latent_shape).

    For a chart of one's own; a study takes the integers themselves for ``seed_latents``.

    Raises:
        ArgumentError: these are no different whole numbers of at least 0.

    >>> class Model:
    ...     latent_shape = (4, 4)
    >>> latents_from_random_seeds(Model(), [1234567, 42]).shape
    (2, 4, 4)
    """
    known = as_random_seeds(random_seeds, argument="random_seeds")
    check_has(generator, "latent_shape", argument="generator")
    if not known:
        raise ArgumentError(
            f"random_seeds={random_seeds!r:.60}; expected a list of whole numbers, one at least"
        )
    return layout_of(generator.latent_shape).unpack(packed_draws(generator, known))


def packed_draws(generator: Any, random_seeds: Sequence[int], *, like: Any = None) -> Any:
    """Return a prior draw for each integer as one array, shape (K, *packed_shape).

    Args:
        generator: whose draws they are.
        random_seeds: at least one.
        like: an array of the library, dtype and device wanted; by default the generator's own.
    """
    layout = layout_of(generator.latent_shape)
    draws = [
        layout.pack(rows_of(latent_from_random_seed(generator, seed), None), name="latents")
        for seed in random_seeds
    ]
    if len(draws) == 1 and like is None:
        return draws[0]
    like = draws[0] if like is None else like
    rows = np.concatenate([on_host(draw) for draw in draws])
    return library_of(like).from_host(rows, like=like)


def as_random_seeds(values: Any, *, argument: str = "seed_latents") -> tuple[int, ...]:
    """Return the random seeds given in place of latents; none if these are no whole numbers.

    Raises:
        ArgumentError: one is below 0 or above 2^64 - 1, or given twice; or a path was given.

    >>> as_random_seeds(range(3)), as_random_seeds([7, np.int64(42)]), as_random_seeds([[0.5]])
    ((0, 1, 2), (7, 42), ())
    """
    if isinstance(values, (str, os.PathLike)):
        raise ArgumentError(
            f"{argument}={os.fspath(values)!r} is text or a path; expected arrays or whole "
            "numbers: read the file first, for example with numpy.load"
        )
    flat = isinstance(values, (list, tuple, range)) or getattr(values, "ndim", None) == 1
    items = list(values) if flat else []
    if not items or not all(_is_whole(item) for item in items):
        return ()
    seeds = tuple(int(item) for item in items)
    for seed in seeds:
        if not 0 <= seed < 2**64:
            raise ArgumentError(f"random seed {seed}: give a whole number from 0 to 2^64 - 1")
        if seeds.count(seed) > 1:
            raise ArgumentError(f"random seed {seed} is given twice; leave one of them out")
    return seeds


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def as_array(value: Any) -> Any:
    """Return arrays of any library, or a dictionary of them, as they are; else a NumPy array."""
    if isinstance(value, Mapping):
        return {part: as_array(array) for part, array in value.items()}
    return np.asarray(value) if library_of(value).name == "numpy" else value


def on_host(array: Any) -> np.ndarray:
    """Return the same numbers as a NumPy array."""
    return library_of(array).on_host(array)
