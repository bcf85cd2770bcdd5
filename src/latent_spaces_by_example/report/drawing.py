"""Give a snapshot its pictures: those that the study kept, others of outputs made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PIL import Image

from latent_spaces_by_example.errors import LatentSpacesError
from latent_spaces_by_example.generators.default_pictures import picture_of
from latent_spaces_by_example.report.output_pictures import Drawn, Picture, draw_outputs
from latent_spaces_by_example.report.snapshot import Snapshot


def with_pictures(snapshot: Snapshot, *, most: int, seconds: float | int) -> Snapshot:
    """Return the same snapshot with pictures.

    Args:
        snapshot: of a study.
        most: how many outputs to make again at most.
        seconds: none is begun after so many.
    """
    study = snapshot.study
    try:
        generator = study.generator
    except LatentSpacesError:  # opened without it: the page has the pictures that were kept
        generator = None
    trials = {trial.number: trial for trial in snapshot.wanted}

    def kept(number: int) -> Image.Image | None:
        path = None if study.artifacts is None else study.artifacts.picture(number)
        return None if path is None else Image.open(path, formats=["PNG"])

    def make(number: int) -> Any:
        return generator.generate(study.latents(trials[number].weights[None]))[0]

    drawn = draw_outputs(
        list(trials),
        kept=kept,
        make=None if generator is None else make,
        render=getattr(generator, "render", picture_of),
        most=most,
        seconds=seconds,
    )
    draw = getattr(generator, "render_overlay", None)
    overlay = None if draw is None or most < 2 else _overlay(snapshot, drawn, make=make, draw=draw)
    return replace(snapshot, pictures=drawn.pictures, overlay=overlay, missing=drawn.missing)


def _overlay(
    snapshot: Snapshot,
    drawn: Drawn,
    *,
    make: Callable[[int], Any],
    draw: Callable[[Any, Any], Image.Image],
) -> Picture | None:
    """Return the best output drawn over the best example, or None."""
    if snapshot.best is None or not snapshot.references or not drawn.pictures:
        return None
    numbers = (snapshot.best.number, snapshot.references[0][1].number)
    try:
        outputs = [drawn.outputs[n] if n in drawn.outputs else make(n) for n in numbers]
        return Picture.of(draw(*outputs))
    except Exception:  # a page without this picture is better than no page
        return None
