"""A diagnosis in a terminal: the tables, the verdict, the advice."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from latent_spaces_by_example.validity import Diagnosis, Figure, LatentDiagnosis

_COLUMNS = ("mean", "variance", "kurtosis", "neighbours")
_MOST_ROWS = 64


def show(diagnosis: Diagnosis) -> None:
    """Print what was found of each latent and of the set, the verdict and the advice."""
    console = Console()
    count = len(diagnosis.latents)
    latents = "1 latent" if count == 1 else f"{count} latents"
    console.print(
        f"{latents} of shape {diagnosis.latent_shape}, {diagnosis.num_inner_dims} inner "
        f"dimensions; chance of a false alarm at most {diagnosis.level:.3g} over all tests",
        highlight=False,
    )
    _show_latents(diagnosis, console)
    if diagnosis.figures:
        _show_set(diagnosis, console)
    colour = "green" if diagnosis.ok else "red"
    console.print(f"[bold {colour}]{escape(diagnosis.verdict)}[/]", highlight=False)
    for line in diagnosis.advice:
        console.print(f"- {escape(line)}", highlight=False)


def _show_latents(diagnosis: Diagnosis, console: Console) -> None:
    table = Table("latent", "norm / expected", *_COLUMNS, "worst test", "adjusted p", "verdict")
    shown = list(diagnosis.latents)
    if len(shown) > _MOST_ROWS:
        # the bad ones are what a long list is read for
        shown = sorted(shown, key=lambda latent: latent.ok)[:_MOST_ROWS]
    for latent in shown:
        worst = min(latent.figures, key=lambda figure: figure.adjusted)
        telling = worst.adjusted < 1.0
        table.add_row(
            escape(latent.name),
            _marked(f"{latent.relative_norm:.3f}", bad="norm" in latent.failed),
            *(_value(latent, name) for name in _COLUMNS),
            worst.name if telling else "",
            _probability(worst) if telling else "",
            _marked(escape(latent.verdict), bad=not latent.ok),
        )
    console.print(table)
    if len(diagnosis.latents) > len(shown):
        console.print(f"{len(diagnosis.latents) - len(shown)} more: --json prints them all")


def _show_set(diagnosis: Diagnosis, console: Console) -> None:
    table = Table("the set", "value", "adjusted p")
    for figure in diagnosis.figures:
        bad = figure.name in diagnosis.failed
        table.add_row(
            figure.name,
            _marked(f"{figure.value:.4g}", bad=bad),
            _marked(_probability(figure), bad=bad),
        )
    for rule, middle in diagnosis.middle.items():
        value = "latents cancel"
        if middle is not None:
            value = f"{middle.centre:.3f} ({middle.lowest:.3f} to {middle.highest:.3f})"
        table.add_row(f'norm / expected between them, combination="{rule}"', value, "")
    console.print(table)


def _value(latent: LatentDiagnosis, name: str) -> str:
    for figure in latent.figures:
        if figure.name == name:
            return _marked(f"{figure.value:.3f}", bad=name in latent.failed)
    return ""


def _probability(figure: Figure) -> str:
    return "1" if figure.adjusted >= 1.0 else f"{figure.adjusted:.1g}"


def _marked(text: str, *, bad: bool) -> str:
    return f"[red]{text}[/]" if bad else text
