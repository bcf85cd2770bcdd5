"""Give a snapshot its pictures: kept ones, and a bounded number of outputs made again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from PIL import Image

from latent_spaces_by_example.errors import LatentSpacesError
from latent_spaces_by_example.generators.default_pictures import picture_of
from latent_spaces_by_example.report.output_pictures import Picture
from latent_spaces_by_example.report.snapshot import Snapshot


def with_pictures(snapshot: Snapshot, *, most: int, seconds: float | int) -> Snapshot:
    """Return the same snapshot with pictures.

    Args:
        snapshot: of a study.
        most: how many outputs to make again at most.
        seconds: none is begun after so many; the first one is made in any case.
    """
    study = snapshot.study
    try:
        generator = study.generator
    except LatentSpacesError:  # opened without it: the page has the pictures that were kept
        generator = None
    start = time.monotonic()
    pictures: dict[int, Picture] = {}
    outputs: dict[int, Any] = {}
    failures: list[str] = []
    left = made = 0
    for trial in snapshot.wanted:  # those that matter most come first
        number = trial.number
        try:
            drawn = _kept(snapshot, number)
            if drawn is None and generator is not None:
                if made == most or (made and time.monotonic() - start > seconds):
                    left += 1
                    continue
                made += 1
                outputs[number] = study.output(number)
                drawn = getattr(generator, "render", picture_of)(outputs[number])
            if drawn is not None:
                pictures[number] = Picture.of(drawn)
        except Exception as error:  # a page without one picture is better than no page
            failures.append(f"trial {number} ({type(error).__name__}: {error})")
    if made and not pictures and not failures:
        left = 0  # outputs of this kind are not drawn
    overlay = None
    if most > 1 and pictures and hasattr(generator, "render_overlay"):
        overlay = _overlay(snapshot, outputs)
    missing = " ".join(_reasons(failures, left=left, made=made))
    return replace(snapshot, pictures=pictures, overlay=overlay, missing=missing)


def _kept(snapshot: Snapshot, number: int) -> Image.Image | None:
    artifacts = snapshot.study.artifacts
    path = None if artifacts is None else artifacts.picture(number)
    return None if path is None else Image.open(path, formats=["PNG"])


def _overlay(snapshot: Snapshot, outputs: dict[int, Any]) -> Picture | None:
    """Return the best output drawn over the best example, or None."""
    if snapshot.best is None or not snapshot.references:
        return None
    study, numbers = snapshot.study, (snapshot.best.number, snapshot.references[0][1].number)
    try:
        both = [outputs[n] if n in outputs else study.output(n) for n in numbers]
        return Picture.of(study.generator.render_overlay(*both))
    except Exception:  # a page without this picture is better than no page
        return None


def _reasons(failures: list[str], *, left: int, made: int) -> Iterator[str]:
    if left:
        yield f"{made} outputs were made again for this page, {left} more were not, to save time."
    if failures:
        yield f"Could not be drawn: {'; '.join(failures)}."
