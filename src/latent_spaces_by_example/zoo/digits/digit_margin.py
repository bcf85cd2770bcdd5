"""The objective ``digit-margin``: an unmistakable digit, upright or slanted as wanted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64
from scipy.ndimage import label

from latent_spaces_by_example.arguments import checked_number, real_array
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.objectives.base import Metric
from latent_spaces_by_example.parameters import written
from latent_spaces_by_example.zoo.digits.scans import load_scans

_SIDE = 8
_DARKEST = 16.0
_STEEPEST = 60.0


@dataclass(frozen=True, kw_only=True)
class DigitMargin:
    """Score how clearly a picture shows one digit rather than any other.

    score = f_c(x) - max_{k != c} f_k(x) - ((slant - s) / tolerance)^2, the last term only if a
    slant s is asked for. f_k is the decision function of a support vector machine for digit k
    against the rest (radial basis functions, gamma = 0.001, C = 10), trained on scikit-learn's
    1,797 digits when the objective is made; it is about 1 for digits like those it knows and -1
    for others, and falls off away from all of them, so that noise earns nothing.

    Metrics beside the score: ``margin`` (without the slant's term), ``recognised`` (the digit
    that the classifier sees; a label, so given as text), ``slant`` in degrees, ``ink`` (share of
    the blackest possible), ``holes`` (paper enclosed by ink: 0 in a 1, 1 in a 0, 2 in an 8).

    Args:
        digit: the digit c that is wanted, 0 to 9.
        slant: the slant s that is wanted, in degrees from upright, positive with the top to the
            right, -60 to 60; None if any will do. See ``ink_slant``.
        tolerance: how many degrees off cost a whole point, more than 0.

    Raises:
        ArgumentError: a parameter is out of its range.
        MissingPackageError: scikit-learn is not installed.

    >>> from latent_spaces_by_example.zoo.digits.scans import find_scan
    >>> three, eight = DigitMargin(digit=3)([find_scan("3:17"), find_scan("8:0")])
    >>> three["recognised"], three["score"] > 0.0 > eight["score"]
    ('3', True)
    """

    name: ClassVar[str] = "digit-margin"

    digit: int = 3
    slant: float | None = None
    tolerance: float = 10.0

    def __post_init__(self) -> None:
        """Check the parameters, and train the classifier if it is the first time."""
        if self.digit not in range(10):
            raise ArgumentError(f"digit={self.digit!r}; expected one of 0 to 9")
        if self.slant is not None:
            checked_number(self.slant, argument="slant", low=-_STEEPEST, high=_STEEPEST)
        checked_number(self.tolerance, argument="tolerance", low=0.0, high=math.inf, above=True)
        _classifier()

    @property
    def spec(self) -> str:
        """Return the string that ``objectives.load`` makes this objective from again."""
        return written(self.name, vars(self))

    def __call__(self, outputs: Iterable[npt.ArrayLike]) -> list[dict[str, Metric]]:
        """Score pictures, each of shape (8, 8) with ink from 0 to 16.

        Raises:
            ArgumentError: an output has another shape, or values outside 0 to 16.
        """
        images = [_checked(output) for output in outputs]
        if not images:
            return []
        values = _classifier().decision_function(np.stack(images).reshape(len(images), -1))
        return [self._metrics(x, f) for x, f in zip(images, values, strict=True)]

    def _metrics(
        self, image: Float64[np.ndarray, "8 8"], values: Float64[np.ndarray, " 10"]
    ) -> dict[str, Metric]:
        margin = float(values[self.digit] - np.delete(values, self.digit).max())
        slant = ink_slant(image)
        off = 0.0 if self.slant is None else (slant - self.slant) / self.tolerance
        return {
            "score": margin - off**2,
            "margin": margin,
            "recognised": str(values.argmax()),  # a label, no quantity
            "slant": slant,
            "ink": float(image.mean() / _DARKEST),
            "holes": count_holes(image),
        }


def ink_slant(image: npt.ArrayLike) -> float:
    """Return the slant of the ink in degrees from upright, arctan(mu_11 / mu_02), y upward.

    mu_pq are the central moments of the ink: the slope of its regression of x on y. Positive
    if the top lies to the right; 0 if the ink lies in one row, or there is none.

    Args:
        image: shape (ny, nx), first row on top, ink not negative.

    Raises:
        ArgumentError: not an image.

    >>> round(ink_slant(np.fliplr(np.eye(8))), 6)
    45.0
    """
    ink = real_array(image, name="image", shape="(ny, nx)")
    if ink.ndim != 2 or not (ink >= 0.0).all():
        raise ArgumentError(f"image has shape {ink.shape}; expected (ny, nx), ink not negative")
    total = ink.sum()
    if total == 0.0:
        return 0.0
    y, x = np.indices(ink.shape, dtype=np.float64)
    y = (ink * y).sum() / total - y  # rows run downward
    x = x - (ink * x).sum() / total
    upright = (ink * y * y).sum()
    return float(np.degrees(np.arctan((ink * x * y).sum() / upright))) if upright > 0.0 else 0.0


def count_holes(image: npt.ArrayLike) -> int:
    """Count the patches of paper that ink encloses.

    Paper is what is at most half as dark as the darkest pixel. Paper hangs together across
    sides, ink across corners too, and beyond the edge is paper.

    Args:
        image: shape (ny, nx), ink not negative.

    >>> ring = np.ones((3, 3)); ring[1, 1] = 0.0
    >>> count_holes(ring)
    1
    """
    ink = real_array(image, name="image", shape="(ny, nx)")
    paper = np.pad(ink <= 0.5 * ink.max(initial=0.0), 1, constant_values=True)
    _, patches = label(paper)
    return int(patches) - 1


@lru_cache(maxsize=1)
def _classifier() -> Any:
    images, classes = load_scans()
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import SVC

    levels = images.reshape(len(images), -1)
    return OneVsRestClassifier(SVC(C=10.0, gamma=0.001)).fit(levels, classes)


def _checked(output: npt.ArrayLike) -> Float64[np.ndarray, "8 8"]:
    image = real_array(output, name="an output", shape=(_SIDE, _SIDE))
    if not ((image >= 0) & (image <= _DARKEST)).all():
        raise ArgumentError("an output has values outside 0 (paper) to 16 (ink)")
    return image
