"""A grid over the plane of three seed latents, generated and scored, and its tables."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from PIL import Image

from latent_spaces_by_example.charts import Chart, KnotheRosenblattChart
from latent_spaces_by_example.errors import ArgumentError, EvaluationError
from latent_spaces_by_example.generators.default_pictures import picture_of
from latent_spaces_by_example.objectives.base import read_scores
from latent_spaces_by_example.report.snapshot import read_study
from latent_spaces_by_example.study import Study

_NUM_SEEDS = 3
_SAME = 1e-9


@dataclass(frozen=True)
class Plane:
    """Scores on a square grid over u, whose corners are the seed latents.

    Attributes:
        side: the coordinates along each side, from 0 to 1, shape (s,).
        scores: shape (s, s); ``scores[i, j]`` is that of u = (side[j], side[i]), NaN where
            it could not be scored.
        pictures: by (i, j), where outputs can be drawn; small ones.
        seed_names: of the three seed latents. The first is the whole edge u_1 = 0, the second is
            u = (1, 0), the third is u = (1, 1).
        weight_chart: u <-> w.
        minimise: whether lower scores are better.
    """

    side: Float64[np.ndarray, " s"]
    scores: Float64[np.ndarray, "s s"]
    pictures: Mapping[tuple[int, int], Image.Image]
    seed_names: tuple[str, ...]
    weight_chart: Chart
    minimise: bool = False

    @property
    def best(self) -> tuple[int, int]:
        """The place on the grid with the best score."""
        place = np.nanargmin(self.scores) if self.minimise else np.nanargmax(self.scores)
        i, j = np.unravel_index(int(place), self.scores.shape)
        return int(i), int(j)

    def seed_at(self, i: int, j: int) -> int | None:
        """Return the number of the seed latent that a point of the grid is; None between them."""
        last = len(self.side) - 1
        return 0 if j == 0 else {(0, last): 1, (last, last): 2}.get((i, j))

    def path(self, study: Study) -> Float64[np.ndarray, "n 2"]:
        """Return where a study looked, in the order of its trials, as coordinates u.

        Raises:
            ArgumentError: it left the plane.
        """
        weights = study.weights
        if weights[:, _NUM_SEEDS:].any() or (weights < 0.0).any():
            raise ArgumentError(
                f"study {study.name!r} left the plane of its three seed latents, so its path "
                "cannot be shown there: make it with within_span=True"
            )
        u: Float64[np.ndarray, "n 2"] = self.weight_chart.inverse(weights[:, :_NUM_SEEDS])
        return u


def evaluate_plane(
    study: Study,
    objective: Callable[..., Any],
    *,
    size: int = 9,
    picture_size: int = 160,
    weight_chart: Chart | None = None,
    on_point: Callable[[int, int], object] | None = None,
) -> Plane:
    """Generate and score a grid of size x size points over the plane of a study's seed latents.

    z = from_w_to_z(chart(u)). Points that are the same latent, as those of the edge u_1 = 0 are,
    are made once. What fails to be generated or scored is NaN.

    Args:
        study: one that three seed latents, or three prior draws, span.
        objective: a sequence of n outputs -> n scores.
        size: points along a side, at least 2.
        picture_size: pixels along the longer side of a kept picture, at least 8.
        weight_chart: u <-> w; by default the Knothe-Rosenblatt chart, which all searches use.
        on_point: called with how many points are done, and how many there are.

    Raises:
        ArgumentError: not three seed latents, or a size that is too small.
        EvaluationError: no point of the grid could be scored.
    """
    names = tuple(read_study(study).given_names)
    if len(names) != _NUM_SEEDS:
        raise ArgumentError(
            f"study {study.name!r} is spanned by {len(names)} seed latents; a plane "
            "is spanned by 3: give 3 of them, or num_seeds=3"
        )
    if size < 2 or picture_size < 8:
        raise ArgumentError(f"size={size}, picture_size={picture_size}; expected at least 2 and 8")
    chart = KnotheRosenblattChart() if weight_chart is None else weight_chart
    side = np.linspace(0.0, 1.0, size)
    weights = chart.forward(np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2))
    groups: dict[bytes, list[int]] = {}
    for place, row in enumerate(weights):
        groups.setdefault((np.abs(row) / _SAME).round().tobytes(), []).append(place)
    scores = np.full(size * size, np.nan)
    pictures: dict[tuple[int, int], Image.Image] = {}
    for number, same in enumerate(groups.values(), 1):
        score, picture = _evaluated(study, objective, weights[same[0]], picture_size=picture_size)
        scores[same] = score
        if picture is not None:
            pictures |= {divmod(place, size): picture for place in same}
        if on_point is not None:
            on_point(number, len(groups))
    if np.isnan(scores).all():
        raise EvaluationError(
            "no point of the grid could be generated and scored; the failed trials of the study "
            "say why"
        )
    minimise = read_study(study).minimise
    return Plane(side, scores.reshape(size, size), pictures, names, chart, minimise)


def _evaluated(
    study: Study,
    objective: Callable[..., Any],
    weights: Float64[np.ndarray, " K"],
    *,
    picture_size: int,
) -> tuple[float, Image.Image | None]:
    try:
        outputs = study.generator.generate(study.latents(weights[None]))
        scored = objective(outputs)
    except Exception:  # as in a study, a point that fails costs that point
        return float("nan"), None
    (evaluation,) = read_scores(scored, n=1)
    picture = small_picture(study.generator, outputs[0], size=picture_size)
    return evaluation.score if evaluation.finite else float("nan"), picture


def small_picture(generator: Any, output: Any, *, size: int) -> Image.Image | None:
    """Return a picture of one output, at most ``size`` pixels wide and high; None without one."""
    drawn = getattr(generator, "render", picture_of)(output)
    if drawn is None:
        return None
    picture: Image.Image = drawn.convert("RGB")
    enlarge = max(1, size // max(picture.size))  # what is tiny is shown as it is, only larger
    if enlarge > 1:
        grown = (picture.width * enlarge, picture.height * enlarge)
        return picture.resize(grown, Image.Resampling.NEAREST)
    picture.thumbnail((size, size))
    return picture


def save_histories(
    plane: Plane, studies: Mapping[str, Study], path: str | os.PathLike[str]
) -> None:
    """Write a CSV with one line a trial: search, number, u, weights, score, seconds, error.

    Raises:
        ArgumentError: a study has left the plane.
    """
    weights = [f"weight {name}" for name in plane.seed_names]
    rows = [
        [name, t.number, *u, *t.weights[:3].tolist(), t.score, t.seconds, t.error]
        for name, study in studies.items()
        for t, u in zip(study.trials, plane.path(study).tolist(), strict=True)
    ]
    head = ["search", "trial", "u_1", "u_2", *weights, "score", "seconds", "error"]
    _write([head, *rows], path)


def save_grid(plane: Plane, path: str | os.PathLike[str]) -> None:
    """Write a CSV with one line a point of the grid: u and score."""
    side = plane.side.tolist()
    rows = [[a, b, plane.scores[i, j]] for i, b in enumerate(side) for j, a in enumerate(side)]
    _write([["u_1", "u_2", "score"], *rows], path)


def _write(rows: Iterable[Iterable[object]], path: str | os.PathLike[str]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
