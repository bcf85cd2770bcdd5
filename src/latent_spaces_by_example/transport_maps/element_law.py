"""The law of one element of a latent: distribution functions from both ends, and inverses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float64
from scipy.special import ndtr, ndtri

from latent_spaces_by_example.arguments import check_callable
from latent_spaces_by_example.errors import ArgumentError

# The farthest score: beyond it, float64 cannot tell the normal law's tail from zero.
FARTHEST = 37.5
# How far out the functions are tried when a law is made, in scores.
_TRIED_TO = 8.0
# With no functions of the upper tail, 1 - p has lost all its digits at 8.2.
_TRIED_TO_BY_CDF = 5.0
_TOLERANCE = 1e-6
_MOST_VALUES = 1 << 19
# Share of the grid whose values may round to an end of the support.
_MOST_AT_ENDS = 0.75


@final
@dataclass(frozen=True)
class ElementLaw:
    """The law of one element, or of every element of an array by broadcasting.

    score(z) = Phi^-1(F(z)), from the nearer tail; value(g) = F^-1(Phi(g)) likewise.

    Attributes:
        cdf: F, non-decreasing: a function of an array that gives one of the same shape.
        ppf: its inverse.
        sf: 1 - F, with the digits that F lacks near 1; without it and ``isf``, values whose F
            rounds to 1 cannot be told apart (scores above 8.2).
        isf: inverse of ``sf``; given with it, or not at all.
        support: the ends of the interval in which the values are.

    Raises:
        ArgumentError: on a grid, ``ppf`` does not invert ``cdf``, or ``isf`` does not invert
            ``sf``.

    Example:
        >>> import numpy as np
        >>> law = ElementLaw(lambda z: -np.expm1(-z), lambda p: -np.log1p(-p),
        ...                  sf=lambda z: np.exp(-z), isf=lambda q: -np.log(q),
        ...                  support=(0.0, np.inf))
        >>> law.value(law.score(np.array([1e-20, 1.0, 600.0])))
        array([1.e-20, 1.e+00, 6.e+02])
    """

    cdf: Any
    ppf: Any
    sf: Any = None
    isf: Any = None
    support: Any = (-np.inf, np.inf)

    def __post_init__(self) -> None:
        """Check the functions on a grid."""
        for name in ("cdf", "ppf", "sf", "isf"):
            function = getattr(self, name)
            if function is not None or name in ("cdf", "ppf"):
                check_callable(function, argument=name, called="an array -> an array")
        if (self.sf is None) != (self.isf is None):
            raise ArgumentError("only one of sf and isf was given; give both, or neither")
        low, high = self.ends
        if not (low < high).all():
            raise ArgumentError(
                f"support is {self.support!r:.60}; expected (low, high), high above low"
            )
        check_on_grid(self)

    @property
    def ends(self) -> tuple[Float64[np.ndarray, "*shape"], Float64[np.ndarray, "*shape"]]:
        """The support's ends, of the shape that the law's parameters have."""
        try:
            low, high = (np.asarray(end, dtype=np.float64) for end in self.support)
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"support is {self.support!r:.60}; expected (low, high)") from error
        return tuple(np.broadcast_arrays(low, high))  # type: ignore[return-value]

    def score(self, z: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        """Return Phi^-1(F(z)), -37.5 and 37.5 at the ends; NaN outside, infinite if F is lost."""
        low, high = self.ends
        with np.errstate(all="ignore"):
            scores = ndtri(_read(self.cdf(z), z, name="cdf"))
            if self.sf is not None:
                scores = np.where(scores <= 0.0, scores, -ndtri(_read(self.sf(z), z, name="sf")))
        scores = np.where(z == low, -FARTHEST, np.where(z == high, FARTHEST, scores))
        return np.where((z >= low) & (z <= high), scores, np.nan)

    def inside(
        self, z: Float64[np.ndarray, "*shape"], *, eps: float
    ) -> Float64[np.ndarray, "*shape"]:
        """Return values with those that rounding put beyond an end moved to it."""
        low, high = self.ends
        middle = self.value(np.zeros(low.shape))
        moved = z
        for end in (low, high):
            with np.errstate(invalid="ignore"):
                slack = 8.0 * eps * np.maximum(np.abs(end), np.abs(middle - end))
                beyond = np.isfinite(end) & (np.clip(z, low, high) != z)
                moved = np.where(beyond & (np.abs(z - end) <= slack), end, moved)
        return moved

    def value(self, score: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        """Return F^-1(Phi(score)), at the ends for scores of 37.5 and more.

        Beyond scores of 8, where inverses are often wrong, by bisecting the distribution function.
        """
        near = np.clip(score, -_TRIED_TO, _TRIED_TO)
        low, high = self.ends
        with np.errstate(all="ignore"):
            if self.isf is None:
                # below the last number before 1: nothing more is known of the upper tail
                shares = np.minimum(ndtr(near), 1.0 - 2.0**-53)
                values = _read(self.ppf(shares), score, name="ppf")
            else:
                upper = near > 0.0
                tails = ndtr(-np.abs(near))
                below = _read(self.ppf(np.where(upper, 0.5, tails)), score, name="ppf")
                above = _read(self.isf(np.where(upper, tails, 0.5)), score, name="isf")
                values = np.where(upper, above, below)
        far = near != score
        if far.any():
            values = np.where(far, self._bisected(np.clip(score, -FARTHEST, FARTHEST)), values)
        # an inner latent of few digits may miss that of an end by rounding
        beyond = FARTHEST * (1.0 - 1e-2)
        values = np.where((score <= -beyond) & np.isfinite(low), low, values)
        values = np.where((score >= beyond) & np.isfinite(high), high, values)
        # of one number, NumPy makes a scalar
        return np.asarray(np.clip(values, low, high))

    def _bisected(self, score: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        """Return the least numbers whose scores are at least these, one bit of them at a time."""
        limit = np.finfo(np.float64).max
        below, above = (
            _ordinal(np.broadcast_to(np.clip(end, -limit, limit), score.shape)) for end in self.ends
        )
        for _ in range(65):
            middle = below // 2 + above // 2 + (below % 2 + above % 2) // 2
            less = self.score(_number(middle)) < score
            below, above = np.where(less, middle, below), np.where(less, above, middle)
        return _number(above)


def _ordinal(x: np.ndarray) -> np.ndarray:
    """Return integers in the order of the numbers, consecutive for consecutive ones."""
    bits = np.ascontiguousarray(x, dtype=np.float64).view(np.int64)
    return bits ^ ((bits >> 63) & np.int64(0x7FFF_FFFF_FFFF_FFFF))


def _number(ordinal: np.ndarray) -> np.ndarray:
    """Undo ``_ordinal``, by the same operation."""
    bits = ordinal ^ ((ordinal >> 63) & np.int64(0x7FFF_FFFF_FFFF_FFFF))
    return bits.view(np.float64)


def law_of(value: Any, *, name: str) -> ElementLaw:
    """Return a law from what stands for one.

    Args:
        value: an ``ElementLaw``; a frozen continuous distribution of ``scipy.stats``, of the older
            or the newer kind; or a pair of functions (cdf, ppf).
        name: what the caller calls it, for the message.

    Raises:
        ArgumentError: it is none of these, or fails on the grid.
    """
    if isinstance(value, ElementLaw):
        return value
    if isinstance(value, tuple) and len(value) == 2 and all(callable(f) for f in value):
        return ElementLaw(*value)
    if all(hasattr(value, f) for f in ("icdf", "ccdf", "iccdf", "cdf", "support")):
        return ElementLaw(value.cdf, value.icdf, value.ccdf, value.iccdf, value.support())
    frozen = all(hasattr(value, f) for f in ("cdf", "ppf", "sf", "isf", "support"))
    if frozen and not hasattr(value, "pmf") and hasattr(value, "pdf") and hasattr(value, "args"):
        return ElementLaw(value.cdf, value.ppf, value.sf, value.isf, value.support())
    raise ArgumentError(
        f"{name} is {value!r:.80}; expected a frozen continuous distribution such as "
        "scipy.stats.gamma(2.0), an ElementLaw, or a pair of functions (cdf, ppf)"
    )


def check_on_grid(law: ElementLaw) -> None:
    """Raise ArgumentError if a law's functions do not undo one another, on a grid of scores.

    Many elements get few points each, at places of their own. A function that is not monotone, not
    finite or outside [0, 1] fails too.
    """
    shape = law.ends[0].shape
    num_points = int(np.clip(_MOST_VALUES // max(1, int(np.prod(shape))), 9, 257))
    reach = _TRIED_TO if law.sf is not None else _TRIED_TO_BY_CDF
    column = np.linspace(-reach, reach, num_points).reshape(-1, *(1,) * len(shape))
    shift = np.random.default_rng(0).uniform(0.0, reach / num_points, shape)
    scores = column + np.where(column < 0.0, shift, -shift)
    values = law.value(scores)
    again = law.score(values)
    # what rounding of a value changes in its score, by the steeper of the neighbouring steps
    spacing = np.spacing(np.abs(values))
    steps = np.maximum(np.diff(values, axis=0), np.minimum(spacing[:-1], spacing[1:]))
    with np.errstate(over="ignore", invalid="ignore"):
        slopes = np.diff(scores, axis=0) / steps
        steepest = np.maximum(
            np.concatenate([slopes[:1], slopes]), np.concatenate([slopes, slopes[-1:]])
        )
        slack = _TOLERANCE * (1.0 + np.abs(scores)) + 8.0 * spacing * steepest
        wrong = ~(np.abs(again - scores) <= slack)
    # a value that rounded to an end of the support says no more than that
    at_end = np.abs(again) == FARTHEST
    wrong &= ~at_end | (at_end.mean(axis=0) > _MOST_AT_ENDS)
    falls = np.diff(values, axis=0, prepend=values[:1]) < 0.0
    if (wrong | falls).any():
        place = tuple(np.argwhere(wrong | falls)[0])
        raise ArgumentError(
            "the law's functions do not invert one another, or are not monotone: probability "
            f"{float(ndtr(scores[place])):.6g} has the value {values[place]:.6g}, whose "
            f"probability is {float(ndtr(again[place])):.6g}; expected the same: give functions of "
            "one continuous law"
        )


def _read(values: Any, like: np.ndarray, *, name: str) -> Float64[np.ndarray, "*shape"]:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != like.shape:
        raise ArgumentError(
            f"{name} gave an array of shape {array.shape} for one of shape {like.shape}; expected "
            "the same shape"
        )
    return array
