"""Measure how far apart two outputs of a generator are, whatever they are made of.

An output is taken apart into its leaves: arrays of numbers (of any library and device), and values
that can only be equal or not. Dictionaries, dataclasses, lists and tuples of any shape, and
objects with attributes are opened; a leaf is copied, so that a buffer that is written again does
not look unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import ModuleType
from typing import Any

import numpy as np

from latent_spaces_by_example.arrays import host_array

_LEAST_SCALE = 1e-300
_FEWEST_NUMBERS = 16  # of fewer, a spread says nothing about what is large


def leaves_of(output: Any) -> dict[str, Any]:
    """Return the leaves of an output by their path: copies as NumPy arrays, or other values.

    >>> leaves_of({"name": "a", "parts": [np.zeros(2), (1.0, None)]}).keys()
    dict_keys(["['name']", "['parts'][0]", "['parts'][1][0]", "['parts'][1][1]"])
    """
    return dict(_leaves(output, path="", opened=set()))


def largest_difference(first: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Return the largest absolute difference in a leaf over the leaf's largest value.

    0 if all leaves are the same to the last bit; infinite if leaves are missing, of another shape,
    or unequal without being numbers; NaN if nothing could be compared.

    >>> largest_difference(leaves_of([1.0, "a"]), leaves_of([1.5, "a"]))
    0.5
    """
    return _worst(first, other, _relative_difference)


def share_changed(first: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Return how much of an output another latent changes: RMS difference over its own spread.

    Spread is the standard deviation within a leaf. Of leaves, the one that changes most. Infinite
    if a leaf of fewer than 16 numbers, or one that is not numbers, changes at all.
    """
    return _worst(first, other, _share_of_spread)


def _leaves(value: Any, *, path: str, opened: set[int]) -> Iterator[tuple[str, Any]]:
    array = _as_array(value)
    if array is not None:
        yield path, array
        return
    parts = _parts_of(value)
    if parts is None:
        yield path, value
    elif id(value) not in opened:  # an object may hold itself
        opened.add(id(value))
        for name, part in parts.items():
            yield from _leaves(part, path=f"{path}[{name!r}]", opened=opened)


def _as_array(value: Any) -> np.ndarray | None:
    try:
        dense = value.to_dense() if getattr(value, "is_sparse", False) else value
        array = np.array(host_array(dense))
    except Exception:  # of a ragged list, or an object of any kind, NumPy makes no array
        return None
    # NumPy turns [1.0, "a"] into text, which would hide how far the numbers are apart
    mixed = isinstance(value, (list, tuple)) and array.dtype.kind in "US"
    return None if mixed or array.dtype.kind == "O" else array


def _parts_of(value: Any) -> Mapping[Any, Any] | None:
    if isinstance(value, Mapping):
        return value
    if isinstance(value, (list, tuple)):
        return dict(enumerate(value))
    if isinstance(value, np.ndarray):
        return dict(enumerate(value.ravel().tolist()))
    if isinstance(value, type) or callable(value) or isinstance(value, ModuleType):
        return None
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return vars(value) if hasattr(value, "__dict__") and vars(value) else None


def _worst(
    first: Mapping[str, Any],
    other: Mapping[str, Any],
    measure: Callable[[np.ndarray, np.ndarray], float],
) -> float:
    if first.keys() != other.keys():
        return float("inf")
    values = [_between(first[path], other[path], measure) for path in first]
    known = [value for value in values if not np.isnan(value)]
    return max(known) if known else float("nan")


def _between(first: Any, other: Any, measure: Callable[[np.ndarray, np.ndarray], float]) -> float:
    if not (isinstance(first, np.ndarray) and isinstance(other, np.ndarray)):
        return _of_values(first, other)
    if first.shape != other.shape or first.dtype.kind != other.dtype.kind:
        return float("inf")
    numeric = first.dtype.kind in "biufc"
    if np.array_equal(first, other, equal_nan=first.dtype.kind in "fc"):
        return 0.0
    if not numeric:
        return float("inf")
    wide = np.complex128 if first.dtype.kind == "c" else np.float64
    with np.errstate(invalid="ignore", over="ignore"):
        return measure(first.astype(wide), other.astype(wide))


def _relative_difference(first: np.ndarray, other: np.ndarray) -> float:
    scale = max(float(np.nanmax(np.abs(first), initial=0.0)), _LEAST_SCALE)
    return float(np.nan_to_num(np.abs(first - other), nan=np.inf).max() / scale)


def _share_of_spread(first: np.ndarray, other: np.ndarray) -> float:
    spread = float(first.std()) if first.size >= _FEWEST_NUMBERS else 0.0
    change = float(np.sqrt(np.mean(np.abs(first - other) ** 2)))
    return change / spread if spread > 0.0 and np.isfinite(change) else float("inf")


def _of_values(first: Any, other: Any) -> float:
    if type(first) is not type(other):
        return float("inf")
    try:
        if bool(first == other):
            return 0.0
    except Exception:  # a comparison of the caller's own that cannot say
        return float("nan")
    compares = "__eq__" in {name for kind in type(first).__mro__[:-1] for name in vars(kind)}
    return float("inf") if compares else float("nan")
