"""A study as a notebook shows it: a few facts, and the best output."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment

from latent_spaces_by_example.parameters import split_parameters
from latent_spaces_by_example.study.output_files import files_of
from latent_spaces_by_example.study.overview import Overview

MOST_PICTURE_BYTES = 256 * 2**10
_CHEAP_SECONDS = 0.2
_TEMPLATE = Path(__file__).with_name("notebook.html.j2")


def html_of(study: Any) -> str:
    """Return a small table, with every name in it escaped, and a picture of the best output.

    The picture is there if it is cheap: at most 256 KiB in the run folder, or of an output that
    took less than 0.2 s to evaluate and so takes less to make again.
    """
    picture = _best_picture(study)
    template = Environment(autoescape=True, trim_blocks=True).from_string(
        _TEMPLATE.read_text(encoding="utf-8")
    )
    return template.render(
        name=study.name,
        rows=list(_rows(study)),
        picture="" if picture is None else base64.b64encode(picture).decode("ascii"),
    )


def _rows(study: Any) -> Iterator[tuple[str, str]]:
    overview = Overview(study.name, study.settings, study.trials)
    counts = f"{overview.finished} finished, {overview.failed} failed, {overview.pending} open"
    yield "generator", study.settings.generator
    yield "objective", split_parameters(study.settings.objective)[0]
    yield "search", study.settings.search
    yield "trials", counts
    words, best = study.ranking.best_in_words(overview.trials), study.ranking.best(overview.trials)
    if best is not None and best.feasible and not study.scores_are_several:
        scored = "" if best.expected_score is None else f", scored {best.score:.6g}"
        words += f" (trial {best.number}{scored})"
    yield "best", words
    if study.folder is not None:
        yield "run folder", str(study.folder.path)


def _best_picture(study: Any) -> bytes | None:
    try:
        best = study.best_trial
        path = None if study.artifacts is None else study.artifacts.picture(best.number)
        if path is not None:
            return path.read_bytes() if path.stat().st_size <= MOST_PICTURE_BYTES else None
        if not (best.seconds or 1.0) < _CHEAP_SECONDS:
            return None
        content = files_of(study.generator, study.best_output).contents.get(".png")
    except Exception:  # a notebook that shows no picture is better than one that shows a traceback
        return None
    return content if content and len(content) <= MOST_PICTURE_BYTES else None
