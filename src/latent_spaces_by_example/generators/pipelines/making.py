"""From what the user asked for to a generator: the arguments of the pipeline's call."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.pipelines.families import (
    Family,
    Size,
    checked_size,
    family_of,
)
from latent_spaces_by_example.generators.pipelines.generator import DiffusersGenerator
from latent_spaces_by_example.generators.pipelines.inversion import InversionLimits
from latent_spaces_by_example.generators.pipelines.loading import load_pipeline
from latent_spaces_by_example.generators.pipelines.prompts import check_prompt
from latent_spaces_by_example.generators.pipelines.schedulers import refuse_noise
from latent_spaces_by_example.parameters import near

_OURS = {
    "latents": "it is what generate(z) gives",
    "generator": "it is held fixed",
    "output_type": "outputs are arrays",
    "return_dict": "outputs are arrays",
    "num_images_per_prompt": "there is one output for each latent",
    "num_videos_per_prompt": "there is one output for each latent",
    "num_waveforms_per_prompt": "there is one output for each latent",
    "use_resolution_binning": "it would make another size, of other latents, and crop that",
    "num_inference_steps": "give steps=",
    "num_frames": "give frames=",
    "audio_end_in_s": "give seconds=",
}


def make(
    source: Any,
    *,
    texts: Mapping[str, str | None],
    sizes: Mapping[str, Any],
    steps: int | None,
    guidance: float | int | None,
    loading: Mapping[str, Any],
    step_noise: str,
    batch_size: int,
    inversion: Mapping[str, Any],
    others: Mapping[str, Any],
) -> DiffusersGenerator:
    """What ``generators.diffusers`` does once its packages are there; arguments as of that."""
    pipeline = load_pipeline(source, **loading)
    family = family_of(pipeline)
    size = checked_size(pipeline, family, Size(**sizes))
    arguments = _call_arguments(
        pipeline, family, texts=texts, size=size, steps=steps, guidance=guidance, others=others
    )
    _check_prompts(pipeline, family, arguments)
    refuse_noise(pipeline, arguments, fixed=step_noise == "fixed")
    own_name = source if isinstance(source, str) else type(pipeline).__name__
    draws = str(family.draw_dtype(pipeline)).removeprefix("torch.")
    told = {
        **texts,
        **sizes,
        "seconds": None if sizes["seconds"] is None else float(sizes["seconds"]),
        "steps": steps,
        "guidance": None if guidance is None else float(guidance),
        "scheduler": type(pipeline.scheduler).__name__,
        "step_noise": step_noise,
        "dtype": loading["dtype"] or draws,
    }
    return DiffusersGenerator(
        pipeline,
        family=family,
        size=size,
        arguments=arguments,
        batch_size=batch_size,
        name=_name(own_name, {**told, **others}),
        inversion=InversionLimits(**inversion),
    )


def _call_arguments(
    pipeline: Any,
    family: Family,
    *,
    texts: Mapping[str, str | None],
    size: Size,
    steps: int | None,
    guidance: float | int | None,
    others: Mapping[str, Any],
) -> dict[str, Any]:
    """What the pipeline is called with, besides latents: its own names, nothing that it lacks."""
    asked = {
        **{name: None if text is None else str(text) for name, text in texts.items()},
        "num_inference_steps": steps,
        **({} if family.guidance is None else {family.guidance: guidance}),
    }
    if family.guidance is None and guidance is not None:
        raise ArgumentError(f"guidance={guidance}; {type(pipeline).__name__} has none")
    arguments = {name: value for name, value in asked.items() if value is not None}
    if family.run is None:
        arguments |= {**_size_arguments(size), **dict(family.fixed)}
    elif steps is None:
        default = inspect.signature(type(pipeline).__call__).parameters["num_inference_steps"]
        arguments["num_inference_steps"] = default.default
    _check_known(pipeline, arguments, others)
    return {**arguments, **others}


def _size_arguments(size: Size) -> dict[str, Any]:
    named = {
        "height": size.height,
        "width": size.width,
        "num_frames": size.frames,
        "audio_end_in_s": size.seconds,
    }
    return {name: value for name, value in named.items() if value is not None}


def _check_known(pipeline: Any, arguments: Mapping[str, Any], others: Mapping[str, Any]) -> None:
    who = type(pipeline).__name__
    taken = [
        name for name in inspect.signature(type(pipeline).__call__).parameters if name != "self"
    ]
    for name in others:
        if name in _OURS:
            raise ArgumentError(f"{name} cannot be given: {_OURS[name]}")
    for name in [*arguments, *others]:
        if name not in taken:
            raise ArgumentError(f"{who} takes no {name!r}{near(name, taken)}")


def _check_prompts(pipeline: Any, family: Family, arguments: Mapping[str, Any]) -> None:
    if family.run is None and "prompt" not in arguments and "prompt_embeds" not in arguments:
        raise ArgumentError(f"prompt is missing: {type(pipeline).__name__} needs prompt='...'")
    for name in ("prompt", "negative_prompt"):
        if name in arguments:
            check_prompt(pipeline, arguments[name], argument=name, arguments=arguments)


def _name(source: str, told: Mapping[str, Any]) -> str:
    """The string that ``generators.load`` makes it from again; commas and the like are quoted."""
    given = {name: value for name, value in told.items() if value is not None}
    texts = [f"{name}={quote(str(value), safe=' /:')}" for name, value in given.items()]
    return f"diffusers:{source}:{','.join(texts)}"
