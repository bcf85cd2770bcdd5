"""Features of outputs: numbers in which alike outputs are near each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.arrays import host_array
from latent_spaces_by_example.errors import ArgumentError

Features = Callable[[Sequence[Any]], Any]  # n outputs -> numbers of shape (n, p)

MOST_FEATURES = 4096
_MOST_NUMBERS = 2**20  # of one output, after it was made smaller
_SIDE = 32  # pixels of a picture, at most
_NUM_COMPONENTS = 16


def features_of(function: Features, outputs: Sequence[Any]) -> Float64[np.ndarray, "n p"]:
    """Return the features of outputs, checked.

    Args:
        function: makes features of n outputs, shape (n, p).
        outputs: n of them.

    Raises:
        ArgumentError: they are not numbers of shape (n, p), p from 1 to 4,096, or not finite.

    >>> features_of(lambda outputs: [[x.max()] for x in outputs], [np.arange(3), np.ones(2)])
    array([[2.],
           [1.]])
    """
    name = getattr(function, "__qualname__", type(function).__name__)
    values = function(outputs)
    try:
        features = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"features {name} of {len(outputs)} outputs are {values!r:.60}; expected numbers of "
            "shape (n, p), p for each output"
        ) from error
    if features.ndim != 2 or len(features) != len(outputs):
        raise ArgumentError(
            f"features {name} of {len(outputs)} outputs have shape {features.shape}; expected "
            f"({len(outputs)}, p), p numbers for each output"
        )
    if not 1 <= features.shape[1] <= MOST_FEATURES:
        raise ArgumentError(
            f"features {name} are {features.shape[1]} numbers for an output; expected 1 to "
            f"{MOST_FEATURES}: reduce them, to principal components say"
        )
    if not np.isfinite(features).all():
        row, column = np.argwhere(~np.isfinite(features))[0]
        raise ArgumentError(
            f"features {name} of output {row} of {len(outputs)}: number {column} is "
            f"{features[row, column]}; expected finite numbers"
        )
    return features


def pixels(outputs: Sequence[Any]) -> Float64[np.ndarray, "n p"]:
    """Return the numbers of outputs as they are; of pictures, made smaller, their pixels.

    Args:
        outputs: pictures of PIL, or numeric arrays, all of one shape. An array of shape (height,
            width), or with 1 to 4 channels as its last or first axis, is a picture if both sides
            are longer than 32; its pixels are averaged in blocks.

    Raises:
        ArgumentError: they are no such things, or larger than 2^20 numbers each.

    >>> pixels([np.ones((64, 64)), np.zeros((64, 64))]).shape
    (2, 1024)
    """
    arrays = [_numbers(output) for output in outputs]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        raise ArgumentError(
            f"outputs have shapes {sorted(shapes)}; pixels and principal components are for "
            "outputs of one shape: give features=function of your own"
        )
    rows = [_smaller(array).ravel() for array in arrays]
    if rows and not 1 <= len(rows[0]) <= _MOST_NUMBERS:
        raise ArgumentError(
            f"an output has {len(rows[0])} numbers; expected 1 to {_MOST_NUMBERS}: give "
            "features=function of your own"
        )
    return np.stack(rows) if rows else np.empty((0, 0))


def _numbers(output: Any) -> Float64[np.ndarray, "*shape"]:
    try:
        array = host_array(output)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"dtype {array.dtype}")
        return array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentError(
            f"an output is a {type(output).__name__}, not an array of numbers ({error}); give "
            "features=function of your own"
        ) from error


def _smaller(array: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*smaller"]:
    if array.ndim == 3 and array.shape[0] <= 4 < array.shape[2]:
        array = np.moveaxis(array, 0, -1)
    is_picture = array.ndim == 2 or (array.ndim == 3 and array.shape[2] <= 4)
    if not is_picture or min(array.shape[:2]) <= _SIDE:
        return array
    for axis in (0, 1):
        edges = np.linspace(0, array.shape[axis], _SIDE + 1).astype(int)
        sums = np.add.reduceat(array, edges[:-1], axis=axis)
        shape = [1] * array.ndim
        shape[axis] = -1
        array = sums / np.diff(edges).reshape(shape)
    return array


@dataclass(frozen=True)
class PrincipalComponents:
    """The directions in which prior outputs differ most, in the outputs' own unit.

    They are not whitened: what varies little between outputs counts little.

    Attributes:
        middle: mean of the prior outputs' pixels, shape (m,).
        directions: shape (m, p), orthonormal columns.

    >>> prior = [np.array([t, 2 * t, 0.0]) for t in range(5)]
    >>> PrincipalComponents.of(prior)(prior).std(axis=0).round(3).tolist()
    [3.162]
    """

    middle: Float64[np.ndarray, " m"]
    directions: Float64[np.ndarray, "m p"]

    @classmethod
    def of(cls, outputs: Sequence[Any]) -> PrincipalComponents:
        """Find at most 16 of them in outputs of prior draws.

        Raises:
            ArgumentError: see :func:`pixels`; or all outputs are the same.
        """
        values = pixels(outputs)
        middle = values.mean(axis=0)
        _, sizes, rows = np.linalg.svd(values - middle, full_matrices=False)
        kept = sizes[:_NUM_COMPONENTS] > 1e-6 * np.abs(values).max(initial=1e-300)
        if not kept.any():
            raise ArgumentError(f"all {len(outputs)} prior outputs are the same")
        directions = rows[:_NUM_COMPONENTS][kept].T
        # whichever sign the decomposition came with
        peaks = directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])]
        return cls(middle, directions * np.sign(peaks))

    def __call__(self, outputs: Sequence[Any]) -> Float64[np.ndarray, "n p"]:
        """Return the features of n outputs."""
        return (pixels(outputs) - self.middle) @ self.directions
