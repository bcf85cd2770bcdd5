"""Find the point of the space nearest to a latent that may lie outside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64
from scipy.optimize import nnls

from latent_spaces_by_example.errors import OutsideSpaceError
from latent_spaces_by_example.space.combination import CombinationRule
from latent_spaces_by_example.space.span import LeastSquares, SeedSpan


@dataclass(frozen=True)
class Projection:
    """The candidates whose direction is nearest to given latents, and how near that is.

    Attributes:
        w: weights, shape (n, K), on the unit sphere's non-negative orthant.
        residual: shape (n,), the sine of the angle between the inner latent and the candidate's:
            0 in the space, 1 at a right angle to it.
        norm_ratio: shape (n,), the inner latent's norm over the candidate's: 1 in the space.
    """

    w: Float[Any, "n K"]
    residual: Float[Any, " n"]
    norm_ratio: Float[Any, " n"]


def nearest_candidates(
    problem: LeastSquares, *, span: SeedSpan, rule: CombinationRule
) -> Projection:
    """Return the candidates at the smallest angle to the latents of a least-squares problem.

    The nearest point of the cone {a E : a >= 0} has the direction at the smallest angle.

    Raises:
        OutsideSpaceError: if a latent is at a right angle or more from every candidate.
    """
    unit_coefficients = np.empty(problem.rhs.shape)
    for row in range(len(unit_coefficients)):
        unit_coefficients[row] = _nearest_in_cone(problem, row)
    lost = ~unit_coefficients.any(axis=1)
    if lost.any():
        raise OutsideSpaceError(
            f"z[{int(np.argmax(lost))}] is at a right angle or more from every latent of the "
            "space, so there is no nearest one; add a seed latent that resembles it"
        )
    directions = rule.directions(unit_coefficients, span)
    w: Float64[np.ndarray, "n K"] = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    misfit = unit_coefficients @ problem.factor.T - problem.rhs
    distance = np.hypot(np.linalg.norm(misfit, axis=1), problem.outside)
    candidates = (rule.coefficients(w, span) * span.norms) @ problem.factor.T
    return Projection(
        w=w,
        residual=distance / problem.norms,
        norm_ratio=problem.norms / np.linalg.norm(candidates, axis=1),
    )


def _nearest_in_cone(problem: LeastSquares, row: int) -> Float64[np.ndarray, " K"]:
    solution: Float64[np.ndarray, " K"] = problem.solution[row]
    if (solution >= 0.0).all():
        return solution
    nearest: Float64[np.ndarray, " K"] = nnls(
        problem.factor, problem.rhs[row], maxiter=max(100, 10 * len(solution))
    )[0]
    return nearest
