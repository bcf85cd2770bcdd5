"""``lsbe check``: would the model draw the latents in this file?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from latent_spaces_by_example.cli.console import columns, number, plain, say, say_table

if TYPE_CHECKING:
    from latent_spaces_by_example.validity import Diagnosis, Statistic

BAD_VERDICT = 3
_STATISTICS = ("mean", "skewness", "kurtosis", "neighbours")  # shown where there is room
_MOST_ROWS = 64


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
        _show(diagnosis, of_study=of_study)
        if picture is not None:
            say(f"picture: {picture}")
    if not diagnosis.ok and not (of_study and diagnosis.only_norms):
        raise SystemExit(BAD_VERDICT)


def _show(diagnosis: Diagnosis, *, of_study: bool) -> None:
    count = len(diagnosis.latents)
    say(
        f"{'1 latent' if count == 1 else f'{count} latents'} of shape {diagnosis.latent_shape}, "
        f"{diagnosis.num_inner_dims} inner dimensions; chance of a false alarm at most "
        f"{diagnosis.level:.3g} over all tests"
    )
    _show_latents(diagnosis)
    if diagnosis.statistics:
        say()
        _show_set(diagnosis)
    say()
    if of_study and diagnosis.only_norms:
        say(_norms_of_study(diagnosis))
        return
    click.secho(plain(diagnosis.verdict), fg="green" if diagnosis.ok else "red", bold=True)
    for line in diagnosis.advice:
        say(f"- {line}")


def _show_latents(diagnosis: Diagnosis) -> None:
    # the bad ones are what a long list is read for
    latents = sorted(diagnosis.latents, key=lambda latent: latent.ok)[:_MOST_ROWS]
    if len(latents) == len(diagnosis.latents):
        latents = list(diagnosis.latents)
    worst = [min(latent.statistics, key=lambda s: s.adjusted) for latent in latents]
    cells = {
        "latent": [latent.name for latent in latents],
        "norm / expected": [f"{latent.relative_norm:.3f}" for latent in latents],
        "worst test": [s.name if s.adjusted < 1.0 else "" for s in worst],
        "adjusted p": [_probability(s) if s.adjusted < 1.0 else "" for s in worst],
        "verdict": [latent.verdict for latent in latents],
    }
    for name in _STATISTICS:
        values = [{s.name: s.value for s in latent.statistics}.get(name) for latent in latents]
        cells[name] = ["" if value is None else f"{value:.3f}" for value in values]
    say_table(columns(cells))
    if len(diagnosis.latents) > len(latents):
        say(f"{len(diagnosis.latents) - len(latents)} more: --json prints them all")


def _show_set(diagnosis: Diagnosis) -> None:
    rows = [(s.name, number(s.value), _probability(s)) for s in diagnosis.statistics]
    for rule, middle in diagnosis.middle.items():
        value = "latents cancel"
        if middle is not None:
            value = f"{middle.centre:.3f} ({middle.lowest:.3f} to {middle.highest:.3f})"
        rows.append((f"norm between them, {rule}", value, ""))
    titles = ("the set", "value", "adjusted p")
    say_table(columns(dict(zip(titles, zip(*rows, strict=True), strict=True))))


def _norms_of_study(diagnosis: Diagnosis) -> str:
    off = [latent for latent in diagnosis.latents if not latent.ok] or list(diagnosis.latents)
    named = ", ".join(f"{latent.name} ({latent.relative_norm:.2f})" for latent in off[:5])
    more = ", ..." if len(off) > 5 else ""
    return (
        f"Only norms are off the model's law: {named}{more}. Nothing needs to be done: the study "
        "keeps every candidate at norms between its examples'. If what lies near these examples "
        "disappoints, start a study with --repair rescale, which moves them."
    )


def _probability(statistic: Statistic) -> str:
    return "1" if statistic.adjusted >= 1.0 else f"{statistic.adjusted:.1g}"
