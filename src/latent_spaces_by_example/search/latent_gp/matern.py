"""Matern functions of the distance over the length scale, for two degrees of smoothness."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Final, TypeAlias, final

import numpy as np
from jaxtyping import Float64

_Table: TypeAlias = Float64[np.ndarray, "*shape"]


class Matern(ABC):
    """M(r), r >= 0 the distance over the length scale: 1 at zero, falling to 0.

    Attributes:
        name: its smoothness, as it is called.

    References:
        Rasmussen and Williams, "Gaussian processes for machine learning", eq. 4.17.
    """

    name: ClassVar[str]

    @abstractmethod
    def with_slope(self, r: _Table) -> tuple[_Table, _Table]:
        """M(r), and -M'(r) / r, which is finite at zero."""


@final
class _ThreeHalves(Matern):
    """M(r) = (1 + t) exp(-t) with t = sqrt(3) r: of functions that have a gradient, and kinks."""

    name = "3/2"

    def with_slope(self, r: _Table) -> tuple[_Table, _Table]:
        """The slope is 3 exp(-t)."""
        t = np.sqrt(3.0) * r
        decay = np.exp(-t)
        return (1 + t) * decay, 3 * decay


@final
class _FiveHalves(Matern):
    """M(r) = (1 + t + t^2 / 3) exp(-t) with t = sqrt(5) r: of functions that have a curvature."""

    name = "5/2"

    def with_slope(self, r: _Table) -> tuple[_Table, _Table]:
        """The slope is 5 / 3 (1 + t) exp(-t)."""
        t = np.sqrt(5.0) * r
        decay = np.exp(-t)
        linear = (1 + t) * decay
        return linear + t**2 / 3 * decay, 5 / 3 * linear


THREE_HALVES: Final[Matern] = _ThreeHalves()
FIVE_HALVES: Final[Matern] = _FiveHalves()
