"""Declare what an array library must do so that latents can be its arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Float64

Index = Any
#: u or w, in the caller's dtype -> w or coefficients, checked and in float64.
Forward = Callable[[Any], Float64[np.ndarray, "n K"]]
#: The argument of a ``Forward``, and dL/d(its result) -> dL/d(its argument).
PullBack = Callable[[np.ndarray, Float64[np.ndarray, "n K"]], Float64[np.ndarray, "n J"]]


class ArrayLibrary(ABC):
    """An array library, as far as latents need it.

    Arrays of the latents' size stay in the caller's library, dtype and device; small ones (u, w,
    coefficients, K x K matrices) are computed by NumPy in float64 on the host.
    """

    name: ClassVar[str]

    @abstractmethod
    def is_array(self, value: Any) -> bool:
        """Return True if ``value`` is an array of this library."""

    @abstractmethod
    def float_array(self, value: Any, *, name: str, shape: str) -> Any:
        """Return ``value`` as a floating-point array of its own dtype, without copying an array.

        Args:
            value: what the caller passed.
            name: what the caller calls it, for the message.
            shape: the shape that was expected, for the message.

        Raises:
            ArgumentError: if ``value`` does not hold floating-point numbers of a width that
                latents can have.
        """

    def seed_array(self, value: Any, *, name: str, shape: str) -> Any:
        """Do as :meth:`float_array` does, for an array that is kept and taken for constant."""
        return self.float_array(value, name=name, shape=shape)

    def dtype_name(self, array: Any) -> str:
        """Return the name of the array's dtype, as NumPy would write it."""
        return str(array.dtype).removeprefix("torch.")

    @abstractmethod
    def eps(self, array: Any) -> float:
        """Return the spacing of the array's dtype at 1."""

    @abstractmethod
    def on_host(self, array: Any, index: Index = ...) -> np.ndarray:
        """Return ``array[index]`` as a NumPy array, of the same dtype where NumPy has it.

        A view wherever the memory is the host's, so not to be written to.
        """

    @abstractmethod
    def from_host(self, array: np.ndarray, *, like: Any) -> Any:
        """Return a NumPy array as one of the dtype and on the device of ``like``."""

    @abstractmethod
    def array(self, array: np.ndarray) -> Any:
        """Return a NumPy array as one of this library, of its dtype and on the usual device."""

    @abstractmethod
    def beside(self, values: Any, *, like: Any) -> Any:
        """Return small numbers as an array of this library in float64, on the device of ``like``.

        Args:
            values: a NumPy array, or what :meth:`mapped` returned.
            like: the array whose device is meant.
        """

    @abstractmethod
    def mapped(self, value: Any, *, name: str, forward: Forward, pull_back: PullBack | None) -> Any:
        """Return ``forward(value)`` in float64; differentiable, if this library differentiates.

        Args:
            value: coordinates or weights, of any library.
            name: what the caller calls it, for messages.
            forward: from host numbers to host numbers; checks what it is given.
            pull_back: its vector-Jacobian product; None if it has none.

        Raises:
            ArgumentError: what ``forward`` raises; or a gradient is asked for and there is none.
        """

    @abstractmethod
    def combine(self, coefficients: Any, rows: Float[Any, "K d"]) -> Float[Any, "n d"]:
        """Return coefficients @ rows, in the rows' dtype and without copying them.

        Args:
            coefficients: what :meth:`mapped` returned, shape (n, K).
            rows: an array of this library.
        """

    @abstractmethod
    def affine(
        self, rows: Float[Any, "n d"], *, factor: np.ndarray, mean: np.ndarray
    ) -> Float[Any, "n d"]:
        """Return rows L^T + mean, computed in float64 and rounded once to the dtype of ``rows``.

        Args:
            rows: an array of this library.
            factor: L, shape (d, d); or its diagonal, shape (d,) or (1,).
            mean: shape (d,) or (1,).
        """

    @abstractmethod
    def inverse_affine(
        self, rows: Float[Any, "n d"], *, factor: np.ndarray, mean: np.ndarray
    ) -> Float[Any, "n d"]:
        """Return (rows - mean) L^-T, L lower triangular: the inverse of :meth:`affine`."""
