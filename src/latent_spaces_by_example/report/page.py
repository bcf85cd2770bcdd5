"""The page that shows a study: one HTML file that needs nothing beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from latent_spaces_by_example.arguments import (
    check_instance,
    check_whole,
    checked_number,
    checked_path,
    real_array,
)
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.report.best_of_n import FEWEST_DRAWS
from latent_spaces_by_example.report.convergence import convergence_section
from latent_spaces_by_example.report.drawing import with_pictures
from latent_spaces_by_example.report.failed_trials import failure_table, fault_table
from latent_spaces_by_example.report.formatting import duration, shown, shown_alike
from latent_spaces_by_example.report.front_plots import front_section
from latent_spaces_by_example.report.galleries import top_gallery, way_gallery
from latent_spaces_by_example.report.plot import LEVELS
from latent_spaces_by_example.report.repeat import repeat_section
from latent_spaces_by_example.report.result import comparison, gain_in_words, named
from latent_spaces_by_example.report.scores import expected_or_score
from latent_spaces_by_example.report.seed_table import seeds_section
from latent_spaces_by_example.report.snapshot import Snapshot, read_study
from latent_spaces_by_example.report.space_map import space_section
from latent_spaces_by_example.study import Study
from latent_spaces_by_example.study.candidate_check import validity_summary
from latent_spaces_by_example.study.folder import replace_file
from latent_spaces_by_example.study.plain_text import plain

_HERE = Path(__file__).parent
_OF_ONE_SCORE: list[tuple[str, Callable[[Snapshot], Any]]] = [
    *(("comparison", comparison), ("convergence", convergence_section), ("way", way_gallery)),
    *(("top", top_gallery), ("space", space_section), ("seeds", seeds_section)),
]


def write_report(
    study: Study,
    path: str | os.PathLike[str],
    *,
    pictures: int = 24,
    seconds: float | int = 60.0,
    prior_scores: npt.ArrayLike | None = None,
) -> Path:
    """Write one self-contained HTML file about ``study``, and return its path.

    It shows the study as it is now, finished or not. Names and messages in it are escaped: they
    are other people's text.

    Args:
        study: finished, running, or with nothing evaluated yet.
        path: of the file; one that exists is replaced.
        pictures: how many outputs to make again at most for their pictures, at least 0; those
            whose pictures the run folder holds are not made again.
        seconds: no further output is begun after so many; above 0.
        prior_scores: scores of prior draws that were measured apart from the study, shape (m,), NaN
            where that failed: the best of N of them is drawn beside the search. By default
            those of the study's own trials that are prior draws, if there are 8 or more.

    Raises:
        ArgumentError: ``pictures``, ``seconds`` or ``prior_scores`` is out of its range.
        StudyError: the file cannot be written.

    Examples:
        >>> import tempfile
        >>> import latent_spaces_by_example as lsbe
        >>> class Doubling:
        ...     latent_shape = (16,)
        ...     def generate(self, z):
        ...         return 2 * z
        >>> study = lsbe.optimise(Doubling(), lambda outputs: [x[0] for x in outputs], budget=10)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = write_report(study, Path(folder) / "report.html")
        ...     page.read_text(encoding="utf-8")[:15]
        '<!doctype html>'
    """
    check_instance(study, Study, argument="study", example="lsbe.open_study('runs/wing')")
    check_whole(pictures, argument="pictures", least=0)
    seconds = checked_number(seconds, argument="seconds", low=0.0, high=np.inf, above=True)
    path = checked_path(path, argument="path")
    scores = None if prior_scores is None else _checked(prior_scores)
    snapshot = read_study(study, prior_scores=scores)
    snapshot = with_pictures(snapshot, most=pictures, seconds=seconds)
    content = page_of(snapshot)
    replace_file(path, lambda target: target.write_text(content, encoding="utf-8"))
    return path


def page_of(snapshot: Snapshot) -> str:
    """Return the HTML of a page about a snapshot."""
    now = datetime.now(timezone.utc)
    one_score = not snapshot.settings.score_names
    template = _environment().get_template("page.html.j2")
    return template.render(
        style=Markup((_HERE / "style.css").read_text(encoding="utf-8")),
        s=snapshot,
        front=front_section(snapshot),
        validity=validity_summary(snapshot.trials),
        faults=fault_table(snapshot),
        failures=failure_table(snapshot),
        repeat=repeat_section(snapshot),
        written=f"{now.day} {now:%B %Y}, {now:%H:%M} UTC",
        **{name: section(snapshot) if one_score else None for name, section in _OF_ONE_SCORE},
    )


def _checked(prior_scores: npt.ArrayLike) -> np.ndarray:
    scores = real_array(prior_scores, name="prior_scores", shape="(m,), one score a draw")
    if scores.ndim != 1 or np.isinf(scores).any():
        raise ArgumentError(
            f"prior_scores has shape {scores.shape}; give one score a draw, shape (m,), each "
            "finite or NaN"
        )
    return scores


@cache
def _environment() -> Environment:
    """Return the environment of the templates: every text is escaped, and cleaned before.

    It is made once, because reading the templates takes longer than filling them in.
    """
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_final,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "alike": shown_alike,
        "duration": duration,
        "level": expected_or_score,
        "named": named,
        "place": lambda value: f"{value:.1f}",
        "shown": shown,
        "unquoted": unquote,
    }
    environment.globals |= {
        "fewest_draws": FEWEST_DRAWS,
        "gain": gain_in_words,
        "num_levels": LEVELS,
    }
    return environment


def _final(value: Any) -> Any:
    return value if isinstance(value, Markup) else plain(value, lines=True)
