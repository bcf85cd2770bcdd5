"""Check that a section could be built: finite, closed, thick everywhere, no crossings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from latent_spaces_by_example.zoo.airfoil.crossings import count_crossings
from latent_spaces_by_example.zoo.airfoil.geometry import cosine_grid, join_sides
from latent_spaces_by_example.zoo.airfoil.measures import is_on_grid, thickness_and_camber

Sections = Float64[np.ndarray, "n p 2"]

MAX_TRAILING_EDGE_GAP = 0.05
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Validity:
    """Hold the verdict on one section.

    Attributes:
        reasons: what is wrong, in words; empty for a valid section.
        min_thickness: smallest distance between the sides at the stations strictly inside, in
            chords, signed: negative where they have changed places. NaN if not finite.
        trailing_edge_gap: distance between the two ends, in chords. NaN if not finite.
        crossings: how many pairs of segments of the outline cross.
    """

    reasons: tuple[str, ...]
    min_thickness: float
    trailing_edge_gap: float
    crossings: int

    @property
    def valid(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.reasons


def check(section: npt.ArrayLike, *, max_gap: float = MAX_TRAILING_EDGE_GAP) -> Validity:
    """Check one section: finite, gap <= max_gap, thickness > 0 inside, no two segments cross.

    Args:
        section: shape (p, 2), Selig order, in normal position (see ``normalise``).
        max_gap: widest trailing edge that counts as closed, in chords. The default lets all but 4
            of the 2,174 sections of AeroSandbox's database pass.

    >>> from latent_spaces_by_example.zoo.airfoil import find_section
    >>> check(find_section("s1223")).valid
    True
    >>> upside_down = find_section("s1223")[::-1]
    >>> check(upside_down).reasons
    ('the sides touch or change places: thickness -0.12',)
    """
    return check_all(np.asarray(section)[None], max_gap=max_gap)[0]


def check_all(
    sections: npt.ArrayLike, *, max_gap: float = MAX_TRAILING_EDGE_GAP
) -> tuple[Validity, ...]:
    """Check n sections with the same number of points, much faster than one by one.

    Args:
        sections: shape (n, p, 2), p at least 7.
        max_gap: as for ``check``.
    """
    array = np.asarray(sections, dtype=np.float64)
    missing = (~np.isfinite(array)).any(axis=2).sum(axis=1)
    known = np.where(np.isfinite(array), array, 0.0)
    thickness = _min_thickness(known)
    gap = np.hypot(*(known[:, 0] - known[:, -1]).T)
    tail_swapped = known[:, 0, 1] - known[:, -1, 1] < -_ROUNDING
    crossings = count_crossings(known)
    results = []
    for i in range(len(array)):
        if missing[i]:
            reason = f"{missing[i]} of {array.shape[1]} points are not finite"
            results.append(Validity((reason,), float("nan"), float("nan"), 0))
            continue
        reasons = []
        if gap[i] > max_gap:
            reasons.append(f"open at the trailing edge: gap {gap[i]:.4f}, at most {max_gap:g}")
        if thickness[i] <= 0.0:
            reasons.append(f"the sides touch or change places: thickness {thickness[i]:.2g}")
        if tail_swapped[i]:
            reasons.append("the ends of the two sides have changed places at the trailing edge")
        if crossings[i]:
            reasons.append(f"the outline crosses itself {crossings[i]} times")
        results.append(
            Validity(tuple(reasons), float(thickness[i]), float(gap[i]), int(crossings[i]))
        )
    return tuple(results)


def _min_thickness(sections: Sections) -> Float64[np.ndarray, " n"]:
    if not is_on_grid(sections):
        sections = np.stack([_on_grid(section) for section in sections])
    smallest: np.ndarray = thickness_and_camber(sections)[0][:, 1:-1].min(axis=1)
    return smallest


def _on_grid(section: Float64[np.ndarray, "p 2"]) -> Float64[np.ndarray, "q 2"]:
    """Interpolate linearly between the points, which need not be a section at all."""
    nose = int(np.clip(np.argmin(section[:, 0]), 1, len(section) - 2))
    grid = cosine_grid(len(section) // 2 + 8)
    upper, lower = section[nose::-1], section[nose:]
    sides = (np.interp(grid, np.maximum.accumulate(s[:, 0]), s[:, 1]) for s in (upper, lower))
    return join_sides(*sides)
