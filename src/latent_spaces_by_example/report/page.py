"""The page that shows a study: one HTML file that needs nothing beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import numpy.typing as npt

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.report.convergence import convergence_panel
from latent_spaces_by_example.report.failures import failures_panel
from latent_spaces_by_example.report.front import front_panel
from latent_spaces_by_example.report.galleries import top_panel, way_panel
from latent_spaces_by_example.report.markup import Html, element, joined, section, text
from latent_spaces_by_example.report.outputs import draw_outputs
from latent_spaces_by_example.report.repeat import repeat_panel
from latent_spaces_by_example.report.result import comparison_panel, title_block
from latent_spaces_by_example.report.score_map import space_panel
from latent_spaces_by_example.report.seed_table import seed_panel
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.report.validity import validity_panel
from latent_spaces_by_example.study import Study

Panel = Callable[[Snapshot], Html]

# A browser that keeps to this fetches nothing and runs nothing, whatever a name may hold.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = Path(__file__).with_name("style.css")


def of_study(panel: Callable[[Study], str], *, title: str, anchor: str) -> Panel:
    """A section made from the study itself; what ``panel`` returns is markup, or empty."""
    return lambda snapshot: section(title, Html(panel(snapshot.study)), anchor=anchor)


# What a page consists of, in order; a panel that has nothing to show is empty.
PANELS: tuple[Panel, ...] = (
    comparison_panel,
    convergence_panel,
    way_panel,
    top_panel,
    space_panel,
    seed_panel,
    of_study(validity_panel, title="Are the candidates valid?", anchor="validity"),
    failures_panel,
    repeat_panel,
)


# Of several scores there is no best trial to show.
PANELS_OF_SEVERAL: tuple[Panel, ...] = (
    of_study(front_panel, title="The front", anchor="front"),
    of_study(validity_panel, title="Are the candidates valid?", anchor="validity"),
    failures_panel,
    repeat_panel,
)


def write_report(
    study: Study,
    path: str | os.PathLike[str],
    *,
    pictures: int = 24,
    seconds: float | int = 60.0,
    prior_scores: npt.ArrayLike | None = None,
) -> Path:
    """Write one self-contained HTML file about ``study``; returns its path.

    It shows the study as it is now, finished or not. Names and messages in it are escaped: they
    are other people's text.

    Args:
        study: finished, running, or with nothing evaluated yet.
        path: of the file; one that exists is replaced.
        pictures: the most outputs to make again for their pictures, at least 0.
        seconds: no further output is begun after so many; above 0.
        prior_scores: scores of prior draws that were measured apart from the study, shape (m,), NaN
            where that failed: the best of N of them is drawn beside the search. By default
            those of the study's own trials that are prior draws, if there are 8 or more.

    Raises:
        ArgumentError: ``pictures``, ``seconds`` or ``prior_scores`` is out of its range.

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
    if isinstance(pictures, bool) or not isinstance(pictures, int) or pictures < 0:
        raise ArgumentError(f"pictures={pictures!r}; give a whole number of at least 0")
    if not seconds > 0:
        raise ArgumentError(f"seconds={seconds!r}; give a number above 0")
    snapshot = _snapshot(study, pictures=pictures, seconds=seconds, prior_scores=prior_scores)
    path = Path(path)
    target = path.with_name(f".{path.name}.partial")
    target.write_text(_document(snapshot), encoding="utf-8")
    target.replace(path)
    return path


def _snapshot(
    study: Study, *, pictures: int, seconds: float | int, prior_scores: npt.ArrayLike | None
) -> Snapshot:
    scores = None
    if prior_scores is not None:
        scores = np.asarray(prior_scores, dtype=np.float64)
        if scores.ndim != 1 or np.isposinf(scores).any():
            raise ArgumentError(
                f"prior_scores has shape {scores.shape}; give one score a draw, shape (m,), each "
                "finite or NaN"
            )
    seen = Snapshot(study, study.trials, {}, prior_scores=scores)
    drawn = draw_outputs(study, seen.wanted, most=pictures, seconds=seconds)
    return Snapshot(study, seen.trials, drawn.pictures, drawn.missing, scores)


def _document(snapshot: Snapshot) -> Html:
    chosen = PANELS_OF_SEVERAL if snapshot.study.settings.score_names else PANELS
    panels = [panel(snapshot) for panel in chosen]
    body = element("main", title_block(snapshot), *panels, _end())
    head = joined(
        [
            Html('<meta charset="utf-8">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{text(_POLICY)}">'),
            Html('<meta name="referrer" content="no-referrer">'),
            Html('<meta name="color-scheme" content="light dark">'),
            element("title", f"{snapshot.study.name}: report of a study"),
            element("style", Html(_STYLE.read_text(encoding="utf-8"))),
        ],
        by="\n",
    )
    return Html(
        f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n'
        "</html>\n"
    )


def _end() -> Html:
    now = datetime.now(timezone.utc)
    written = f"{now.day} {now:%B %Y}, {now:%H:%M} UTC"
    return element("footer", f"Written by latent-spaces-by-example on {written}.")
