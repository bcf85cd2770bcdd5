"""Make generators of diffusers pipelines: ``generators.diffusers``.

The folder is not called after that function, which it would hide.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from latent_spaces_by_example import plugins
from latent_spaces_by_example.generators.pipelines.pipeline_settings import (
    PipelineSettings,
    Text,
    read_spec,
)

if TYPE_CHECKING:
    from latent_spaces_by_example.generators.pipelines.known import DiffusersGenerator
    from latent_spaces_by_example.generators.pipelines.recorded import RecordedPipeline


def diffusers(
    pipeline: Any,
    *,
    prompt: Text | None = None,
    negative_prompt: Text | None = None,
    height: int | None = None,
    width: int | None = None,
    frames: int | None = None,
    seconds: float | int | None = None,
    steps: int | None = None,
    guidance: float | int | None = None,
    scheduler: str | None = None,
    step_noise: str = "refuse",
    dtype: Any = None,
    variant: str | None = None,
    device: str | None = None,
    memory: str | Sequence[str] = (),
    batch_size: int = 1,
    inversion_iterations: int = 50,
    inversion_error: float | int = 0.1,
    **call: Any,
) -> DiffusersGenerator | RecordedPipeline:
    """Make a generator of a diffusers pipeline: unit-variance latents -> images, videos or sounds.

    z -> pipeline(latents=pack(z)), in the shape, order and dtype that this kind of pipeline wants;
    a latent from a random seed is the one that the pipeline draws with that CPU generator. Of a
    class without a row in ``families`` (image-to-image, inpainting, ControlNet, video, sound) every
    random number that it draws is recorded, and all of them together are the latent, of shape (d,).

    Args:
        pipeline: a folder that a pipeline's ``save_pretrained`` wrote, a hub id such as
            "black-forest-labs/FLUX.1-schnell", or a pipeline of diffusers; its networks are
            shared, and moved where ``dtype``, ``device`` or ``memory`` say so. Only weights in
            safetensors files are opened.
        prompt: what to make, one text; None for unconditional models.
        negative_prompt: what not to make.
        height: pixels; by default the pipeline's own.
        width: pixels; by default the pipeline's own.
        frames: length of a video; by default the pipeline's own.
        seconds: length of a sound; by default the longest that the model makes.
        steps: denoising steps; by default the pipeline's own.
        guidance: the guidance scale; by default the pipeline's own.
        scheduler: the name of a scheduler class to use in place of the pipeline's, such as
            "DDIMScheduler".
        step_noise: "refuse" schedulers that draw noise at every step, hold that noise
            "fixed", the same for every latent, or make it part of the "latent", of shape (d,).
        dtype: "float32", "float16" or "bfloat16", or torch's own; by default bfloat16 on a GPU and
            float32 elsewhere. Latents are float32 until they enter the model. ``torch_dtype`` is
            the same argument.
        variant: which files of weights to load, such as "fp16"; by default the plain ones, or
            "fp16" where a folder holds no others.
        device: such as "cuda" or "cpu"; by default a GPU if there is one.
        memory: any of "model-offload", "sequential-offload", "attention-slicing", "vae-slicing"
            and "vae-tiling"; several joined by "+".
        batch_size: how many latents the pipeline is given at once, at least 1. At 1 an output does
            not depend on what else was asked for, to the last bit. Pipelines whose draws are
            recorded make one at a time, whatever it is.
        inversion_iterations: how often at most each step of ``invert`` may evaluate the model to
            find its fixed point, at least 1.
        inversion_error: the largest root mean square difference between an example and what its
            inverted latent generates, in values from 0 to 1; above 0.
        **call: anything else that the pipeline's call takes by name.

    Returns:
        A generator with ``latent_shape``, ``generate``, ``latent_from_random_seed``, ``render``
        and ``save``; of the classes in ``families`` also ``invert`` and ``inversion``.

    Raises:
        ArgumentError: a pipeline that cannot be found, a wrong argument, a prompt that would be
            cut off, or a scheduler that draws noise.
        MissingPackageError: diffusers is not installed.

    Sources:
        Willis et al. 2025, arXiv 2509.23800, search the latents of such pipelines.

    >>> diffusers("black-forest-labs/FLUX.1-schnell", prompt="a red car", steps=0)
    Traceback (most recent call last):
    latent_spaces_by_example.errors.ArgumentError: steps=0; give a whole number of at least 1
    """
    # before any other variable is made, these are the arguments
    settings = PipelineSettings(**{k: v for k, v in locals().items() if k != "pipeline"})
    with plugins.missing_packages_named("generators.diffusers", extra="diffusers"):
        from latent_spaces_by_example.generators.pipelines.families import family_of
        from latent_spaces_by_example.generators.pipelines.known import DiffusersGenerator
        from latent_spaces_by_example.generators.pipelines.pipeline_loading import load_pipeline
        from latent_spaces_by_example.generators.pipelines.recorded import RecordedPipeline
    source = os.fspath(pipeline) if isinstance(pipeline, os.PathLike) else pipeline
    loaded = load_pipeline(source, settings)
    family = family_of(loaded)
    if family is None or settings.step_noise == "latent":
        return RecordedPipeline(loaded, settings, source=source)
    return DiffusersGenerator(loaded, settings, family=family, source=source)


def from_spec(spec: str) -> DiffusersGenerator | RecordedPipeline:
    """Make a generator of ``FOLDER_OR_HUB_ID:key=value,...``, its ``name`` after ``diffusers:``.

    Keys are arguments of :func:`diffusers` and of the pipeline's own call.

    Raises:
        ArgumentError: as of :func:`diffusers`, and a value that no name can hold.
    """
    source, given = read_spec(spec)
    return diffusers(source, **given)
