"""The real sections that AeroSandbox carries, on the model's grid, and why some are left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latent_spaces_by_example.zoo.airfoil import find_section, list_sections, measure, resample
from latent_spaces_by_example.zoo.airfoil.representation import first_fault
from models.airfoil.section_check import check

SPLIT_SEED = 20240811
THICKEST = 0.45
SAME = 1e-5


@dataclass(frozen=True)
class Sections:
    """Sections on the grid, shape (n, 127, 2), their names, and what was left out and why."""

    coordinates: np.ndarray
    names: list[str]
    left_out: dict[str, str]


def why_not(section: np.ndarray) -> str | None:
    """Why a section is no example of a wing section, or None if it is one."""
    fault = first_fault(section[None])
    if fault is not None:
        return fault[1]
    validity = check(section)
    if not validity.valid:
        return "; ".join(validity.reasons)
    thickness = float(measure(section).max_thickness[0])
    if thickness > THICKEST:
        return f"a strut rather than a wing: {thickness:.0%} of the chord thick"
    return None


def load_sections() -> Sections:
    """Every usable section of the database in the order of names, duplicates left out."""
    kept: dict[str, np.ndarray] = {}
    left_out: dict[str, str] = {}
    for name in list_sections():
        section = resample(find_section(name))
        reason = why_not(section)
        if reason is None and kept:
            others = np.stack(list(kept.values()))[:, :, 1]
            error = np.sqrt(np.mean((others - section[:, 1]) ** 2, axis=1))
            if error.min() < SAME:
                reason = f"the same as {list(kept)[int(error.argmin())]}"
        if reason is None:
            kept[name] = section
        else:
            left_out[name] = reason
    return Sections(np.stack(list(kept.values())), list(kept), left_out)


def split(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices to train on, to stop early by (a twentieth), and held out (a tenth)."""
    order = np.random.default_rng(SPLIT_SEED).permutation(count)
    held_out, validation = round(count / 10), round(count / 20)
    return (
        np.sort(order[held_out + validation :]),
        np.sort(order[held_out : held_out + validation]),
        np.sort(order[:held_out]),
    )
