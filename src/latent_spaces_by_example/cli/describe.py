"""``lsbe describe``: a space between examples, before anything is searched."""

from __future__ import annotations

from typing import Any

import click

from latent_spaces_by_example.cli.console import say, split_names


@click.command()
@click.argument("generator")
@click.option("--examples", help="Names or files, separated by commas; they span the space.")
@click.option(
    "--seeds", "num_seeds", type=int, help="Prior draws that span the space without examples."
)
@click.option("--random-seed", default=0, show_default=True, help="Of the points and the draws.")
@click.option(
    "--repair",
    type=click.Choice(["rescale", "gaussianise", "whiten"]),
    help="What to do to the examples' latents first; by default nothing.",
)
@click.option("--points", default=200, show_default=True, help="Random points of the space.")
@click.option(
    "--latents-only", is_flag=True, help="Make no outputs: the generator may be slow or costly."
)
@click.option("--out", help="A folder for the table, the metrics and the pictures.")
def describe(
    generator: str,
    examples: str | None,
    num_seeds: int | None,
    random_seed: int,
    repair: str | None,
    points: int,
    latents_only: bool,
    out: str | None,
) -> None:
    """Describe the space between examples of GENERATOR, and say whether to search it.

    Are its points valid latents, distinct, and as far apart as they look? Makes 4 x POINTS
    outputs.

    \b
    lsbe describe airfoil --examples naca2412,s1223,rae2822 --out runs/space
    """
    from pathlib import Path

    import numpy as np

    from latent_spaces_by_example import generators
    from latent_spaces_by_example.errors import ArgumentError
    from latent_spaces_by_example.space import SurrogateChart, spanned_by, transport_map_of
    from latent_spaces_by_example.validity import describe as describe_space

    if Path(generator).is_dir():
        raise click.UsageError(
            f"{generator} is a folder, and GENERATOR a name such as airfoil; the report shows the "
            f"space that a study searched: lsbe report {generator}"
        )
    if examples is None and num_seeds is None:
        raise click.UsageError("give --examples, or --seeds for a space of prior draws")
    named = None if examples is None else split_names(examples)
    model: Any = generators.load(generator)
    space = spanned_by(
        model,
        examples=named,
        num_prior_seeds=num_seeds or 0,
        random_seed=random_seed,
        repair=repair,
    )
    seeds = space.seeds
    if seeds.num_given < 2:
        raise ArgumentError(
            f"{seeds.num_given} seed latents span no space to describe; give at least two"
        )
    chart = SurrogateChart(
        space.from_w_to_z(np.eye(seeds.num_given)),
        transport_map=transport_map_of(model),
        combination="shell",
    )
    description = describe_space(
        chart,
        None if latents_only else model,
        num_points=points,
        random_seed=random_seed,
        examples=None if named is None or latents_only else [model.example(n) for n in named],
        names=[seeds.name(k) for k in range(seeds.num_given)],
    )
    say(description.table())
    if out is not None:
        say(f"\npictures: {description.save(out)}")
