"""Our normal position and grid against AeroSandbox's, on the sections of its database.

    python benchmarks/airfoil/geometry.py

For each section: is the result finite, does its nose reach (0, 0) with nothing in front of it, does
x lie on one grid for all sections, how far is the result from the original outline, and how far
does a second pass move it. Writes ``results/airfoil/geometry.md``.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import aerosandbox
import numpy as np
from scipy.interpolate import CubicSpline
from scipy.spatial import cKDTree

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.zoo.airfoil import (
    cosine_grid,
    find_section,
    list_sections,
    lookup,
    read_dat,
    resample,
)

GRID = np.concatenate([cosine_grid(64)[::-1], cosine_grid(64)[1:]])


def ours(points: np.ndarray) -> np.ndarray:
    return resample(points)


def aerosandbox_own(points: np.ndarray) -> np.ndarray:
    section = aerosandbox.Airfoil(name="section", coordinates=points)
    return np.asarray(section.normalize().repanel(n_points_per_side=64).coordinates)


def off_outline(made: np.ndarray, section: np.ndarray) -> float:
    """Return the largest distance of points from the spline through a section in chords."""
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(section, axis=0).T))])
    keep = np.concatenate([[True], np.diff(length) > 1e-7])
    dense = CubicSpline(length[keep], section[keep])(np.linspace(0.0, length[-1], 20001))
    return float(cKDTree(dense).query(made)[0].max())


def measured(method, names: list[str]) -> dict[str, str]:
    failed, seconds = 0, 0.0
    rows = []
    for name in names:
        points = read_dat(lookup._database()[name]).coordinates
        start = time.perf_counter()
        try:
            made = method(points)
        except Exception:
            made = np.array([[np.nan, np.nan]])
        seconds += time.perf_counter() - start
        if not np.isfinite(made).all():
            failed += 1
            continue
        again = method(made)
        moved = np.abs(again - made).max() if again.shape == made.shape else np.inf
        off_grid = np.abs(made[:, 0] - GRID).max() if made.shape == (127, 2) else np.inf
        nose = np.hypot(*made[len(made) // 2])
        rows.append(
            (nose, -made[:, 0].min(), off_grid, off_outline(made, find_section(name)), moved)
        )
    table = np.array(rows)
    labels = ("nose from (0, 0)", "in front of the nose", "x off the grid", "off the outline")
    words = {"failed": f"{failed} of {len(names)}", "ms each": f"{1e3 * seconds / len(names):.1f}"}
    for label, column in zip((*labels, "moved by a second pass"), table.T, strict=True):
        words[label] = (
            f"{np.median(column):.0e} / {np.quantile(column, 0.99):.0e} / {column.max():.0e}"
        )
    return words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only each n-th section")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/airfoil"))
    options = parser.parse_args()
    names = []
    for name in list_sections()[:: options.every]:
        try:
            find_section(name)
            names.append(name)
        except ArgumentError:
            pass
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {"ours": measured(ours, names), "AeroSandbox": measured(aerosandbox_own, names)}
    lines = [
        f"Normal position and 64 stations per side, on {len(names)} sections of AeroSandbox's",
        f"database (`--every {options.every}`); lengths in chords, as median / 99 % / largest.",
        "",
        f"| | {' | '.join(found)} |",
        "|---|---|---|",
    ]
    lines += [f"| {row} | {' | '.join(f[row] for f in found.values())} |" for row in found["ours"]]
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "geometry.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
