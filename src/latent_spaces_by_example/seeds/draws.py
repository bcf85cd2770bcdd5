"""Prior draws by number, and the arrays that a generator makes and takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from latent_spaces_by_example.arrays import library_of
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


def as_array(value: Any) -> Any:
    """An array of whatever library it is of, or a dictionary of such; NumPy's of anything else."""
    if isinstance(value, Mapping):
        return {part: as_array(array) for part, array in value.items()}
    return np.asarray(value) if library_of(value).name == "numpy" else value


def on_host(array: Any) -> np.ndarray:
    """The same numbers as a NumPy array."""
    return library_of(array).on_host(array)
