"""JAX arrays, computed on eagerly: no ``jit``, no ``grad``."""

from __future__ import annotations

from typing import Any, ClassVar, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.arrays.base import ArrayLibrary, Forward, Index, PullBack
from latent_spaces_by_example.arrays.numpy_arrays import NumpyArrays
from latent_spaces_by_example.errors import ArgumentError

_DTYPES = ("float16", "bfloat16", "float32", "float64")
_HOST = NumpyArrays()


@final
class JaxArrays(ArrayLibrary):
    """JAX arrays in, JAX arrays out.

    float64 is float32 unless the caller has switched on ``jax_enable_x64``.
    """

    name: ClassVar[str] = "jax"

    def is_array(self, value: Any) -> bool:
        """Return True for a JAX array, also a traced one, which ``float_array`` refuses."""
        return isinstance(value, jax.Array)

    def float_array(self, value: jax.Array, *, name: str, shape: str) -> jax.Array:
        """Refuse what is traced, and other dtypes than JAX's four floating-point ones."""
        if isinstance(value, jax.core.Tracer):
            raise ArgumentError(
                f"{name} is traced by a JAX transformation (jit, grad, vmap); expected an array "
                f"with values, of shape {shape}: call the chart outside of it"
            )
        if str(value.dtype) not in _DTYPES:
            raise ArgumentError(
                f"{name} holds {value.dtype} values; expected {', '.join(_DTYPES)} numbers of "
                f"shape {shape}: convert it with .astype(jax.numpy.float32) if these values are "
                "meant"
            )
        return value

    def eps(self, array: jax.Array) -> float:
        """Return the spacing of the dtype at 1."""
        return float(jnp.finfo(array.dtype).eps)

    def on_host(self, array: jax.Array, index: Index = ...) -> np.ndarray:
        """Bring the whole array to the host once; JAX keeps it there."""
        # indexed by NumPy, because JAX compiles a program for every new slice
        part = np.asarray(array)[index]
        return part.astype(np.float32) if str(array.dtype) == "bfloat16" else part

    def from_host(self, array: np.ndarray, *, like: jax.Array) -> jax.Array:
        """Put it on the device of ``like``, the first one if it is spread over several."""
        device, *_ = like.devices()
        return jax.device_put(array.astype(like.dtype, copy=False), device)

    def array(self, array: np.ndarray) -> jax.Array:
        """Put it on JAX's default device, in float32 if JAX was not allowed float64."""
        return jnp.asarray(array)

    def beside(self, values: Float64[np.ndarray, "*shape"], *, like: jax.Array) -> jax.Array:
        """Return them in the widest dtype that JAX was allowed."""
        widest = jax.dtypes.canonicalize_dtype(np.float64)
        device, *_ = like.devices()
        return jax.device_put(values.astype(widest, copy=False), device)

    def mapped(
        self, value: Any, *, name: str, forward: Forward, pull_back: PullBack | None
    ) -> Float64[np.ndarray, "n K"]:
        """Return forward(value), by NumPy; a JAX array is read on the host."""
        if self.is_array(value):
            shape = "(n, K - 1)" if name == "u" else "(n, K)"
            value = self.on_host(self.float_array(value, name=name, shape=shape))
        return forward(value)

    def combine(
        self, coefficients: Float64[np.ndarray, "n K"], rows: Float[jax.Array, "K d"]
    ) -> Float[jax.Array, "n d"]:
        """Return one matrix product, added up in float32 at least."""
        working = jnp.promote_types(rows.dtype, jnp.float32)
        # XLA's default precision is bfloat16 on some devices
        combined = jnp.matmul(
            coefficients.astype(working),
            rows,
            precision=jax.lax.Precision.HIGHEST,
            preferred_element_type=working,
        )
        return combined.astype(rows.dtype)

    def affine(
        self, rows: Float[jax.Array, "n d"], *, factor: np.ndarray, mean: np.ndarray
    ) -> Float[jax.Array, "n d"]:
        """Compute on the host, which has float64 whatever JAX was allowed."""
        moved = _HOST.affine(self._wide(rows), factor=factor, mean=mean)
        return self.from_host(moved, like=rows)

    def inverse_affine(
        self, rows: Float[jax.Array, "n d"], *, factor: np.ndarray, mean: np.ndarray
    ) -> Float[jax.Array, "n d"]:
        """Compute on the host, which has float64 whatever JAX was allowed."""
        moved = _HOST.inverse_affine(self._wide(rows), factor=factor, mean=mean)
        return self.from_host(moved, like=rows)

    def _wide(self, rows: Float[jax.Array, "n d"]) -> Float64[np.ndarray, "n d"]:
        return self.on_host(rows).astype(np.float64)
