"""A study as a notebook shows it: a few facts, and the best output."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import Any

from latent_spaces_by_example.parameters import split_parameters

MOST_PICTURE_BYTES = 256 * 2**10
_CHEAP_SECONDS = 0.2


def html_of(study: Any) -> str:
    """A small table, with every name in it escaped, and a picture of the best output if cheap.

    Cheap is what the run folder holds, at most 256 KiB, or what took less than 0.2 s to evaluate
    and so takes less to make again.
    """
    trials = study.trials
    finished = sum(trial.score is not None for trial in trials)
    failed = sum(trial.error is not None for trial in trials)
    rows = [
        ("generator", study.settings.generator),
        ("objective", split_parameters(study.settings.objective)[0]),
        ("search", study.settings.search),
        ("trials", f"{finished} finished, {failed} failed, {len(trials) - finished - failed} open"),
    ]
    picture = ""
    if finished and study.settings.score_names:
        rows.append(("front", f"{len(study.front())} trials"))
    elif finished:
        best = study.best_trial
        met = "" if best.feasible else ", violates constraints"
        told = f"{best.score:.6g}"
        if best.expected_score is not None:
            told = f"{best.expected_score:.6g} expected, {told} scored"
        rows.append(("best", f"{told} (trial {best.number}{met})"))
        png = _best_picture(study)
        if png is not None:
            data = base64.b64encode(png).decode("ascii")
            picture = (
                '<td rowspan="9" style="vertical-align: middle"><img alt="the best output" '
                f'style="max-width: 20em" src="data:image/png;base64,{data}"></td>'
            )
    if study.folder is not None:
        rows.append(("run folder", str(study.folder.path)))
    lines = [
        f'<tr><th style="text-align: left">{escape(name)}</th>'
        f'<td style="text-align: left; overflow-wrap: anywhere">{escape(value)}</td>'
        f"{picture if index == 0 else ''}</tr>"
        for index, (name, value) in enumerate(rows)
    ]
    return f"<table><caption>Study {escape(study.name)}</caption>{''.join(lines)}</table>"


def _best_picture(study: Any) -> bytes | None:
    best = study.best_trial
    path = None if study.artifacts is None else study.artifacts.picture(best.number)
    try:
        if path is not None:
            return path.read_bytes() if path.stat().st_size <= MOST_PICTURE_BYTES else None
        if not hasattr(study.generator, "render") or not (best.seconds or 1.0) < _CHEAP_SECONDS:
            return None
        content = io.BytesIO()
        study.generator.render(study.best_output).save(content, format="PNG")
    except Exception:  # a notebook that shows no picture is better than one that shows a traceback
        return None
    return content.getvalue() if content.tell() <= MOST_PICTURE_BYTES else None
