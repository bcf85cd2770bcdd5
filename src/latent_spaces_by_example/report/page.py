"""The page that shows a study: one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import platform
from collections.abc import Iterable, Sequence
from datetime import timedelta
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from latent_spaces_by_example.parameters import split_parameters
from latent_spaces_by_example.report import pictures
from latent_spaces_by_example.study import Study, Trial

_MOST_SHOWN = 6
_STYLE = """
:root { color-scheme: light; --ink: #1a202c; --soft: #4a5568; --line: #e2e8f0; --best: #c2410c; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 60rem;
       margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin-bottom: .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin-top: 2.5rem; }
.lead { font-size: 1.1rem; } .note { color: var(--soft); font-size: .9rem; }
img { max-width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .75rem; border-bottom: 1px solid var(--line); text-align: right;
         white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
table.words td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
table.words th { text-align: left; }
tr.best { font-weight: 600; color: var(--best); }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; }
figure { margin: 0; border: 1px solid var(--line); border-radius: .5rem; padding: .5rem; }
figure.best { border-color: var(--best); border-width: 2px; }
figcaption { font-size: .85rem; color: var(--soft); overflow-wrap: anywhere; }
code { overflow-wrap: anywhere; }
"""


def write_report(study: Study, path: Path) -> Path:
    """Write one self-contained HTML file about ``study``; returns its path.

    Names and messages in it are escaped: they are other people's text.

    Raises:
        StudyError: no evaluation has finished yet.
    """
    objective, _ = split_parameters(study.settings.objective)
    title = f"{study.name}: {study.settings.generator} for {objective}"
    against, pictured = "The best", "What it looks like"
    if study.settings.examples:
        against, pictured = "Against the examples", "The examples and the best"
    body = "\n".join(
        [
            f"<h1>{escape(title)}</h1>",
            f'<p class="lead">{escape(_summary(study))}</p>',
            _section(against, _score_table(study)),
            _section(pictured, _gallery(study, _corners_and_best(study))),
            _section("The way there", _image(pictures.convergence(study), "score by evaluation")),
            _section("The space between the examples", _map(study)),
            _section("The best, one after another", _gallery(study, _improvements(study))),
            _section("Seed latents", _seed_table(study)),
            _section("What failed", _failures(study)),
            _section("To repeat it", _settings_table(study)),
        ]
    )
    path.write_text(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n",
        encoding="utf-8",
    )
    return path


def _summary(study: Study) -> str:
    trials = study.trials
    best = study.best_trial
    text = (
        f"The best of {len(study.finished_trials)} evaluations scores {best.score:.4g} "
        f"(trial {best.number})"
    )
    examples = _scored_examples(study)
    if examples:
        top = max(examples, key=lambda trial: trial.score or 0.0)
        text += f"; the best example, {study.seeds.name(top.number)}, scores {top.score:.4g}"
    seconds = sum(trial.seconds or 0.0 for trial in trials)
    return f"{text}. Evaluating took {timedelta(seconds=round(seconds))}."


def _scored_examples(study: Study) -> list[Trial]:
    return [t for t in study.trials[: len(study.settings.examples)] if t.score is not None]


def _corners_and_best(study: Study) -> list[tuple[str, Trial]]:
    corners = [(study.seeds.name(trial.number), trial) for trial in _scored_examples(study)]
    return [*corners, (f"best found, trial {study.best_trial.number}", study.best_trial)]


def _improvements(study: Study) -> list[tuple[str, Trial]]:
    found: list[Trial] = []
    for trial in study.finished_trials:
        if not found or trial.score > found[-1].score:  # type: ignore[operator]
            found.append(trial)
    shown = np.unique(np.linspace(0, len(found) - 1, _MOST_SHOWN).round().astype(int))
    return [(f"after {found[i].number + 1} evaluations", found[i]) for i in shown]


def _score_table(study: Study) -> str:
    *corners, best = _corners_and_best(study)
    shown = [best, *corners]
    rows = [["score", *(_number(trial.score) for _, trial in shown)]]
    for figure in study.best_trial.figures:
        rows.append([figure, *(_number(trial.figures.get(figure)) for _, trial in shown)])
    return _table(["", *(label for label, _ in shown)], rows, best_row=0)


def _gallery(study: Study, shown: Sequence[tuple[str, Trial]]) -> str:
    if not hasattr(study.generator, "render"):
        return ""
    width = max(len(trial.weights) for _, trial in shown)
    best = study.best_trial.number
    figures = []
    for label, trial in shown:
        weights = [*trial.weights, *[0.0] * (width - len(trial.weights))]
        output = study.generator.generate(study.latents([weights]))[0]
        picture = pictures.rendered(study.generator, output)
        caption = f"{label}: {trial.score:.4g}"
        mark = ' class="best"' if trial.number == best else ""
        figures.append(
            f"<figure{mark}>{_image(picture or b'', caption)}"
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )
    return f'<div class="gallery">{"".join(figures)}</div>'


def _map(study: Study) -> str:
    if not pictures.can_map(study):
        return ""
    note = (
        "The square holds every mixture of the three; its left edge is the first of them. Colours "
        "are what a Gaussian process expects from the evaluations made, marked in white."
    )
    return f'{_image(pictures.score_map(study), "map")}<p class="note">{note}</p>'


def _seed_table(study: Study) -> str:
    examples = study.settings.examples
    drawn = study.weights.shape[1] - len(examples)
    rows = [
        [facts.name, f"{facts.relative_norm:.2f}", _number(facts.rms_error)] for facts in examples
    ]
    table = _table(["example", "norm / expected", "RMS error"], rows) if rows else ""
    table += "".join(
        f'<p class="note">{escape(facts.name)} is unlike what the model makes: '
        f"{escape(facts.unlike)}.</p>"
        for facts in examples
        if facts.unlike is not None
    )
    draws = f'<p class="note">{drawn} prior draws were used as seed latents.</p>' if drawn else ""
    return table + draws


def _failures(study: Study) -> str:
    failed = [[str(t.number), t.error or ""] for t in study.trials if t.error is not None]
    return _table(["trial", "why"], failed, words=True) if failed else ""


def _settings_table(study: Study) -> str:
    settings = study.settings
    rows = [
        ["generator", f"{settings.generator}, latents of shape {settings.latent_shape}"],
        ["objective", settings.objective],
        ["search", settings.search],
        ["random seed", str(settings.random_seed)],
        ["evaluations", f"{len(study.trials)} in batches of {settings.batch_size}"],
        ["stays between the examples", "yes" if settings.within_span else "no"],
        ["versions", ", ".join(_versions(study))],
    ]
    return _table(["setting", "value"], rows, words=True)


def _versions(study: Study) -> Iterable[str]:
    yield f"latent-spaces-by-example {study.settings.version}"
    yield f"Python {platform.python_version()}"
    for package in ("numpy", "scipy", "optuna"):
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            yield f"{package} from source"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>\n{content}</section>" if content else ""


def _table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    best_row: int = -1,
    words: bool = False,
) -> str:
    lines = ["<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    for index, row in enumerate(rows):
        mark = ' class="best"' if index == best_row else ""
        lines.append(f"<tr{mark}>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>")
    kind = ' class="words"' if words else ""
    return f'<div class="scroll"><table{kind}>{"".join(lines)}</table></div>'


def _number(value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def _image(png: bytes, text: str) -> str:
    data = base64.b64encode(png).decode("ascii")
    return f'<img alt="{escape(text)}" src="data:image/png;base64,{data}">'
