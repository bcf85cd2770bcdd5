"""Pictures of the study between three airfoils: the landing page's, and the space between them."""

from functools import cache

import numpy as np
from matplotlib.figure import Figure

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.report.octant import edges, from_plane, to_plane
from latent_spaces_by_example.zoo.airfoil import find_section, resample
from latent_spaces_by_example.zoo.airfoil.lift_to_drag import LiftToDrag
from latent_spaces_by_example.zoo.airfoil.neural_foil import Flow, fit_kulfan

from .style import FOUND, FOUND_WASH, GIVEN, INK, PALE, draw_section, figure_of

EXAMPLES = ("naca2412", "s1223", "rae2822")
BUDGET = 100
_STEPS = 45  # points along the map


@cache
def study() -> lsbe.Study:
    """Return the study of the first tutorial."""
    return lsbe.optimise(
        lsbe.generators.load("airfoil"),
        lsbe.objectives.load("lift-to-drag"),
        examples=list(EXAMPLES),
        budget=BUDGET,
    )


@cache
def _chart() -> lsbe.SurrogateChart:
    generator = lsbe.generators.load("airfoil")
    latents = generator.invert([generator.example(name) for name in EXAMPLES])
    return lsbe.knothe_rosenblatt_surrogate_chart(latents, combination="shell")


@cache
def _scores_on_the_map() -> tuple[np.ndarray, np.ndarray]:
    """Return places on the map, and what the solver says of the section at each."""
    side = np.linspace(-1.0, 1.0, _STEPS)
    places = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    weights = from_plane(places)
    inside = (weights > -0.02).all(axis=1)
    places, weights = places[inside], weights[inside].clip(0.0)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    generator, objective = lsbe.generators.load("airfoil"), lsbe.objectives.load("lift-to-drag")
    sections = generator.generate(_chart().from_w_to_z(weights))
    return places, np.array([result["score"] for result in objective(sections)])


def _draw_map(axes) -> None:
    places, scores = _scores_on_the_map()
    outline = edges()
    shown = axes.tricontourf(*places.T, scores, levels=10, cmap="Oranges")
    shown.set_clip_path(axes.fill(*outline.T, facecolor="none", edgecolor=INK, linewidth=1.2)[0])
    trials = study().finished_trials
    dots = to_plane(np.stack([trial.weights for trial in trials]))
    axes.plot(*dots[3:].T, "o", color=INK, markersize=2.6, alpha=0.55)
    axes.plot(*dots[:3].T, "o", color=GIVEN, markersize=9, clip_on=False)
    best = to_plane(study().best_trial.weights[None])[0]
    axes.plot(*best, "*", color="white", markersize=18, markeredgecolor=INK, clip_on=False)
    for corner, name, shift in zip(
        dots[:3], EXAMPLES, ((0, 0.13), (0.02, -0.16), (-0.02, -0.16)), strict=True
    ):
        axes.annotate(name, corner + np.array(shift), ha="center", va="center", color=GIVEN)
    axes.set(aspect="equal", xlim=(-1.0, 1.0), ylim=(-0.72, 1.06))
    axes.axis("off")


def _draw_examples(grid, figure) -> None:
    generator = lsbe.generators.load("airfoil")
    for cell, name, score in zip(grid, EXAMPLES, study().scores[:3], strict=True):
        axes = figure.add_subplot(cell)
        draw_section(axes, generator.example(name))
        axes.set_title(f"{name}: {score:.0f}", color=GIVEN, pad=1, fontsize=11.5)


def _draw_best(axes) -> None:
    best, others = study().best_score, study().scores[:3]
    draw_section(axes, study().best_output, found=True)
    axes.set_title(f"found: lift over drag {best:.0f}", color=FOUND, pad=2)
    gain = f"{100 * (best / others.max() - 1):+.0f} % in {BUDGET} evaluations"
    axes.text(0.5, -0.14, gain, ha="center", va="top", fontsize=14, weight="bold", color=FOUND)


def better() -> Figure:
    """Show three examples, the map between them, and the section found (lift over drag)."""
    figure = figure_of(3.2)
    grid = figure.add_gridspec(3, 3, width_ratios=(0.85, 1.45, 1.3))
    _draw_examples([grid[row, 0] for row in range(3)], figure)
    _draw_map(figure.add_subplot(grid[:, 1]))
    _draw_best(figure.add_subplot(grid[:, 2]))
    return figure


def better_narrow() -> Figure:
    """Show the same picture for the width of a telephone."""
    figure = figure_of(6.4, width=3.75)
    grid = figure.add_gridspec(3, 3, height_ratios=(0.5, 2.2, 1.15))
    _draw_examples([grid[0, column] for column in range(3)], figure)
    _draw_map(figure.add_subplot(grid[1, :]))
    _draw_best(figure.add_subplot(grid[2, :]))
    return figure


def airfoils() -> Figure:
    """Show the section at each point of an even grid of u between three examples."""
    side = np.linspace(0, 1, 7)
    u = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    sections = lsbe.generators.load("airfoil").generate(_chart().from_u_to_z(u))
    corners = {(0.0, 0.5): 0, (1.0, 0.0): 1, (1.0, 1.0): 2}
    figure = figure_of(4.4)
    axes = figure.add_subplot(title="Sections between three examples, by their coordinates")
    for (u1, u2), section in zip(u, sections, strict=True):
        x, y = 0.13 * (section[:, 0] - 0.5) + u1, 0.22 * section[:, 1] + u2
        corner = corners.get((u1, u2))
        axes.fill(x, y, facecolor=FOUND_WASH if corner is None else GIVEN, edgecolor=INK, lw=0.8)
        if corner is not None:
            axes.annotate(EXAMPLES[corner], (u1, u2 + 0.06), ha="center", color=GIVEN)
    axes.set(xlabel="$u_1$", ylabel="$u_2$", xlim=(-0.1, 1.1), ylim=(-0.08, 1.12))
    return figure


def polar() -> Figure:
    """Show a polar of NACA 2412, and the point of it that lift-to-drag scores."""
    objective = LiftToDrag()
    section = resample(find_section("naca2412"))
    (result,) = objective([section])
    flow = Flow(fit_kulfan(section[None])[0], objective.reynolds, objective.model_size)
    angles = np.linspace(-8.0, 17.0, 251)
    curves = flow.at(angles[None])
    lift, drag = curves.cl[0], curves.cd[0]
    figure = figure_of(2.9)
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, x, at, label in (
        (left, angles, result["alpha"], "angle of attack (degrees)"),
        (right, drag, result["cd"], "drag coefficient"),
    ):
        axes.plot(x, lift, color=GIVEN, linewidth=1.8)
        axes.axhline(objective.cl, color=PALE, linewidth=1, linestyle="--")
        axes.plot(at, result["cl"], "o", color=FOUND, markersize=7)
        axes.set_xlabel(label)
    left.set(ylabel="lift coefficient", title="the angle for the lift asked for")
    right.set(xlim=(0.0, 0.05), ylim=(-0.8, 1.7), title="the drag at that angle")
    right.plot([0.0, 2 * result["cd"]], [0.0, 2 * result["cl"]], color=FOUND, linewidth=1)
    slope = f"slope: lift over drag {result['lift_to_drag']:.0f}"
    right.annotate(slope, (result["cd"], result["cl"]), xytext=(0.014, 0.66), color=FOUND)
    return figure
