"""Whether an array can serve as seed latents, found out in one pass over it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from latent_spaces_by_example.arguments import ArrayLike, float_array
from latent_spaces_by_example.errors import ArgumentError

_SHAPE = "(K, *latent_shape)"
_BLOCK = 1 << 16


def checked_seed_latents(value: ArrayLike) -> Float[np.ndarray, K * latent_shape]:
    """Return ``value`` as an array of seed latents, not copied.

    Raises:
        ArgumentError: if it is not of shape (K, *latent_shape) with K at least 1 and a latent of
            at least one number, holds anything but finite floating-point numbers, has a seed
            latent that is all zeros, or has the same one twice.
    """
    seeds = float_array(value, name="seed_latents", shape=_SHAPE)
    if seeds.ndim < 2 or seeds.size == 0:
        hint = "; write seed_latents[None] for a single one" if seeds.ndim == 1 else ""
        raise ArgumentError(
            f"seed_latents has shape {seeds.shape}; expected {_SHAPE}, at least one seed latent "
            f"of at least one number{hint}"
        )
    rows = seeds.reshape(len(seeds), -1)
    for k, row in enumerate(rows):
        _check_values(row, seed=k)
    _check_distinct(rows)
    return seeds


def _check_values(row: Float[np.ndarray, " D"], *, seed: int) -> None:
    # Block by block: a mask of millions of elements would cost memory and cache for nothing.
    nonzero = False
    for start in range(0, len(row), _BLOCK):
        block = row[start : start + _BLOCK]
        if not np.isfinite(block).all():
            raise ArgumentError(
                f"seed_latents[{seed}] holds values that are NaN or infinite; expected finite "
                "numbers: leave that seed latent out, or find out where it was made"
            )
        nonzero = nonzero or bool(block.any())
    if not nonzero:
        raise ArgumentError(f"seed_latents[{seed}] is all zeros, which spans nothing; leave it out")


def _check_distinct(rows: Float[np.ndarray, "K D"]) -> None:
    # Equal rows agree on a few elements; only those that do are compared in full.
    probe = np.ascontiguousarray(rows[:, :: max(1, rows.shape[1] // 32)])
    first_with: dict[bytes, list[int]] = {}
    for k, sample in enumerate(probe):
        peers = first_with.setdefault(sample.tobytes(), [])
        for j in peers:
            if np.array_equal(rows[j], rows[k]):
                raise ArgumentError(
                    f"seed_latents[{j}] and seed_latents[{k}] are identical, so they span no more "
                    "than one of them does; leave one out"
                )
        peers.append(k)
