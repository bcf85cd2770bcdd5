"""Streams of random numbers that one integer stands for, by torch's and NumPy's own convention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np

_TWO_TO_32 = 2**32


def integer_of(seeds: Sequence[int]) -> int:
    """Return one integer in [0, 2^63) for several, which look independent for different ones."""
    return int(np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0] >> np.uint64(1))


@final
class SeedStreams:
    """Start the streams of ``torch.manual_seed(n)`` on the CPU and of NumPy's seeding by n.

    Args:
        random_seed: n, at least 0.
        with_torch: whether torch draws are made too. NumPy's streams then get seeds hashed
            from n, since torch and NumPy seed the same algorithm, and equal seeds would make
            their draws depend on one another.
    """

    def __init__(self, random_seed: int, *, with_torch: bool) -> None:
        self.torch: Any = None
        if with_torch:
            import torch  # a sampler of NumPy alone needs none

            self.torch = torch.Generator().manual_seed(random_seed)
        seed = np.random.SeedSequence([random_seed, 1]).generate_state(2) if with_torch else None
        legacy = [random_seed % _TWO_TO_32, random_seed // _TWO_TO_32] if seed is None else seed
        if seed is None and random_seed < _TWO_TO_32:
            self.numpy_global = np.random.RandomState(random_seed)
        else:
            self.numpy_global = np.random.RandomState(legacy)
        self.numpy_generator = np.random.default_rng(random_seed if seed is None else legacy)
