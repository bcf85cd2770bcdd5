"""Check that an array can serve as seed latents, in one pass over it."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from jaxtyping import Float

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps.layout import (
    Latents,
    Layout,
    PartsLayout,
    layout_of_latents,
)

_SHAPE = "(K, *latent_shape)"
_BLOCK = 1 << 16


def checked_seed_latents(value: Latents, *, layout: Layout | None = None) -> Float[Any, "K ..."]:
    """Return ``value`` as an array of seed latents of its own library, not copied.

    Args:
        value: shape (K, *latent_shape); or a dictionary of such arrays, which are joined.
        layout: what the latents are to look like; by default, what ``value`` looks like.

    Raises:
        ArgumentError: if it is not of shape (K, *latent_shape) with K at least 1 and a latent of
            at least one number, holds anything but finite floating-point numbers, has a seed
            latent that is all zeros, or has the same one twice; or is a tensor that requires a
            gradient. For a dictionary also if its parts do not fit together, with their names.
    """
    if isinstance(value, Mapping) or isinstance(layout, PartsLayout):
        layout = layout or layout_of_latents(value, name="seed_latents")
        value = layout.pack(value, name="seed_latents")
    library = library_of(value)
    seeds = library.seed_array(value, name="seed_latents", shape=_SHAPE)
    shape = tuple(seeds.shape)
    if len(shape) < 2 or 0 in shape:
        hint = "; write seed_latents[None] for a single one" if len(shape) == 1 else ""
        raise ArgumentError(
            f"seed_latents has shape {shape}; expected {_SHAPE}, at least one seed latent "
            f"of at least one number{hint}"
        )
    if layout is not None and shape[1:] != layout.packed_shape:
        raise ArgumentError(
            f"seed_latents has shape {shape}; this generator's are "
            f"{layout.described.replace('(n,', '(K,')}"
        )
    rows = seeds.reshape(shape[0], prod(shape[1:]))
    for k in range(shape[0]):
        _check_values(rows, seed=k)
    _check_distinct(rows)
    return seeds


def _check_values(rows: Float[Any, "K D"], *, seed: int) -> None:
    library = library_of(rows)
    # Block by block: a mask of millions of elements would cost memory and cache for nothing.
    nonzero = False
    for start in range(0, rows.shape[1], _BLOCK):
        block = library.on_host(rows, np.s_[seed, start : start + _BLOCK])
        if not np.isfinite(block).all():
            raise ArgumentError(
                f"seed_latents[{seed}] holds values that are NaN or infinite; expected finite "
                "numbers: leave that seed latent out, or find out where it was made"
            )
        nonzero = nonzero or bool(block.any())
    if not nonzero:
        raise ArgumentError(f"seed_latents[{seed}] is all zeros, which spans nothing; leave it out")


def _check_distinct(rows: Float[Any, "K D"]) -> None:
    library = library_of(rows)
    # Equal rows agree on a few elements; only those that do are compared in full.
    stride = max(1, rows.shape[1] // 32)
    probe = np.ascontiguousarray(library.on_host(rows, np.s_[:, ::stride]))
    first_with: dict[bytes, list[int]] = {}
    for k, sample in enumerate(probe):
        peers = first_with.setdefault(sample.tobytes(), [])
        for j in peers:
            if np.array_equal(library.on_host(rows, j), library.on_host(rows, k)):
                raise ArgumentError(
                    f"seed_latents[{j}] and seed_latents[{k}] are identical, so they span no more "
                    "than one of them does; leave one out"
                )
        peers.append(k)
