"""Check what a caller passed, and read it as an array of real numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from latent_spaces_by_example.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike as ArrayLike
else:
    # Run-time type checkers must leave a caller's mistake to the library's own message, and
    # beartype reads NumPy's alias so strictly that it refuses a plain float.
    ArrayLike = Any


def float_array(value: ArrayLike, *, name: str, shape: str) -> np.ndarray:
    """Return ``value`` as a floating-point array of its own dtype, without copying an array.

    Args:
        value: anything that NumPy can read as an array of floating-point numbers.
        name: what the caller calls the argument, for the message.
        shape: the shape that was expected, for the message.

    Raises:
        ArgumentError: if ``value`` is ragged, or holds integers, booleans, complex numbers or
            objects. Integers are refused because they are nearly always a mistake here (indices
            passed for coordinates), and would make latents of integers.
    """
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ArgumentError(
            f"{name} cannot be read as an array ({error}); expected numbers of shape {shape}"
        ) from error
    if array.dtype.kind in "iub":
        raise ArgumentError(
            f"{name} holds {array.dtype} values; expected floating-point numbers of shape {shape}: "
            "convert it with .astype(float) if these values are meant"
        )
    if array.dtype not in (np.float16, np.float32, np.float64):
        raise ArgumentError(
            f"{name} holds {array.dtype} values; expected float16, float32 or float64 numbers "
            f"of shape {shape}"
        )
    return array


def check_finite(array: np.ndarray, *, name: str) -> None:
    """Raise ArgumentError, with the first place, if a value is NaN or infinite."""
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ArgumentError(
            f"{name} holds {int((~finite).sum())} values that are NaN or infinite, the first "
            f"({array[place]}) at index {place}; expected finite numbers"
        )


def edge_slack(dtype: np.dtype, *, terms: int = 1) -> float:
    """Return how far beyond the edge of its domain a value may be by rounding alone.

    A few units in the last place of the dtype that the caller computed in, times the square root
    of the number of terms for a quantity that sums many.
    """
    return float(8.0 * np.finfo(dtype).eps * np.sqrt(max(terms, 1)))


def check_positive(value: Any, *, argument: str) -> None:
    """Refuse what is not a whole number of at least 1.

    Raises:
        ArgumentError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ArgumentError(f"{argument}={value!r}; give a whole number of at least 1")
