"""Solve for the angle of attack at which a section has a given lift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from latent_spaces_by_example.zoo.airfoil.neural_foil import Coefficients, Flow, PerAngle

PerSection = Float64[np.ndarray, " n"]
Chosen = Bool[np.ndarray, " n"]

LOWEST, HIGHEST = -16.0, 20.0
_COARSE_STEP = 2.0
_FINE_POINTS = 17
_TOLERANCE = 1e-7
_MOST_STEPS = 40


@dataclass(frozen=True)
class Trimmed:
    """n sections at the angle that was bracketed for each; every field has shape (n,).

    Attributes:
        alpha: angle of attack in degrees.
        reached: whether the section has the lift that was asked for, to 1e-6; if not, it is at the
            angle where its lift comes nearest.
        cl, cd, cm, confidence: as in ``Coefficients``.
    """

    alpha: PerSection
    reached: Chosen
    cl: PerSection
    cd: PerSection
    cm: PerSection
    confidence: PerSection


def trim(flow: Flow, *, cl: float) -> Trimmed:
    """Solve cl(alpha) = cl for every section, between -16 and 20 degrees.

    Brackets on a grid of 2 degrees, then regula falsi with the Illinois rule to 1e-7. Where the
    lift passes the target more than once, on the way up with the least drag. A section that does
    not reach the target is put at the highest point of its lift curve (the lowest, if its lift is
    never that small).

    Source of the Illinois rule: Dowell and Jarratt, BIT 11 (1971).

    Args:
        flow: the sections and their stream.
        cl: the lift coefficient to reach.
    """
    n = len(flow)
    angles = np.arange(LOWEST, HIGHEST + 1e-9, _COARSE_STEP)
    grid = np.broadcast_to(angles, (n, len(angles))).copy()
    coarse = flow.at(grid)
    low, high, bracketed = _bracket(grid, coarse, cl=cl)
    alpha = np.empty(n)
    missing = ~bracketed
    if missing.any():
        # The top of the curve may lie between two angles of the grid and still be high enough.
        fine_low, fine_high, fine_bracketed, best = _look_closer(
            flow.of(missing), grid[missing], coarse.cl[missing], cl=cl
        )
        low[missing], high[missing], bracketed[missing] = fine_low, fine_high, fine_bracketed
        alpha[missing] = best
    if bracketed.any():
        alpha[bracketed] = _solve(flow.of(bracketed), low[bracketed], high[bracketed], cl=cl)
    at = flow.at(alpha[:, None])
    return Trimmed(
        alpha=alpha,
        reached=np.abs(at.cl[:, 0] - cl) <= 1e-6,
        **{name: values[:, 0] for name, values in vars(at).items()},
    )


def _bracket(
    grid: PerAngle, at: Coefficients, *, cl: float
) -> tuple[PerSection, PerSection, Chosen]:
    """Return neighbouring angles with the target between their lifts, and whether any exist."""
    below: np.ndarray = np.less(at.cl, cl)
    rising, falling = below[:, :-1] & ~below[:, 1:], ~below[:, :-1] & below[:, 1:]
    crossing: np.ndarray = np.where(rising.any(axis=1)[:, None], rising, falling)
    drag = np.where(crossing, at.cd[:, :-1] + at.cd[:, 1:], np.inf)
    drag = np.where(crossing & ~np.isfinite(drag), np.finfo(np.float64).max, drag)
    row, best = np.arange(len(grid)), np.argmin(drag, axis=1)
    return grid[row, best], grid[row, best + 1], np.asarray(crossing.any(axis=1))


def _look_closer(
    flow: Flow, grid: PerAngle, lift: PerAngle, *, cl: float
) -> tuple[PerSection, PerSection, Chosen, PerSection]:
    """Bracket on a finer grid around the nearest lift; also return the angle of that lift."""
    row = np.arange(len(grid))
    nearest = np.clip(np.argmin(np.abs(lift - cl), axis=1), 1, grid.shape[1] - 2)
    part = np.linspace(0.0, 1.0, _FINE_POINTS)
    start, stop = grid[row, nearest - 1], grid[row, nearest + 1]
    fine = start[:, None] + (stop - start)[:, None] * part
    at = flow.at(fine)
    low, high, bracketed = _bracket(fine, at, cl=cl)
    distance = np.abs(at.cl - cl)
    best = np.clip(np.argmin(distance, axis=1), 1, _FINE_POINTS - 2)
    before, middle, after = (distance[row, best + shift] for shift in (-1, 0, 1))
    bend = before - 2.0 * middle + after
    shift = np.where(bend > 0.0, 0.5 * (before - after) / np.where(bend > 0.0, bend, 1.0), 0.0)
    step = (stop - start) / (_FINE_POINTS - 1)
    return low, high, bracketed, fine[row, best] + np.clip(shift, -1.0, 1.0) * step


def _solve(flow: Flow, low: PerSection, high: PerSection, *, cl: float) -> PerSection:
    """Solve by regula falsi; an end that stays has its value halved, so that both ends move."""
    ends = flow.at(np.stack([low, high], axis=1)).cl - cl
    f_low, f_high = ends[:, 0].copy(), ends[:, 1].copy()
    low, high = low.copy(), high.copy()
    last_moved = np.zeros(len(low))
    solved, done = high.copy(), np.zeros(len(low), dtype=bool)
    for _ in range(_MOST_STEPS):
        angle = high - f_high * (high - low) / np.where(f_high == f_low, 1.0, f_high - f_low)
        miss = flow.at(angle[:, None]).cl[:, 0] - cl
        # A solved one is left alone, so that its company in the batch makes no difference.
        solved = np.where(done, solved, angle)
        done |= np.abs(miss) <= _TOLERANCE
        if done.all():
            break
        moves_low = np.sign(miss) == np.sign(f_low)
        f_high = np.where(moves_low & (last_moved == 1.0), f_high / 2.0, f_high)
        f_low = np.where(~moves_low & (last_moved == -1.0), f_low / 2.0, f_low)
        low, f_low = np.where(moves_low, angle, low), np.where(moves_low, miss, f_low)
        high, f_high = np.where(moves_low, high, angle), np.where(moves_low, f_high, miss)
        last_moved = np.where(moves_low, 1.0, -1.0)
    return solved
