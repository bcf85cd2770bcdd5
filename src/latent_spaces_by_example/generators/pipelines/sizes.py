"""Settle how large a pipeline's images are: what was asked for, or its own defaults."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

from latent_spaces_by_example.arguments import check_whole
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.pipelines.families import (
    Family,
    Size,
    denoiser,
)
from latent_spaces_by_example.generators.pipelines.pipeline_settings import PipelineSettings


def _default_size(pipeline: Any, family: Family) -> Size:
    if family.run is not None:
        sides = pipeline.unet.config.sample_size
        height, width = (sides, sides) if isinstance(sides, int) else sides
        return Size(height=height, width=width)
    called = inspect.signature(type(pipeline).__call__).parameters
    height, width = called["height"].default, called["width"].default
    if height is None:
        own = getattr(pipeline, "default_sample_size", None)
        samples = denoiser(pipeline).config.sample_size if own is None else own
        height = width = samples * pipeline.vae_scale_factor
    return Size(height=height, width=width)


def checked_size(pipeline: Any, settings: PipelineSettings, *, family: Family) -> Size:
    """Return the size asked for, with the pipeline's defaults for what was not.

    Raises:
        ArgumentError: a size that these images cannot have.
    """
    who = type(pipeline).__name__
    asked = {"height": settings.height, "width": settings.width}
    given = {name: value for name, value in asked.items() if value is not None}
    for name, value in given.items():
        check_whole(value, argument=name)
    default = _default_size(pipeline, family)
    size = replace(default, **given)
    if family.run is not None and size != default:
        raise ArgumentError(
            f"height={size.height}, width={size.width}; {who} makes images of "
            f"{default.height} x {default.width} and no others: leave height and width out"
        )
    multiple = family.multiple(pipeline)
    for name in ("height", "width"):
        pixels = getattr(size, name)
        if pixels % multiple:
            near = max(multiple, round(pixels / multiple) * multiple)
            raise ArgumentError(
                f"{name}={pixels}; {who} makes multiples of {multiple} pixels: try {near}"
            )
    return size
