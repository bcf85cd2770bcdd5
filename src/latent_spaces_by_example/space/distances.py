"""Distances between outputs, number by number, and between latents, by their angles."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.arguments import ArrayLike, real_array
from latent_spaces_by_example.arrays import host_array
from latent_spaces_by_example.errors import ArgumentError


def angles_between(correlation: ArrayLike) -> np.ndarray:
    """Return angles in radians from cosines (n, n): distances between latents on the shell.

    >>> angles_between(np.eye(2)).round(3).tolist()
    [[0.0, 1.571], [1.571, 0.0]]

    Raises:
        ArgumentError: they are no square array of numbers.
    """
    cosines = real_array(correlation, name="correlation", shape="(n, n)")
    if cosines.ndim != 2 or cosines.shape[0] != cosines.shape[1]:
        raise ArgumentError(f"correlation has shape {cosines.shape}; expected (n, n)")
    angles: np.ndarray = np.arccos(np.clip(cosines, -1.0, 1.0))
    np.fill_diagonal(angles, 0.0)
    return angles


def distances_between(outputs: Any) -> np.ndarray:
    """Return the root mean square difference of each output to each, shape (n, n).

    Args:
        outputs: a sequence of n arrays (or images) of one shape.

    Raises:
        ArgumentError: they are not numbers of one shape.

    Examples:
        >>> distances_between([[0.0, 0.0], [3.0, 3.0]]).tolist()
        [[0.0, 3.0], [3.0, 0.0]]
    """
    table = output_rows(outputs)
    between = np.empty((len(table), len(table)))
    for row, output in zip(between, table, strict=True):
        row[:] = root_mean_square(table - output)
    return between


def rms_difference(first: Any, second: Any) -> float:
    """Return the root mean square difference of two outputs; NaN if they cannot be compared.

    >>> rms_difference([0.0, 0.0], [3.0, 3.0]), rms_difference([0.0], "text")
    (3.0, nan)
    """
    try:
        one, other = output_rows([first, second])
    except ArgumentError:
        return float("nan")
    return float(root_mean_square((one - other)[None])[0])


def output_rows(outputs: Any) -> np.ndarray:
    """Return n outputs of one shape, of any array library, as rows of numbers.

    Raises:
        ArgumentError: they are not numbers of one shape.
    """
    try:
        rows = np.stack([host_array(output).astype(np.float64) for output in outputs])
    except (ValueError, TypeError) as error:
        raise ArgumentError(
            f"the outputs cannot be compared number by number ({error}); expected arrays of one "
            "shape"
        ) from error
    return rows.reshape(len(rows), -1)


def root_mean_square(rows: np.ndarray) -> Float64[np.ndarray, " n"]:
    """Return the root mean square of each row, shape (n,)."""
    roots: Float64[np.ndarray, " n"] = np.sqrt((rows**2).mean(axis=1))
    return roots
