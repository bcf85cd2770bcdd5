"""Lift over drag of airfoil sections, at a given lift."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.arguments import checked_number, real_array
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.objectives.base import Metric
from latent_spaces_by_example.parameters import check_choice, written
from latent_spaces_by_example.zoo.airfoil import measure, resample, thickness_and_camber
from latent_spaces_by_example.zoo.airfoil.angle_of_attack import trim
from latent_spaces_by_example.zoo.airfoil.crossings import count_crossings
from latent_spaces_by_example.zoo.airfoil.neural_foil import MODEL_SIZES, Flow, fit_kulfan

# How fast a shortfall s costs: the factor is 1 / (1 + k s). Each k is above what a section can
# gain by the shortfall: thinning the sections of AeroSandbox's database below 12 % chord raises
# their lift over drag by at most a relative 2.1 s (95 % of them by less than 0.6 s).
_COST_OF_LIFT = 4.0
_COSTS = {"thickness": 4.0, "confidence": 10.0, "fit": 2.0}
_COST_OF_CROSSING = 1000.0  # per chord of negative thickness
_WIDEST_GAP = 0.05  # lets all but 4 of the 2,174 sections of AeroSandbox's database pass
_COST_OF_GAP = 100.0  # per chord of trailing-edge gap above the widest


@dataclass(frozen=True, kw_only=True)
class LiftToDrag:
    """Lift over drag at a given lift coefficient, with floors under what could not be built.

    For each section the angle of attack is solved for at which NeuralFoil finds the lift
    coefficient asked for (to 1e-6), in incompressible flow with free transition. The score is
    cl / cd there. The floors on thickness, confidence and fit are constraints, met where the
    shortfall s below is at most 0: the best trial of a study is one that meets them all, if any
    does. A lift that is not reached and an outline that is not valid multiply the score by
    1 / (1 + k s), which is continuous and falls all the way, so that a search can climb back.

    With ``floors="penalties"`` each floor is such a factor too, and there are no constraints. The
    factors are steeper than what a thinner or stranger section gains, so the best section stands
    on a floor; but it may stand a hair's breadth below.

    ============  ==========================================================  ========
    factor        shortfall s                                                 k
    ============  ==========================================================  ========
    lift          \\|cl - cl reached\\| / cl, at the angle nearest to it        4
    thickness     1 - thickness / min_thickness                               4
    confidence    1 - confidence / min_confidence                             10
    fit           misfit / max_fit_error - 1                                  2
    validity      chords of negative thickness between the sides              1000
    .             chords of trailing-edge gap above 0.05 (added)              100
    .             crossings of the outline that thickness misses (added)      1
    ============  ==========================================================  ========

    NeuralFoil sees only the smooth 18-parameter shape that is fitted to a section. A ripple is
    invisible to it, its confidence included; the misfit is what guards against that.

    Metrics beside the score: lift_to_drag (without factors), cl, cd, cm (about the quarter
    chord), alpha (degrees), thickness (largest, in chords), confidence, fit_error, floors_met,
    and the factors penalty_lift and penalty_validity; with penalties also penalty_thickness,
    penalty_confidence and penalty_fit. A section with points that are not finite, or that has no
    chord, gets the score NaN and a text "reason".

    Source: Sharpe and Hansman, NeuralFoil, arXiv 2503.16323 (2025).

    Args:
        cl: lift coefficient, above 0 and at most 3.
        reynolds: Reynolds number by the chord, within 1e3 to 1e9.
        min_thickness: floor on the largest thickness, in chords, within 0 to 0.5; 0 for none.
        min_confidence: floor on NeuralFoil's confidence, within 0 to 0.99; 0 for none. Where it
            is above 0.9, "xlarge" and "xxxlarge" agree within 2.2 % on nine in ten sections of the
            database; between 0.7 and 0.8 within 8.6 %, below 0.5 within 16 %.
        max_fit_error: largest root mean square misfit, in chords, above 0; infinity for none.
            Of the 2,174 sections of the database all but 9 are below the default.
        model_size: NeuralFoil's network. The default takes as long as "large" and agrees with
            "xxxlarge", which takes ten times as long, within 0.9 % in the median.
        floors: "constraints", or "penalties".

    Raises:
        ArgumentError: a parameter outside its range, or outputs that are not sections.
        MissingPackageError: NeuralFoil is not installed.

    >>> from latent_spaces_by_example.zoo.airfoil import find_section
    >>> objective = LiftToDrag(cl=0.7, reynolds=5e5)
    >>> metrics, = objective([find_section("naca2412")])
    >>> print(round(metrics["score"]), round(metrics["alpha"], 1), metrics["floors_met"])
    85 4.0 True
    """

    name: ClassVar[str] = "lift-to-drag"

    cl: float = 1.0
    reynolds: float = 1e6
    min_thickness: float = 0.12
    min_confidence: float = 0.9
    max_fit_error: float = 1e-3
    model_size: str = "xlarge"
    floors: str = "constraints"

    def __post_init__(self) -> None:
        """Check the parameters."""
        ranges: dict[str, tuple[float, float]] = {
            "cl": (0.0, 3.0),
            "reynolds": (1e3, 1e9),
            "min_thickness": (0.0, 0.5),
            "min_confidence": (0.0, 0.99),
            "max_fit_error": (0.0, math.inf),
        }
        for name, (low, high) in ranges.items():
            number = checked_number(
                getattr(self, name),
                argument=name,
                low=low,
                high=high,
                above=name in ("cl", "max_fit_error"),
            )
            object.__setattr__(self, name, number)
        check_choice(self.model_size, argument="model_size", choices=MODEL_SIZES)
        check_choice(self.floors, argument="floors", choices=("constraints", "penalties"))

    @property
    def spec(self) -> str:
        """Return the string that ``objectives.load`` makes this objective from again."""
        return written(self.name, vars(self))

    def __call__(self, outputs: Iterable[Any]) -> list[dict[str, Metric | dict[str, float]]]:
        """Score sections.

        Args:
            outputs: n sections, each of shape (p, 2) with any p >= 7, in Selig order.

        Returns:
            For each a dictionary with "score" and the metrics named above, and "constraints" where
            floors are that.

        Raises:
            ArgumentError: an output that is not an array of shape (p, 2).
        """
        prepared = [_prepare(output, index=index) for index, output in enumerate(outputs)]
        usable = [section for section in prepared if isinstance(section, _Section)]
        scored = iter(self._score(usable) if usable else [])
        return [
            (
                next(scored)
                if isinstance(section, _Section)
                else {"score": math.nan, "reason": section}
            )
            for section in prepared
        ]

    def _score(self, sections: list[_Section]) -> list[dict[str, Metric | dict[str, float]]]:
        points = np.stack([section.points for section in sections])
        loops = np.array([section.loops for section in sections], dtype=np.float64)
        parameters, misfit = fit_kulfan(points)
        flow = Flow(parameters, reynolds=self.reynolds, model_size=self.model_size)
        trimmed = trim(flow, cl=self.cl)
        thickness = measure(points).max_thickness
        fall = np.where(trimmed.reached, 0.0, np.abs(self.cl - trimmed.cl)) / self.cl
        shortfalls = {
            "thickness": _shortfall(thickness, self.min_thickness),
            "confidence": _shortfall(trimmed.confidence, self.min_confidence),
            "fit": misfit / self.max_fit_error - 1.0,
        }
        costs = _COSTS if self.floors == "penalties" else {}
        penalties = {
            "penalty_lift": 1.0 / (1.0 + _COST_OF_LIFT * fall),
            **{
                f"penalty_{name}": 1.0 / (1.0 + cost * np.maximum(shortfalls[name], 0.0))
                for name, cost in costs.items()
            },
            "penalty_validity": _validity(points, loops=loops),
        }
        product = np.prod(list(penalties.values()), axis=0)
        is_short = np.max(list(shortfalls.values()), axis=0) > 0
        # Short of the lift asked for, that one counts: it is positive, so a penalty always costs.
        lift = np.where(trimmed.reached, trimmed.cl, self.cl)
        columns = {
            "score": lift / trimmed.cd * product,
            "lift_to_drag": trimmed.cl / trimmed.cd,
            "cl": trimmed.cl,
            "cd": trimmed.cd,
            "cm": trimmed.cm,
            "alpha": trimmed.alpha,
            "thickness": thickness,
            "confidence": trimmed.confidence,
            "fit_error": misfit,
            "floors_met": (product == 1.0) & ~is_short,
            **penalties,
        }
        results = [
            {name: column[i].item() for name, column in columns.items()}
            for i in range(len(sections))
        ]
        if self.floors == "penalties":
            return results
        return [
            {
                **metrics,
                "constraints": {name: short[i].item() for name, short in shortfalls.items()},
            }
            for i, metrics in enumerate(results)
        ]


@dataclass(frozen=True)
class _Section:
    """Hold a section on the grid, and how often its outline crosses itself unseen by thickness."""

    points: Float64[np.ndarray, "p 2"]
    loops: int


def _prepare(output: Any, *, index: int) -> _Section | str:
    """Bring a section to the grid, or say why it has none."""
    outline = real_array(output, name=f"outputs[{index}]", shape="(n_points, 2)")
    if outline.ndim != 2 or outline.shape[1] != 2 or len(outline) < 7:
        raise ArgumentError(
            f"outputs[{index}] must be an airfoil section, shape (n_points, 2) with at least "
            f"7 points, not shape {outline.shape}"
        )
    try:
        with np.errstate(all="ignore"):
            points = resample(outline, reorder=False)
    except ArgumentError as error:
        return str(error)
    if not np.isfinite(points).all():
        return "the section has no chord"
    swapped = np.min(points[:63, 1] - points[:63:-1, 1]) < 0.0
    return _Section(points, loops=0 if swapped else int(count_crossings(outline[None])[0]))


def _shortfall(values: Float64[np.ndarray, " n"], floor: float) -> Float64[np.ndarray, " n"]:
    """Return the relative shortfall, 1 - value / floor; -1 without a floor."""
    if floor == 0.0:
        return np.full_like(values, -1.0)
    return 1.0 - values / floor


def _validity(
    points: Float64[np.ndarray, "n p 2"], *, loops: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    thinnest = thickness_and_camber(points)[0][:, 1:-1].min(axis=1)
    gap = np.hypot(*(points[:, 0] - points[:, -1]).T)
    # Rounding of a closed trailing edge is no crossing.
    tail = points[:, 0, 1] - points[:, -1, 1]
    negative = np.maximum(-thinnest, 0.0) + np.where(tail < -1e-6, -tail, 0.0)
    excess = np.maximum(gap - _WIDEST_GAP, 0.0)
    factor: np.ndarray = 1.0 / (1.0 + _COST_OF_CROSSING * negative + _COST_OF_GAP * excess + loops)
    return factor
