"""A diagnosis in a terminal: the tables, the verdict, the advice."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from latent_spaces_by_example.validity import Diagnosis, LatentDiagnosis, Statistic

_COLUMNS = ("mean", "variance", "kurtosis", "neighbours")
_WIDTH_OF_ALL = 120
_MOST_ROWS = 64


def show(diagnosis: Diagnosis, *, of_study: bool = False) -> None:
    """Print the tests of each latent and of the set, the verdict and the advice.

    Args:
        diagnosis: the result of ``diagnose``.
        of_study: True for the seed latents of a study, which copes with norms by itself.
    """
    console = Console()
    count = len(diagnosis.latents)
    latents = "1 latent" if count == 1 else f"{count} latents"
    console.print(
        f"{latents} of shape {diagnosis.latent_shape}, {diagnosis.num_inner_dims} inner "
        f"dimensions; chance of a false alarm at most {diagnosis.level:.3g} over all tests",
        highlight=False,
    )
    _show_latents(diagnosis, console)
    if diagnosis.statistics:
        _show_set(diagnosis, console)
    if of_study and diagnosis.only_norms:
        console.print(f"[bold green]{escape(_norms_of_study(diagnosis))}[/]", highlight=False)
        return
    colour = "green" if diagnosis.ok else "red"
    console.print(f"[bold {colour}]{escape(diagnosis.verdict)}[/]", highlight=False)
    for line in diagnosis.advice:
        console.print(f"- {escape(line)}", highlight=False)


def _norms_of_study(diagnosis: Diagnosis) -> str:
    off = [latent for latent in diagnosis.latents if not latent.ok] or list(diagnosis.latents)
    named = ", ".join(f"{latent.name} ({latent.relative_norm:.2f})" for latent in off[:5])
    more = ", ..." if len(off) > 5 else ""
    return (
        f"Only norms are off the model's law: {named}{more}. Nothing needs to be done: the study "
        "keeps every candidate at norms between its examples'. If what lies near these examples "
        "disappoints, start a study with --repair rescale, which moves them."
    )


def _show_latents(diagnosis: Diagnosis, console: Console) -> None:
    # on a narrow terminal the verdict needs the room; --json has all statistics
    columns = _COLUMNS if console.width >= _WIDTH_OF_ALL else ()
    table = Table("latent", "norm / expected", *columns, "worst test", "adjusted p", "verdict")
    shown = list(diagnosis.latents)
    if len(shown) > _MOST_ROWS:
        # the bad ones are what a long list is read for
        shown = sorted(shown, key=lambda latent: latent.ok)[:_MOST_ROWS]
    for latent in shown:
        worst = min(latent.statistics, key=lambda statistic: statistic.adjusted)
        telling = worst.adjusted < 1.0
        table.add_row(
            escape(latent.name),
            _marked(f"{latent.relative_norm:.3f}", bad="norm" in latent.failed),
            *(_value(latent, name) for name in columns),
            worst.name if telling else "",
            _probability(worst) if telling else "",
            _marked(escape(latent.verdict), bad=not latent.ok),
        )
    console.print(table)
    if len(diagnosis.latents) > len(shown):
        console.print(f"{len(diagnosis.latents) - len(shown)} more: --json prints them all")


def _show_set(diagnosis: Diagnosis, console: Console) -> None:
    table = Table("the set", "value", "adjusted p")
    for statistic in diagnosis.statistics:
        bad = statistic.name in diagnosis.failed
        table.add_row(
            statistic.name,
            _marked(f"{statistic.value:.4g}", bad=bad),
            _marked(_probability(statistic), bad=bad),
        )
    for rule, middle in diagnosis.middle.items():
        value = "latents cancel"
        if middle is not None:
            value = f"{middle.centre:.3f} ({middle.lowest:.3f} to {middle.highest:.3f})"
        table.add_row(f'norm / expected between them, combination="{rule}"', value, "")
    console.print(table)


def _value(latent: LatentDiagnosis, name: str) -> str:
    for statistic in latent.statistics:
        if statistic.name == name:
            return _marked(f"{statistic.value:.3f}", bad=name in latent.failed)
    return ""


def _probability(statistic: Statistic) -> str:
    return "1" if statistic.adjusted >= 1.0 else f"{statistic.adjusted:.1g}"


def _marked(text: str, *, bad: bool) -> str:
    return f"[red]{text}[/]" if bad else text
