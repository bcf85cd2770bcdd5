"""The objective ``effective-conductivity``: how well a two-phase material conducts one way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool

from latent_spaces_by_example.arguments import checked_number
from latent_spaces_by_example.objectives.base import Metric
from latent_spaces_by_example.parameters import check_choice, written
from latent_spaces_by_example.zoo.microstructure.two_phase_conduction import (
    DIRECTIONS,
    MOST_CONTRAST,
    SIDES,
    conductivity_bounds,
    effective_conductivity,
    two_phases,
)


@dataclass(frozen=True, kw_only=True)
class EffectiveConductivity:
    """Conduction in one direction with a limited amount of the conductor.

    score = k / (c v* + 1 - v*) / (1 + a max(0, v / v* - 1)): the conductivity over the best that
    any arrangement of the allowed fraction v* could reach (Wiener's upper bound, layers along
    the current), less where more is used. So a score of 1 is perfect. Dividing by the bound at
    a sample's own fraction v instead would give a material without any conductor, or of nothing
    else, full marks.

    Figures beside the score: ``conductivity``, ``volume_fraction``, ``penalty`` (the factor
    1 / (1 + a ...), 1 if no more than v* is used), and the bounds
    at the sample's own fraction, ``wiener_lower``, ``wiener_upper``, ``hashin_shtrikman_lower``,
    ``hashin_shtrikman_upper`` (see ``conductivity_bounds``).

    Args:
        contrast: c, conductivity of phase 1 over that of phase 0, from 1 to 1e6.
        volume_fraction: v*, how much of phase 1 is allowed, more than 0, at most 1.
        excess_cost: a, from 0 to 1e6. The best arrangement gains no more than the relative
            excess, so above 1 no use of more than v* is perfect. The default lets a search go
            through an excess, and makes staying there expensive.
        direction: "x" or "y".
        sides: "periodic" or "insulated".

    Raises:
        ArgumentError: a parameter is out of its range.

    >>> stripes = np.tile([[True], [False]], (4, 8))
    >>> round(EffectiveConductivity()([stripes])[0]["score"], 12)
    1.0
    """

    name: ClassVar[str] = "effective-conductivity"

    contrast: float = 100.0
    volume_fraction: float = 0.5
    excess_cost: float = 10.0
    direction: str = "x"
    sides: str = "periodic"

    def __post_init__(self) -> None:
        """Check the parameters."""
        ranges = {
            "contrast": (1.0, MOST_CONTRAST),
            "volume_fraction": (np.finfo(float).tiny, 1.0),
            "excess_cost": (0.0, 1e6),
        }
        for name, (low, high) in ranges.items():
            checked_number(getattr(self, name), argument=name, low=low, high=high)
        check_choice(self.direction, argument="direction", choices=DIRECTIONS)
        check_choice(self.sides, argument="sides", choices=SIDES)

    @property
    def spec(self) -> str:
        """Return the string that ``objectives.load`` makes this objective from again."""
        return written(self.name, vars(self))

    def __call__(self, outputs: Iterable[npt.ArrayLike]) -> list[dict[str, Metric]]:
        """Score materials, each of shape (ny, nx), true or 1 where the conductor is.

        Raises:
            ArgumentError: an output is not a two-phase picture.
        """
        return [self._score(two_phases(output)) for output in outputs]

    def _score(self, phases: Bool[np.ndarray, "ny nx"]) -> dict[str, Metric]:
        fraction = float(phases.mean())
        conductivity = effective_conductivity(
            phases, contrast=self.contrast, direction=self.direction, sides=self.sides
        )
        best = conductivity_bounds(self.volume_fraction, contrast=self.contrast).wiener_upper
        excess = max(0.0, fraction / self.volume_fraction - 1.0)
        penalty = 1.0 / (1.0 + self.excess_cost * excess)
        return {
            "score": conductivity / best * penalty,
            "conductivity": conductivity,
            "volume_fraction": fraction,
            "penalty": penalty,
            **vars(conductivity_bounds(fraction, contrast=self.contrast)),
        }
