"""Pictures of charts, of norms, and of what people use in place of a chart."""

import numpy as np
from baselines import LatentBox, LinearInterpolation, WeightBox
from matplotlib.figure import Figure
from scipy.stats import chi

import latent_spaces_by_example as lsbe

from .style import FOUND, GIVEN, INK, PALE, THIRD, WIDTH, figure_of

_LOOK_ALIKE = [f"3:{number}" for number in range(8)]
_DIFFERENT = ("3:17", "8:4", "0:2")


def charts() -> Figure:
    """Show where an even grid of u lands on the sphere, seen along its diagonal."""
    figure = figure_of(3.9)
    side, fine = np.linspace(0, 1, 13), np.linspace(0, 1, 200)
    # an orthonormal view of the octant along (1, 1, 1)
    view = np.array([[-1, 1, 0], [-1, -1, 2]]) / np.sqrt([[2], [6]])
    named = {
        "Knothe-Rosenblatt: an even grid of u": lsbe.charts.KnotheRosenblattChart(),
        "angular: the same grid": lsbe.charts.AngularChart(),
    }
    for axes, (name, chart) in zip(figure.subplots(1, 2), named.items(), strict=True):
        for fixed in side:
            for columns in ((np.full_like(fine, fixed), fine), (fine, np.full_like(fine, fixed))):
                x, y = view @ chart.forward(np.stack(columns, axis=1)).T
                axes.plot(x, y, color=PALE, linewidth=0.8)
        for label, corner in zip(("$z_1$", "$z_2$", "$z_3$"), np.eye(3), strict=True):
            axes.plot(*(view @ corner), "o", color=GIVEN)
            axes.annotate(label, view @ corner * 1.12, ha="center", va="center", color=GIVEN)
        axes.set(title=name, aspect="equal")
        axes.margins(0.1)
        axes.axis("off")
    return figure


def norms() -> Figure:
    """Show norms of points between three latents of 4,096 numbers, by weights and by lines."""
    rng = np.random.default_rng(0)
    num_dims = 4096
    seeds = rng.standard_normal((3, num_dims))
    chart = lsbe.knothe_rosenblatt_surrogate_chart(seeds)
    on_shell = np.linalg.norm(chart.from_u_to_z(rng.random((4000, 2))), axis=1)
    straight = np.linalg.norm(rng.dirichlet(np.ones(3), 4000) @ seeds, axis=1)
    model = np.linalg.norm(rng.standard_normal((4000, num_dims)), axis=1)
    figure = figure_of(3)
    axes = figure.add_subplot(title="Straight lines between latents leave the shell")
    bins = np.linspace(0.5, 1.1, 121).tolist()
    for values, label, colour in [
        (straight, "straight lines", FOUND),
        (on_shell, "unit-norm weights", GIVEN),
        (model, "what the model draws", PALE),
    ]:
        relative = values / np.sqrt(num_dims)
        axes.hist(relative, bins, label=label, color=colour, alpha=0.7, density=True)
    axes.set(xlabel="norm of the latent over the root of its dimension", yticks=[])
    axes.spines["left"].set_visible(False)
    axes.legend(loc="upper left")
    return figure


def _seeds_of(names):
    generator = lsbe.generators.load("digits")
    return generator, generator.invert([generator.example(name) for name in names])


def space_norms() -> Figure:
    """Show norms of latents at random points of four spaces of eight digits that look alike."""
    _, seeds = _seeds_of(_LOOK_ALIKE)
    chart = lsbe.knothe_rosenblatt_surrogate_chart
    compared = {
        "chart, shell rule": (chart(seeds, combination="shell"), GIVEN),
        "chart, linear rule": (chart(seeds), THIRD),
        "straight lines": (LinearInterpolation(seeds), FOUND),
        "box of weights": (WeightBox(seeds), INK),
    }
    figure = figure_of(3.2)
    axes = figure.add_subplot(title="Between look-alikes, only the shell rule keeps the norm")
    x = np.linspace(0.2, 2.8, 400)
    axes.fill_between(x, chi(64).pdf(8 * x) * 8, color=PALE, alpha=0.4, lw=0)
    axes.plot([], [], color=PALE, lw=8, alpha=0.4, label="the model's own draws")
    bins = np.linspace(0.2, 2.8, 105).tolist()
    for label, (space, colour) in compared.items():
        relative = lsbe.describe(space, num_points=3000).validity.relative_norms
        axes.hist(relative, bins, density=True, histtype="step", color=colour, lw=1.8, label=label)
    axes.set(xlabel="norm of the latent over the expected one", yticks=[], ylim=(0, 9))
    axes.spines["left"].set_visible(False)
    axes.legend()
    return figure


def space_digits() -> Figure:
    """Show an even grid of u between three digits, and the same in three other spaces."""
    generator, seeds = _seeds_of(_DIFFERENT)
    side = (np.arange(6) + 0.5) / 6
    u = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    chart = lsbe.knothe_rosenblatt_surrogate_chart(seeds, combination="shell")
    weights = np.column_stack([u, np.full(36, 0.5)])
    drawn = {
        "chart": chart.from_u_to_z(u),
        "straight lines": LinearInterpolation(seeds).from_u_to_z(u),
        "box of weights": WeightBox(seeds).from_u_to_z(weights),
        "box of latents": LatentBox((8, 8)).from_u_to_z(np.random.default_rng(0).random((36, 64))),
    }
    figure = figure_of(2.4, width=WIDTH)
    for axes, (label, z) in zip(figure.subplots(1, 4), drawn.items(), strict=True):
        tiles = np.pad(generator.generate(z), ((0, 0), (1, 1), (1, 1)))
        picture = tiles.reshape(6, 6, 10, 10)[::-1].transpose(0, 2, 1, 3).reshape(60, 60)
        axes.imshow(picture, cmap="gray_r", vmin=0, vmax=16)
        axes.set_title(label)
        axes.axis("off")
    return figure
