"""Inner latents by number: kept while they fit in memory, and made again when needed otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import final

import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.space.gram import COLUMNS, inner_products

#: As much as is kept for good, and as much as is in memory at a time besides.
BYTES_AT_ONCE = 256 * 2**20
# Rows that are combined at a time: a fixed number, so that sums are the same for any group size.
_ROWS = 8


@final
class InnerLatents:
    """Inner latents 0, 1, 2, ... of d numbers each, with sums over them that need few at a time.

    c Z and Z Z^T, where the K rows of Z are the latents: a group of rows after another, so that
    K x d numbers are never in memory. The first group is kept; the rows of the others are made
    anew on each pass. Sums are the same to the last bit however the rows grew, whether they were
    kept or made again, and for any size of a group.

    Args:
        make: a number -> that inner latent, a NumPy array of shape (d,), always the same.
        bytes_at_once: how large a group is, at least one row.
        keep: whether the first group is kept at all.

    Examples:
        >>> rows = InnerLatents(lambda i: np.eye(4)[i])
        >>> rows.extend_to(3)
        >>> rows.gram.shape, rows.combine(np.array([[0.6, 0.0, 0.8]]))
        ((3, 3), array([[0.6, 0. , 0.8, 0. ]]))
    """

    def __init__(
        self,
        make: Callable[[int], np.ndarray],
        *,
        bytes_at_once: int = BYTES_AT_ONCE,
        keep: bool = True,
    ) -> None:
        self._make = make
        self._bytes_at_once = bytes_at_once
        self._keep = keep
        self._kept: np.ndarray = np.empty((0, 0))
        self._num_kept = 0
        self.dtype = np.dtype(np.float64)
        self.num_dims = 0
        self.gram: Float64[np.ndarray, "K K"] = np.empty((0, 0))

    def __len__(self) -> int:
        return len(self.gram)

    def __getitem__(self, number: int) -> Float[np.ndarray, " d"]:
        return self.rows([number])[0]

    @property
    def rows_at_once(self) -> int:
        """Number of rows in a group."""
        return max(1, self._bytes_at_once // (max(1, self.num_dims) * self.dtype.itemsize))

    def extend_to(self, number: int) -> None:
        """Make rows until there are ``number``, and compute the inner products of all of them."""
        if number > 0 and len(self) == 0:
            first = self._make(0)
            self.num_dims, self.dtype = len(first), first.dtype
        for start in range(len(self), number, self.rows_at_once):
            self._append(range(start, min(start + self.rows_at_once, number)))

    def combine(self, coefficients: Float64[np.ndarray, "n K"]) -> Float[np.ndarray, "n d"]:
        """Return coefficients @ rows, in the rows' dtype; rows without a weight are not made."""
        working = np.promote_types(self.dtype, np.float32)  # float16 adds up in too few digits
        factors = coefficients.astype(working)
        total = np.zeros((len(factors), self.num_dims), working)
        used = (coefficients != 0.0).any(axis=0).nonzero()[0]
        for start in range(0, len(used), _ROWS):
            numbers = used[start : start + _ROWS]
            _add_product(total, factors[:, numbers], self.rows(numbers.tolist()))
        return total.astype(self.dtype, copy=False)

    def rows(self, numbers: Sequence[int]) -> Float[np.ndarray, "m d"]:
        """Return rows by increasing number; a view of what is kept, where they are neighbours."""
        if len(numbers) and numbers[-1] < self._num_kept:
            if numbers[-1] - numbers[0] == len(numbers) - 1:
                return self._kept[numbers[0] : numbers[-1] + 1]
            return self._kept[list(numbers)]
        rows = np.empty((len(numbers), self.num_dims), self.dtype)
        for row, number in zip(rows, numbers, strict=True):
            row[:] = self._kept[number] if number < self._num_kept else self._make(number)
        return rows

    def _append(self, numbers: range) -> None:
        fresh, old = self.rows(numbers), numbers.start
        gram = np.empty((numbers.stop, numbers.stop))
        gram[:old, :old] = self.gram
        gram[old:, old:] = inner_products(fresh)
        step = max(1, self.rows_at_once // 4)
        for start in range(0, old, step):
            others = range(start, min(start + step, old))
            products = inner_products(fresh, self.rows(others))
            gram[old:, others.start : others.stop] = products
            gram[others.start : others.stop, old:] = products.T
        self.gram = gram
        if self._keep and old < self.rows_at_once:
            self._keep_rows(fresh[: self.rows_at_once - old])

    def _keep_rows(self, fresh: Float[np.ndarray, "m d"]) -> None:
        old, new = self._num_kept, self._num_kept + len(fresh)
        if old == 0:
            self._kept = fresh
        elif len(self._kept) < new:
            # room to double, so that a study of n prior draws copies each O(1) times
            room = np.empty((min(max(new, 2 * old), self.rows_at_once), self.num_dims), fresh.dtype)
            room[:old] = self._kept[:old]
            self._kept = room
        self._kept[old:new] = fresh
        self._num_kept = new


def _add_product(
    total: Float[np.ndarray, "n d"],
    factors: Float[np.ndarray, "n m"],
    rows: Float[np.ndarray, "m d"],
) -> None:
    """Add factors @ rows to ``total``, one row after another.

    A matrix product would round a sum differently in batches of different sizes, and so a study
    that was cut inside a batch would differ from the uncut one.
    """
    for start in range(0, total.shape[1], COLUMNS):
        columns = slice(start, start + COLUMNS)
        for factor, row in zip(factors.T, rows, strict=True):
            total[:, columns] += factor[:, None] * row[columns].astype(factors.dtype, copy=False)
