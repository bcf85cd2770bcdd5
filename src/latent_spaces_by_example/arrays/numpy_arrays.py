"""NumPy arrays, and whatever NumPy can read."""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float, Float64
from scipy.linalg import solve_triangular

from latent_spaces_by_example.arguments import ArrayLike, float_array
from latent_spaces_by_example.arrays.base import ArrayLibrary, Forward, Index, PullBack

# Columns worked on at a time: few enough for a core's cache and for BLAS's unpacked kernels, many
# enough that the loop costs nothing.
_BLOCK = 4096


@final
class NumpyArrays(ArrayLibrary):
    """NumPy: no device, no gradients."""

    name: ClassVar[str] = "numpy"

    def is_array(self, value: Any) -> bool:
        """Return True for a NumPy array."""
        return isinstance(value, np.ndarray)

    def float_array(self, value: ArrayLike, *, name: str, shape: str) -> np.ndarray:
        """Read anything that NumPy reads as an array of float16, float32 or float64."""
        return float_array(value, name=name, shape=shape)

    def eps(self, array: np.ndarray) -> float:
        """Return the spacing of the dtype at 1."""
        return float(np.finfo(array.dtype).eps)

    def on_host(self, array: np.ndarray, index: Index = ...) -> np.ndarray:
        """Return a view: the array is on the host already."""
        return array[index]

    def from_host(self, array: np.ndarray, *, like: np.ndarray) -> np.ndarray:
        """Change the dtype if need be."""
        return array.astype(like.dtype, copy=False)

    def array(self, array: np.ndarray) -> np.ndarray:
        """Return the array itself."""
        return array

    def beside(
        self, values: Float64[np.ndarray, "*shape"], *, like: np.ndarray
    ) -> Float64[np.ndarray, "*shape"]:
        """Return the numbers, which are NumPy's already."""
        return values

    def mapped(
        self, value: Any, *, name: str, forward: Forward, pull_back: PullBack | None
    ) -> Float64[np.ndarray, "n K"]:
        """Return forward(value)."""
        return forward(value)

    def combine(
        self, coefficients: Float64[np.ndarray, "n K"], rows: Float[np.ndarray, "K d"]
    ) -> Float[np.ndarray, "n d"]:
        """Return coefficients @ rows, a block of columns at a time."""
        dtype = rows.dtype
        # float16 has no matrix product worth the name, in speed or in accuracy.
        working = np.dtype(np.float32) if dtype == np.float16 else dtype
        factors = coefficients.astype(working)
        combined = np.empty((len(factors), rows.shape[1]), dtype)
        for start in range(0, rows.shape[1], _BLOCK):
            columns = slice(start, start + _BLOCK)
            if working == dtype:
                np.matmul(factors, rows[:, columns], out=combined[:, columns])
            else:
                combined[:, columns] = factors @ rows[:, columns].astype(working)
        return combined

    def affine(
        self, rows: Float[np.ndarray, "n d"], *, factor: np.ndarray, mean: np.ndarray
    ) -> Float[np.ndarray, "n d"]:
        """Return rows L^T + mean."""
        result = np.empty(rows.shape, rows.dtype)
        # dtype= computes in float64 chunk by chunk, so a large mean costs float32 latents
        # neither digits nor a float64 copy.
        if factor.ndim < 2:
            np.multiply(rows, factor, out=result, dtype=np.float64, casting="same_kind")
        else:
            result[...] = rows.astype(np.float64) @ factor.T
        np.add(result, mean, out=result, dtype=np.float64, casting="same_kind")
        return result

    def inverse_affine(
        self, rows: Float[np.ndarray, "n d"], *, factor: np.ndarray, mean: np.ndarray
    ) -> Float[np.ndarray, "n d"]:
        """Return (rows - mean) L^-T."""
        result = np.empty(rows.shape, rows.dtype)
        np.subtract(rows, mean, out=result, dtype=np.float64, casting="same_kind")
        if factor.ndim < 2:
            np.divide(result, factor, out=result, dtype=np.float64, casting="same_kind")
        else:
            centred = result.T.astype(np.float64)
            result[...] = solve_triangular(factor, centred, lower=True).T
        return result
