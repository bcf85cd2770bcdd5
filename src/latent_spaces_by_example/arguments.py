"""Check what a caller passed, and read it as an array of real numbers."""

from __future__ import annotations

import math
import os
from pathlib import Path
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


def real_array(value: ArrayLike, *, name: str, shape: str | tuple[int, ...]) -> np.ndarray:
    """Return ``value`` as a float64 array, possibly not a copy; integers will do.

    Args:
        value: anything that NumPy can read as an array of real numbers.
        name: what the caller calls the argument, for the message.
        shape: the shape that it must have; or, for the message alone, the shape in words.

    Raises:
        ArgumentError: it is ragged, holds anything but real numbers, or has another shape.
    """
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biufO":
            raise TypeError(f"it has dtype {array.dtype}")
        array = array.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        raise ArgumentError(
            f"{name} cannot be read as real numbers ({error}); expected numbers of shape {shape}"
        ) from error
    if isinstance(shape, tuple) and array.shape != shape:
        raise ArgumentError(f"{name} has shape {array.shape}; expected numbers of shape {shape}")
    return array


def checked_number(
    value: Any, *, argument: str, low: float, high: float, above: bool = False
) -> float:
    """Return a number as a float.

    Args:
        value: anything that ``float`` takes, but neither a text nor a truth value.
        argument: what the caller calls it.
        low: the least value, or with ``above`` the number that it must exceed.
        high: the largest value.
        above: whether ``low`` itself is too low.

    Raises:
        ArgumentError: it is no number, NaN, or out of range.
    """
    try:
        number = math.nan if isinstance(value, (bool, str, bytes)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (low < number <= high or (number == low and not above)):
        bounds = f"above {low:g} and at most {high:g}" if above else f"from {low:g} to {high:g}"
        raise ArgumentError(f"{argument}={value!r:.40}; expected a number {bounds}")
    return number


def check_whole(value: Any, *, argument: str, least: int = 1, most: int | None = None) -> None:
    """Refuse what is not a whole number of at least ``least`` and at most ``most``.

    Raises:
        ArgumentError: it is not.
    """
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ArgumentError(f"{argument}={_shortened(value)}; give a whole number {bounds}")


def check_flag(value: Any, *, argument: str) -> None:
    """Refuse what is neither True nor False.

    Raises:
        ArgumentError: it is neither.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentError(f"{argument}={_shortened(value)}; give True or False")


def check_instance(value: Any, of: type, *, argument: str, example: str) -> None:
    """Refuse what is not an object of a class.

    Args:
        value: the object.
        of: the class.
        argument: what the caller calls it.
        example: how to make such an object.

    Raises:
        ArgumentError: it is of another class.
    """
    if not isinstance(value, of):
        raise ArgumentError(
            f"{argument}={_shortened(value)}; expected a {of.__name__}, such as {example}"
        )


def check_has(value: Any, *names: str, argument: str) -> None:
    """Refuse an object that lacks a method or attribute, and a class in place of an object.

    Raises:
        ArgumentError: with what is missing.
    """
    missing = [name for name in names if not hasattr(value, name)]
    if missing or isinstance(value, type):
        lack = f"has no {' and no '.join(missing)}" if missing else "is a class, not an object"
        raise ArgumentError(f"{argument}={_shortened(value)} {lack}")


def check_callable(value: Any, *, argument: str, called: str) -> None:
    """Refuse what is no function; None is one's own affair.

    Args:
        value: the function.
        argument: what the caller calls it.
        called: what it is called with and returns, for the message.

    Raises:
        ArgumentError: it cannot be called, or is a class.
    """
    if not callable(value) or isinstance(value, type):
        raise ArgumentError(f"{argument}={_shortened(value)}; give a function: {called}")


def checked_path(value: Any, *, argument: str) -> Path:
    """Return the path of a file or folder.

    Raises:
        ArgumentError: it is no text and no path, is empty or holds a null byte.
    """
    is_path = isinstance(value, (str, os.PathLike)) and not isinstance(value, bytes)
    if not is_path or not os.fspath(value) or "\0" in os.fspath(value):
        raise ArgumentError(f"{argument}={_shortened(value)}; give the path of a file or folder")
    return Path(value)


def _shortened(value: Any) -> str:
    try:
        return f"{value!r:.60}"
    except ValueError:  # a whole number of more digits than Python writes
        return "a number of thousands of digits"
