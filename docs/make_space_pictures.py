"""Draws the pictures of the page on spaces: python docs/make_space_pictures.py"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import chi

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.validity import LatentBox, LinearInterpolation, WeightBox

OUT = Path(__file__).parent / "pictures"
DIGITS = ("3:17", "8:4", "0:2")
INK, FIRST, SECOND, PALE = "#4a5568", "#1d4ed8", "#c2410c", "#94a3b8"


def digits_of(names):
    generator = lsbe.generators.load("digits")
    return generator, generator.invert([generator.example(name) for name in names])


def space_norms() -> Figure:
    """Norms of the latents at random points of four spaces of eight digits that look alike."""
    _, seeds = digits_of([f"3:{i}" for i in range(8)])
    chart = lsbe.knothe_rosenblatt_surrogate_chart
    spaces = {
        "chart, shell rule": (chart(seeds, combination="shell"), FIRST),
        "chart, linear rule": (chart(seeds), "#0f766e"),
        "straight lines": (LinearInterpolation(seeds), SECOND),
        "box of weights": (WeightBox(seeds), INK),
    }
    figure = Figure(figsize=(7.2, 3.2), layout="constrained", dpi=120)
    axes = figure.add_subplot()
    x = np.linspace(0.2, 2.8, 400)
    axes.fill_between(x, chi(64).pdf(8 * x) * 8, color=PALE, alpha=0.4, lw=0)
    axes.plot([], [], color=PALE, lw=8, alpha=0.4, label="the model's own draws")
    bins = np.linspace(0.2, 2.8, 105).tolist()
    for label, (space, colour) in spaces.items():
        norms = lsbe.describe(space, num_points=3000).validity.relative_norms
        axes.hist(norms, bins, density=True, histtype="step", color=colour, lw=1.6, label=label)
    axes.set(xlabel="norm of the latent over the expected one", yticks=[], ylim=(0, 9))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    return figure


def space_digits() -> Figure:
    """An even grid of u between three digits, and the same in three other spaces."""
    generator, seeds = digits_of(DIGITS)
    side = (np.arange(6) + 0.5) / 6
    u = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    box = np.random.default_rng(0).random((36, 64))
    chart = lsbe.knothe_rosenblatt_surrogate_chart(seeds, combination="shell")
    drawn = {
        "Knothe-Rosenblatt chart, shell rule": chart.from_u_to_z(u),
        "straight lines": LinearInterpolation(seeds).from_u_to_z(u),
        "box of weights (third weight 1/2)": WeightBox(seeds).from_u_to_z(
            np.column_stack([u, np.full(36, 0.5)])
        ),
        "box of latents (random points)": LatentBox((8, 8)).from_u_to_z(box),
    }
    figure = Figure(figsize=(9.6, 2.9), layout="constrained", dpi=120)
    for axes, (label, z) in zip(figure.subplots(1, 4), drawn.items(), strict=True):
        tiles = np.pad(generator.generate(z), ((0, 0), (1, 1), (1, 1)))
        picture = tiles.reshape(6, 6, 10, 10)[::-1].transpose(0, 2, 1, 3).reshape(60, 60)
        axes.imshow(picture, cmap="gray_r", vmin=0, vmax=16)
        axes.set_title(label, fontsize=8.5, color=INK)
        axes.axis("off")
    return figure


def description() -> bytes:
    """The picture that ``describe`` itself makes of eight prior draws of airfoil."""
    generator = lsbe.generators.load("airfoil")
    seeds = np.random.default_rng(0).standard_normal((8, *generator.latent_shape))
    chart = lsbe.knothe_rosenblatt_surrogate_chart(seeds, combination="shell")
    return lsbe.describe(chart, generator).pictures()["stationarity"]


def main() -> None:
    """Draw them all."""
    OUT.mkdir(exist_ok=True)
    for draw in (space_norms, space_digits):
        draw().savefig(OUT / f"{draw.__name__.replace('_', '-')}.png")
    (OUT / "space-described-airfoil.png").write_bytes(description())


if __name__ == "__main__":
    main()
