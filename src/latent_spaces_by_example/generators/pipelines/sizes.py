"""Settle how large a pipeline's outputs are: what was asked for, or its own defaults."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.pipelines.families import (
    Family,
    Size,
    denoiser,
    temporal_ratio,
)


def default_size(pipeline: Any, family: Family) -> Size:
    """Return the sizes that the pipeline has when none are asked for."""
    if family.run is not None:
        sides = pipeline.unet.config.sample_size
        height, width = (sides, sides) if isinstance(sides, int) else sides
        return Size(height=height, width=width)
    if family.output == "audio":
        config = pipeline.transformer.config
        rate = pipeline.vae.config.sampling_rate
        return Size(seconds=config.sample_size * pipeline.vae.hop_length / rate)
    called = inspect.signature(type(pipeline).__call__).parameters
    height, width = called["height"].default, called["width"].default
    if height is None:
        own = getattr(pipeline, "default_sample_size", None)
        samples = denoiser(pipeline).config.sample_size if own is None else own
        height = width = samples * pipeline.vae_scale_factor
    frames = called["num_frames"].default if family.output == "video" else None
    return Size(height=height, width=width, frames=frames)


def checked_size(pipeline: Any, asked: Size, *, family: Family) -> Size:
    """Return the sizes asked for, with the pipeline's defaults for the others.

    Raises:
        ArgumentError: a size that this kind of output does not have, or cannot have.
    """
    given = {name: value for name, value in vars(asked).items() if value is not None}
    who = type(pipeline).__name__
    for name, value in given.items():
        if name not in family.sizes:
            raise ArgumentError(
                f"{name}={value!r} was given, but {who} makes {family.output}, "
                f"which has {' and '.join(family.sizes)}"
            )
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole or name == "seconds") or not value > 0:
            raise ArgumentError(f"{name}={value!r}; expected a whole number of at least 1")
    default = default_size(pipeline, family)
    size = replace(default, **given)
    _check_fits(pipeline, family, size=size, default=default)
    return size


def _check_fits(pipeline: Any, family: Family, *, size: Size, default: Size) -> None:
    who = type(pipeline).__name__
    if family.run is not None and size != default:
        raise ArgumentError(
            f"height={size.height}, width={size.width}; {who} makes images of "
            f"{default.height} x {default.width} and no others: leave height and width out"
        )
    multiple = family.multiple(pipeline)
    for name in ("height", "width"):
        pixels = getattr(size, name)
        if pixels is not None and pixels % multiple:
            near = max(multiple, round(pixels / multiple) * multiple)
            raise ArgumentError(
                f"{name}={pixels}; {who} makes multiples of {multiple} pixels: try {near}"
            )
    if size.frames is not None:
        step = temporal_ratio(pipeline)
        if (size.frames - 1) % step:
            near = (size.frames - 1) // step * step + 1
            raise ArgumentError(
                f"frames={size.frames}; {who} makes {step} k + 1 frames: try {near} or "
                f"{near + step}"
            )
    if size.seconds is not None and default.seconds is not None and size.seconds > default.seconds:
        raise ArgumentError(f"seconds={size.seconds}; {who} makes at most {default.seconds:.4g}")
