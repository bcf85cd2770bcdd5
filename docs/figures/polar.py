"""Draw docs/figures/polar.svg: a polar of NACA 2412 and the point that the objective scores.

Run from the repository root: python docs/figures/polar.py
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from latent_spaces_by_example.airfoils import find_section, resample
from latent_spaces_by_example.objectives.lift_to_drag import LiftToDrag
from latent_spaces_by_example.objectives.neural_foil import Flow, fit_kulfan

matplotlib.rcParams["svg.hashsalt"] = "polar"  # the same figures give the same file

objective = LiftToDrag()
section = resample(find_section("naca2412"))
(found,) = objective([section])
flow = Flow(fit_kulfan(section[None])[0], objective.reynolds, objective.model_size)
angles = np.linspace(-8.0, 17.0, 251)
polar = flow.at(angles[None])
cl, cd = polar.cl[0], polar.cd[0]

figure = Figure(figsize=(7.2, 2.9), layout="constrained")
left, right = figure.subplots(1, 2, sharey=True)
for axes, x, at, label in (
    (left, angles, found["alpha"], "angle of attack (degrees)"),
    (right, cd, found["cd"], "drag coefficient"),
):
    axes.plot(x, cl, color="#20639b", linewidth=1.8)
    axes.axhline(objective.cl, color="#888888", linewidth=0.8, linestyle="--")
    axes.plot(at, found["cl"], "o", color="#d1495b", markersize=6)
    axes.set_xlabel(label)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
left.set_ylabel("lift coefficient")
right.set_xlim(0.0, 0.05)
right.plot([0.0, 2 * found["cd"]], [0.0, 2 * found["cl"]], color="#d1495b", linewidth=0.9)
right.set_ylim(-0.8, 1.7)
right.annotate(
    f"slope = L/D = {found['lift_to_drag']:.0f}",
    (found["cd"], found["cl"]),
    xytext=(0.017, 0.72),
    color="#d1495b",
)
figure.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None})
