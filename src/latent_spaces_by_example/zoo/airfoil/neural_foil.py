"""Lift, drag and moment of airfoil sections from NeuralFoil, many sections and angles at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float64
from scipy.special import comb

from latent_spaces_by_example.plugins import missing_packages_named
from latent_spaces_by_example.zoo.airfoil.geometry import stations

Parameters = Float64[np.ndarray, "n 18"]
PerAngle = Float64[np.ndarray, "n m"]

with missing_packages_named("the lift and drag of airfoils", extra="airfoil"):
    import neuralfoil

MODEL_SIZES = ("xxsmall", "xsmall", "small", "medium", "large", "xlarge", "xxlarge", "xxxlarge")
_WEIGHTS_PER_SIDE = 8


@dataclass(frozen=True)
class Coefficients:
    """Coefficients of n sections at m angles each; every field has shape (n, m).

    Attributes:
        cl: lift coefficient.
        cd: drag coefficient.
        cm: moment coefficient about the quarter chord, nose up.
        confidence: how much the solver trusts its answer, from 0 to 1.
    """

    cl: PerAngle
    cd: PerAngle
    cm: PerAngle
    confidence: PerAngle


@dataclass(frozen=True)
class Flow:
    """n sections in a stream of a given Reynolds number (incompressible, free transition).

    Attributes:
        parameters: Kulfan parameters, as ``fit_kulfan`` returns them.
        reynolds: Reynolds number by the chord.
        model_size: which of NeuralFoil's networks, one of ``MODEL_SIZES``.
    """

    parameters: Parameters
    reynolds: float
    model_size: str

    def __len__(self) -> int:
        """Return the number n of sections."""
        return len(self.parameters)

    def of(self, which: Bool[np.ndarray, " n"]) -> Flow:
        """Return the same stream with some of the sections."""
        return Flow(self.parameters[which], self.reynolds, self.model_size)

    def at(self, angles: PerAngle) -> Coefficients:
        """Return coefficients of each section at its own m angles of attack, in degrees."""
        rows = np.repeat(self.parameters, angles.shape[1], axis=0).T
        with np.errstate(over="ignore", invalid="ignore"):  # shapes far out give infinite drag
            results = neuralfoil.get_aero_from_kulfan_parameters(
                {
                    "lower_weights": rows[:8],
                    "upper_weights": rows[8:16],
                    "leading_edge_weight": rows[16],
                    "TE_thickness": rows[17],
                },
                alpha=angles.ravel(),
                Re=self.reynolds,
                model_size=self.model_size,
            )
        names = ("CL", "CD", "CM", "analysis_confidence")
        return Coefficients(*(np.reshape(results[name], angles.shape) for name in names))


def fit_kulfan(
    sections: Float64[np.ndarray, "n p 2"],
) -> tuple[Parameters, Float64[np.ndarray, " n"]]:
    """Fit the Kulfan (CST) shape that NeuralFoil sees in place of each section.

    By least squares, y = sqrt(x) (1 - x) sum_i a_i B_i(x) + b x (1 - x)^8.5 +- e x / 2, with the
    8 Bernstein polynomials B_i of degree 7, weights a of each side, a leading-edge term b and a
    trailing-edge thickness e >= 0. All sections share the stations x, so one pseudo-inverse
    serves all.

    Source: Kulfan, Universal Parametric Geometry Representation Method, Journal of Aircraft 45
    (2008), with the leading-edge term of her note of 2020; the same fit as AeroSandbox's
    ``get_kulfan_parameters``.

    Args:
        sections: sections on one cosine grid, as ``resample`` returns them.

    Returns:
        Parameters (lower weights, upper weights, b, e), shape (n, 18), and the root mean square
        distance in y between section and shape, in chords, shape (n,).
    """
    basis, solve, solve_sharp = _operators(sections.shape[1])
    ordinates = sections[:, :, 1]
    parameters = ordinates @ solve.T
    negative = parameters[:, -1] < 0.0
    parameters[negative, :-1] = ordinates[negative] @ solve_sharp.T
    parameters[negative, -1] = 0.0
    misfit = ordinates - parameters @ basis.T
    return parameters, np.sqrt(np.mean(misfit**2, axis=1))


@lru_cache(maxsize=8)
def _operators(
    num_points: int,
) -> tuple[Float64[np.ndarray, "p 18"], Float64[np.ndarray, "18 p"], Float64[np.ndarray, "17 p"]]:
    """Return the basis, its pseudo-inverse, and the one without trailing-edge thickness."""
    side = (num_points + 1) // 2
    x = stations(side)
    upper = (np.arange(num_points) < side)[:, None]
    i = np.arange(_WEIGHTS_PER_SIDE)
    last = _WEIGHTS_PER_SIDE - 1
    bernstein = comb(last, i) * x[:, None] ** i * (1.0 - x[:, None]) ** (last - i)
    shape = (np.sqrt(x) * (1.0 - x))[:, None] * bernstein
    nose = (x * (1.0 - x) ** (_WEIGHTS_PER_SIDE + 0.5))[:, None]
    tail = np.where(upper, x[:, None], -x[:, None]) / 2.0
    columns = [np.where(upper, 0.0, shape), np.where(upper, shape, 0.0), nose, tail]
    basis = np.concatenate(columns, axis=1)
    return basis, np.linalg.pinv(basis), np.linalg.pinv(basis[:, :-1])
