"""Inner products of which every bit is the same, however many are computed at once.

A matrix product adds up in an order that depends on its shape, so an entry of a Gram matrix that
grew row by row would differ in its last digits from one that was made at once; a search that
reads cosines would then propose something else after a restart. Here every entry is a sum of dot
products of 4,096 columns each, in the order of the columns. Such a dot product depends on its two
vectors alone: not on the other rows, and, being this short, not on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.arrays import library_of

#: Columns in a dot product. OpenBLAS splits those of more than 10,000 among threads.
COLUMNS = 4096
# Rows in a tile: two tiles of so many rows and columns stay in a core's cache.
_TILE = 8


def inner_products(
    first: Float[Any, "m d"], other: Float[Any, "k d"] | None = None
) -> Float64[np.ndarray, "m k"]:
    """Return the inner product of each row with each, added up in float64.

    Entry (i, j) has the same bits whatever other rows there are, in either order of the two.

    Args:
        first: rows of any array library and floating-point dtype.
        other: other rows of as many columns; by default ``first`` again.

    >>> inner_products(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[ 5., 11.],
           [11., 25.]])
    """
    symmetric = other is None
    m, k = len(first), len(first if other is None else other)
    products = np.zeros((m, k))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for start in range(0, first.shape[1], COLUMNS):
            left = _columns_of(first, start)
            right = left if other is None else _columns_of(other, start)
            for i in range(0, m, _TILE):
                # vector times vector is a dot product, where a matrix would be summed as its
                # shape suggests
                vectors = left[i : i + _TILE, None, None, :]
                for j in range(0, min(k, i + 1) if symmetric else k, _TILE):
                    dots = np.matmul(vectors, right[None, j : j + _TILE, :, None])
                    products[i : i + _TILE, j : j + _TILE] += dots[:, :, 0, 0]
    if symmetric:
        upper = np.triu_indices(m, 1)
        products[upper] = products.T[upper]
    return products


def _columns_of(rows: Float[Any, "m d"], start: int) -> Float64[np.ndarray, "m columns"]:
    block = library_of(rows).on_host(rows, np.s_[:, start : start + COLUMNS])
    return np.ascontiguousarray(block, dtype=np.float64)
