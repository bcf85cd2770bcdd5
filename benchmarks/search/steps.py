"""What the default search's steps bring: blind ones, the model's, and its free ones.

    python benchmarks/search/steps.py

Each step is compared with the best score before it, and its angle is taken to that point.
Writes ``steps.md``; trials 64 to 149, of which every other or fourth is blind, and almost none an
opening of a second region.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import argparse  # noqa: E402
from pathlib import Path  # noqa: E402

import methods  # noqa: E402
import numpy as np  # noqa: E402
import tasks  # noqa: E402
from black_box import Recorder  # noqa: E402

from latent_spaces_by_example.search.latent_gp.region import is_blind, is_free  # noqa: E402

TASKS = ("airfoil", "airfoil-slow", "digits", "rugged-4096", "network-64")
BUDGET, OPENING, FIRST = 150, 8, 64
KINDS = ("blind", "the model's, free", "the model's, others")


def steps(box: Recorder) -> list[tuple[int, float, float]]:
    """For each step its kind, its angle in radians, and its score less the best before it."""
    scores = np.where(np.isfinite(box.observed), box.observed, -np.inf)
    latents = np.array(box.latents)
    directions = latents / np.linalg.norm(latents, axis=1, keepdims=True)
    found = []
    for trial in range(FIRST, len(scores)):
        best = int(np.argmax(scores[:trial]))
        cosine = float(directions[best] @ directions[trial])
        blind = is_blind(trial, noisy=False, num_dims=box.dims)
        kind = 0 if blind else 1 if is_free(trial, within_span=False) else 2
        found.append((kind, float(np.arccos(min(cosine, 1.0))), scores[trial] - scores[best]))
    return found


def rows(name: str, repeats: range) -> list[str]:
    """Lines of the table for one task."""
    task = tasks.load(name)
    found, draws = [], []
    for repeat in repeats:
        box = Recorder(task, repeat, BUDGET)
        methods.spend(methods.METHODS["default"], box)
        found += steps(box)
        draws += box.observed[:OPENING]
    kinds, angles, changes = (np.array(column) for column in zip(*found, strict=True))
    changes = changes / np.nanstd(draws)
    gain = np.maximum(changes, 0)
    return [
        f"| {name} | {KINDS[kind]} | {(of := kinds == kind).sum()} | {np.median(angles[of]):.2f} | "
        f"{(changes[of] > 0).mean():.2f} | {np.median(changes[of]):+.2f} | {gain[of].mean():.4f} | "
        f"{gain[of].sum() / gain.sum():.2f} |"
        for kind in range(len(KINDS))
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10)
    out = Path(__file__).parents[1] / "results" / "search" / "steps.md"
    parser.add_argument("--out", type=Path, default=out)
    arguments = parser.parse_args()
    lines = [
        f"Steps of the default search, trials {FIRST} to {BUDGET - 1}, {arguments.repeats} "
        "repeats. Changes are against the best score before the step, in standard deviations of "
        "the scores of prior draws.",
        "",
        "| task | kind of step | steps | median angle | better | median change | mean gain | "
        "share of the gain |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in TASKS:
        lines += rows(name, range(arguments.repeats))
    arguments.out.write_text("\n".join(lines) + "\n")
    print(arguments.out.read_text())


if __name__ == "__main__":
    main()
