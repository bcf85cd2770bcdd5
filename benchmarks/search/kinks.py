"""Whether scores are smooth where the default search has got to, or have a kink there.

    python benchmarks/search/kinks.py

The score is followed along arcs through the best point of a run, each in the direction of a prior
draw, to its maximum on the arc. There a smooth score falls four times as far at twice the distance,
one with a kink twice as far, on its steeper side. Writes ``kinks.md``.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import argparse  # noqa: E402
import platform  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402

import methods  # noqa: E402
import numpy as np  # noqa: E402
import tasks  # noqa: E402
from black_box import Recorder  # noqa: E402

TASKS = (
    "airfoil",
    "airfoil-slow",
    "airfoil-inverse",
    "digits",
    "worst-of-8-4096",
    "rugged-64",
    "network-64",
)
BUDGET, NUM_ARCS, REACH = 100, 16, 0.6  # evaluations, arcs of each run, radians to either side
STEP = 0.02  # radians; how far the score falls there and at twice as far is compared
KINKED = 2.5  # at most so many times as far at twice the distance


@dataclass(frozen=True)
class Maximum:
    """Of the score along one arc.

    Attributes:
        angle: between it and the run's best point, in radians.
        growth: how many times as far the score falls at twice the distance, on its steeper side.
        asymmetry: how many times as far it falls there as on the other side.
    """

    angle: float
    growth: float
    asymmetry: float


def maxima(task: tasks.Task, repeat: int) -> list[Maximum]:
    """Where arcs through the best point of a run are highest, but for those highest at an end."""
    box = Recorder(task, repeat, BUDGET)
    methods.spend(methods.METHODS["default"], box)
    best = box.latents[int(np.nanargmax(box.observed))]
    norm = float(np.linalg.norm(best))
    centre = best / norm
    found = []
    for index in range(NUM_ARCS):
        tangent = box.draw(BUDGET + index)
        tangent = tangent - (tangent @ centre) * centre
        tangent /= np.linalg.norm(tangent)

        def score(angle: float, tangent: np.ndarray = tangent) -> float:
            return task.score(norm * (np.cos(angle) * centre + np.sin(angle) * tangent))

        angle = summit(score)
        if abs(angle) < REACH:
            found.append(shape(score, angle))
    return found


def summit(score: Callable[[float], float]) -> float:
    """The angle within reach at which the score is highest, to 0.001 radians."""
    angles = np.linspace(-REACH, REACH, 121)
    middle = angles[np.nanargmax([score(a) for a in angles])]
    near = np.clip(middle + np.linspace(-0.01, 0.01, 21), -REACH, REACH)
    return float(near[np.nanargmax([score(a) for a in near])])


def shape(score: Callable[[float], float], angle: float) -> Maximum:
    """How the score falls on either side of its maximum at an angle."""
    falls = [
        [score(angle) - score(angle + side * distance) for distance in (STEP, 2 * STEP)]
        for side in (-1, 1)
    ]
    gentle, steep = sorted(falls, key=lambda fall: fall[1])
    return Maximum(abs(angle), steep[1] / max(steep[0], 1e-12), steep[1] / max(gentle[1], 1e-12))


def row(name: str, repeats: range) -> str:
    """Line of the table for one task."""
    task = tasks.load(name)
    found = [maximum for repeat in repeats for maximum in maxima(task, repeat)]
    kinks = [maximum for maximum in found if maximum.growth <= KINKED]
    steeper = f"{np.median([m.asymmetry for m in kinks]):.1f}" if kinks else ""
    angle = np.median([maximum.angle for maximum in found])
    return f"| {name} | {len(found)} | {angle:.2f} | {len(kinks) / len(found):.2f} | {steeper} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10)
    out = Path(__file__).parents[1] / "results" / "search" / "kinks.md"
    parser.add_argument("--out", type=Path, default=out)
    arguments = parser.parse_args()
    lines = [
        f"Maxima of the score along arcs through the best of the default search's {BUDGET} "
        f"evaluations, {arguments.repeats} repeats of {NUM_ARCS} arcs; those at the end of an arc "
        "are left out. Angles are in radians, to the best point; a kink's sides are compared by "
        f"how far the score has fallen at {2 * STEP}. Python {platform.python_version()}, numpy "
        f"{np.__version__}; {platform.machine()}.",
        "",
        "| task | maxima | median angle | of them kinks | steeper side falls, times the other |",
        "|---|---|---|---|---|",
        *(row(name, range(arguments.repeats)) for name in TASKS),
    ]
    arguments.out.write_text("\n".join(lines) + "\n")
    print(arguments.out.read_text())


if __name__ == "__main__":
    main()
