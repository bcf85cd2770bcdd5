"""The seed latents' span: combining them, and finding the combination behind a latent.

Large arrays stay in the caller's array library, where they are combined; they are read here block
by block for sums, which NumPy adds up in float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Float, Float64
from scipy.linalg import solve_triangular

from latent_spaces_by_example.arrays import ArrayLibrary, library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space.gram import COLUMNS, inner_products
from latent_spaces_by_example.space.inner_latents import InnerLatents

#: n combinations of K seeds.
Weights = Float64[np.ndarray, "n K"]
#: One number for each pair of seeds.
Square = Float64[np.ndarray, "K K"]
# Beyond this condition number of the cosines, float64 cannot tell the seeds from dependent ones.
_GRAM_LIMIT = 1e13
# Each pass of refinement restores so many of the digits that the condition number costs.
_CONDITION_OF_A_PASS = 1e6


@dataclass(frozen=True)
class LeastSquares:
    """The least-squares problem min_a |y - a E| over the unit seeds E, reduced to K dimensions.

    |y - a E|^2 = |R a - rhs|^2 + outside^2.

    Attributes:
        factor: upper triangular R with R^T R = E E^T, shape (K, K).
        rhs: shape (n, K).
        solution: the minimising a, shape (n, K).
        outside: distance of y from the span, shape (n,).
        norms: |y|, shape (n,).
    """

    factor: Square
    rhs: Weights
    solution: Weights
    outside: Float64[np.ndarray, " n"]
    norms: Float64[np.ndarray, " n"]


@final
@dataclass(frozen=True, eq=False)
class SeedSpan:
    """The span of K inner seed latents.

    Attributes:
        rows: the seed latents, shape (K, d), an array of any library, kept by reference; or
            :class:`InnerLatents`, which may have more of them.
        num_first: K, where only the first rows are meant.
    """

    rows: Any
    num_first: int | None = None

    @cached_property
    def library(self) -> ArrayLibrary:
        """The array library of the seeds."""
        return library_of(self.rows)

    @property
    def num_seeds(self) -> int:
        """K."""
        return len(self.rows) if self.num_first is None else self.num_first

    @property
    def _streamed(self) -> bool:
        return isinstance(self.rows, InnerLatents)

    @property
    def num_dims(self) -> int:
        """d."""
        return self.rows.num_dims if self._streamed else int(self.rows.shape[1])

    @property
    def dtype_name(self) -> str:
        """Name of the seeds' dtype."""
        return self.library.dtype_name(self.rows)

    @property
    def eps(self) -> float:
        """Spacing of the seeds' dtype at 1."""
        return self.library.eps(self.rows)

    @cached_property
    def gram(self) -> Square:
        """Inner products of the seeds, accumulated in float64 whatever their dtype."""
        gram = self.rows.gram if self._streamed else inner_products(self.rows)
        gram = gram[: self.num_seeds, : self.num_seeds]
        squares = np.diag(gram)
        if not (np.isfinite(squares).all() and (squares > 0.0).all()):
            raise ArgumentError(
                "the squared norms of the inner seed latents overflow or underflow float64; "
                "expected latents of a reasonable scale"
            )
        gram.setflags(write=False)
        return gram

    @cached_property
    def norms(self) -> Float64[np.ndarray, " K"]:
        """Euclidean norms of the seeds."""
        norms: Float64[np.ndarray, " K"] = np.sqrt(np.diag(self.gram))
        norms.setflags(write=False)
        return norms

    @cached_property
    def correlation(self) -> Square:
        """Cosines between the seeds, with a diagonal of exactly 1."""
        cosines: Square = self.gram / np.outer(self.norms, self.norms)
        np.clip(cosines, -1.0, 1.0, out=cosines)
        np.fill_diagonal(cosines, 1.0)
        cosines.setflags(write=False)
        return cosines

    @cached_property
    def smallest_singular_value(self) -> float:
        """Smallest singular value of the unit seeds; 0 if the Gram matrix cannot tell it from 0."""
        eigenvalues = self._eigenvalues
        if self.num_seeds > self.num_dims or eigenvalues[0] * _GRAM_LIMIT < eigenvalues[-1]:
            return 0.0
        return float(np.sqrt(eigenvalues[0]))

    def combine(self, coefficients: Float64[Any, "n K"]) -> Float[Any, "n d"]:
        """Return coefficients @ seeds, in the seeds' dtype and without copying them."""
        if self._streamed:
            return self.rows.combine(coefficients)
        return self.library.combine(coefficients, self.rows)

    def least_squares(self, y: Float[Any, "n d"]) -> LeastSquares:
        """Find the combinations of unit seeds nearest to the rows of ``y``.

        Corrected semi-normal equations: two passes over the seeds, or more where they are nearly
        dependent, and no copy of them. The seeds must be linearly independent.

        Source: Björck, "Stability analysis of the method of seminormal equations for linear
        least squares problems", Linear Algebra Appl. 88/89 (1987).
        """
        factor: Square = np.linalg.cholesky(self.correlation).T
        condition = self._eigenvalues[-1] / self._eigenvalues[0]
        passes = 1 + int(np.ceil(np.log(condition) / np.log(_CONDITION_OF_A_PASS)))
        products, squares = self._products_with(y, None)
        rhs = _solve(factor, products, transposed=True)
        solution = _solve(factor, rhs)
        outside_squares = squares
        for _ in range(max(1, passes - 1)):
            # with the residual in y's place: what the Gram matrix's condition spoilt
            corrections, outside_squares = self._products_with(y, solution)
            correction_rhs = _solve(factor, corrections, transposed=True)
            outside_squares = outside_squares - (correction_rhs**2).sum(axis=1)
            rhs = rhs + correction_rhs
            solution = solution + _solve(factor, correction_rhs)
        return LeastSquares(
            factor=factor,
            rhs=rhs,
            solution=solution,
            outside=np.sqrt(np.maximum(outside_squares, 0.0)),
            norms=np.sqrt(squares),
        )

    def _products_with(
        self, y: Float[Any, "n d"], solution: Weights | None
    ) -> tuple[Weights, Float64[np.ndarray, " n"]]:
        """Return inner products with the unit seeds, and squared norms, of y - solution E."""
        products = np.zeros((len(y), self.num_seeds))
        squares = np.zeros(len(y))
        library = library_of(y)
        for columns, block in self._blocks():
            part = library.on_host(y, np.s_[:, columns]).astype(np.float64)
            if solution is not None:
                part -= (solution / self.norms) @ block
            products += part @ block.T
            squares += np.einsum("nd,nd->n", part, part)
        return products / self.norms, squares

    @cached_property
    def _eigenvalues(self) -> Float64[np.ndarray, " K"]:
        """Eigenvalues of the cosines, the smallest first."""
        eigenvalues: Float64[np.ndarray, " K"] = np.linalg.eigvalsh(self.correlation)
        return eigenvalues

    def _blocks(self) -> Iterator[tuple[slice, Float64[np.ndarray, "K block"]]]:
        """Yield the seeds' columns a block at a time, on the host and in float64.

        Rows that are streamed are all read into memory for it.
        """
        rows = self.rows.rows(range(self.num_seeds)) if self._streamed else self.rows
        for start in range(0, self.num_dims, COLUMNS):
            columns = slice(start, start + COLUMNS)
            block = self.library.on_host(rows, np.s_[:, columns])
            yield columns, block.astype(np.float64, copy=False)


def _solve(factor: Square, rows: Weights, *, transposed: bool = False) -> Weights:
    solved: Weights = solve_triangular(factor, rows.T, trans="T" if transposed else "N").T
    return solved
