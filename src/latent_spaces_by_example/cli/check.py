"""``lsbe check``: would the model draw the latents in this file?"""

from __future__ import annotations

import json
from pathlib import Path

import click

# click is all that is loaded until the command runs: --help must be instant

BAD_VERDICT = 3


@click.command()
@click.argument("file")
@click.option(
    "--generator", help="The generator that the latents are for: tells their law and shape."
)
@click.option("--tensor", help="Which tensor of a .safetensors file, where it holds several.")
@click.option(
    "--level",
    default=0.007,
    show_default=True,
    help="Probability that true prior draws, all together, fail a test.",
)
@click.option("--picture", help="Write a picture to this file (.png, .svg, .pdf).")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON instead.")
def check(
    file: str,
    generator: str | None,
    tensor: str | None,
    level: float,
    picture: str | None,
    as_json: bool,
) -> None:
    """Check whether the latents in FILE are what the model would draw.

    \b
    FILE is .safetensors or .npy, of shape (K, *latent_shape), or the run folder of a study.
    Without --generator the latents are taken for independent standard Gaussians.
    Exits with 3 if the verdict is bad. In a run folder, norms that inversion left off are no
    reason: the study keeps its candidates at norms between its examples'.

    \b
    lsbe check runs/wing/seed_latents.safetensors --generator airfoil
    """
    from latent_spaces_by_example import generators
    from latent_spaces_by_example.cli.diagnosis_table import show
    from latent_spaces_by_example.validity import diagnose
    from latent_spaces_by_example.validity.latent_files import read_latents

    model = None if generator is None else generators.load(generator)
    stored = read_latents(file, tensor=tensor)
    latents, names = stored.latents, stored.names
    if model is not None and latents.shape == tuple(model.latent_shape):
        latents, names = latents[None], None  # a file of one latent
    diagnosis = diagnose(latents, generator=model, names=names, level=level)
    of_study = Path(file).is_dir()
    if picture is not None:
        diagnosis.save_picture(picture)
    if as_json:
        click.echo(json.dumps(diagnosis.to_json(), indent=1))
    else:
        show(diagnosis, of_study=of_study)
        if picture is not None:
            click.echo(f"picture: {picture}")
    if not diagnosis.ok and not (of_study and diagnosis.only_norms):
        raise SystemExit(BAD_VERDICT)
