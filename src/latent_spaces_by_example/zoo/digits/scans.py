"""The real digits that scikit-learn carries, by class and index."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from jaxtyping import Float64, Int64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.plugins import missing_packages_named


@lru_cache(maxsize=1)
def load_scans() -> tuple[Float64[np.ndarray, "n 8 8"], Int64[np.ndarray, " n"]]:
    """Load all 1,797 images, levels 0 to 16, and their classes, in scikit-learn's order.

    Source: E. Alpaydin and C. Kaynak 1998, Optical Recognition of Handwritten Digits, UCI
    Machine Learning Repository (its test set).

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    with missing_packages_named("the data set of real digits", extra="digits"):
        from sklearn.datasets import load_digits

    images, classes = load_digits(return_X_y=True)
    return images.reshape(-1, 8, 8).astype(np.float64), classes.astype(np.int64)


def find_scan(name: str) -> Float64[np.ndarray, "8 8"]:
    """Return the real digit called ``name``, class and index in that class, such as ``"3:17"``.

    Raises:
        ArgumentError: no such class, or no such index.
        MissingPackageError: scikit-learn is not installed.

    >>> find_scan("3:17").shape
    (8, 8)
    """
    match = re.fullmatch(r"\s*(\d)\s*:\s*(\d+)\s*", name)
    if match is None:
        raise ArgumentError(
            f"no digit is called {name!r}; expected class:index, such as '3:17' for the 3 at "
            "index 17 among the 3s"
        )
    images, classes = load_scans()
    of_class = images[classes == int(match[1])]
    index = int(match[2])
    if index >= len(of_class):
        raise ArgumentError(
            f"no digit is called {name!r}: class {match[1]} has indices 0 to {len(of_class) - 1}"
        )
    return np.array(of_class[index])
