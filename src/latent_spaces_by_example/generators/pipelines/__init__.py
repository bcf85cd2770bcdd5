"""Pipelines of diffusers as generators: ``generators.diffusers``.

The folder is not called after that function, which it would hide.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError

if TYPE_CHECKING:
    from latent_spaces_by_example.generators.pipelines.generator import DiffusersGenerator

_PACKAGES = ("diffusers", "torch", "transformers", "PIL")


def diffusers(
    pipeline: Any,
    *,
    prompt: str | None = None,
    negative_prompt: str | None = None,
    height: int | None = None,
    width: int | None = None,
    frames: int | None = None,
    seconds: float | int | None = None,
    steps: int | None = None,
    guidance: float | int | None = None,
    scheduler: str | None = None,
    step_noise: str = "refuse",
    dtype: str | None = None,
    device: str | None = None,
    memory: str | Sequence[str] = (),
    batch_size: int = 1,
    inversion_iterations: int = 50,
    inversion_error: float | int = 0.1,
    **pipeline_arguments: Any,
) -> DiffusersGenerator:
    """A diffusers pipeline as a generator: latents of unit variance -> images, videos or sounds.

    z -> pipeline(latents=pack(z)), in the shape, order and dtype that this kind of pipeline wants;
    a latent from a random seed is the one that the pipeline draws with that CPU generator.

    Args:
        pipeline: a folder that a pipeline's ``save_pretrained`` wrote, a hub id such as
            "black-forest-labs/FLUX.1-schnell", or a pipeline of diffusers; its networks are
            shared, and moved where ``dtype``, ``device`` or ``memory`` say so.
        prompt: what to make; None for unconditional models.
        negative_prompt: what not to make.
        height: pixels; by default the pipeline's own.
        width: pixels; by default the pipeline's own.
        frames: of a video; by default the pipeline's own.
        seconds: of a sound; by default the longest that the model makes.
        steps: denoising steps; by default the pipeline's own.
        guidance: the guidance scale; by default the pipeline's own.
        scheduler: the name of a scheduler class to use in place of the pipeline's, such as
            "DDIMScheduler".
        step_noise: "refuse" schedulers that draw noise at every step, or hold that noise "fixed",
            the same for every latent.
        dtype: "float32", "float16" or "bfloat16"; by default bfloat16 on a GPU and float32
            elsewhere. Latents are float32 until they enter the model.
        device: such as "cuda" or "cpu"; by default a GPU if there is one.
        memory: any of "model-offload", "sequential-offload", "attention-slicing", "vae-slicing"
            and "vae-tiling"; several joined by "+".
        batch_size: how many latents the pipeline is given at once, at least 1. At 1 an output does
            not depend on what else was asked for, to the last bit.
        inversion_iterations: of each step of ``invert``, at most: evaluations of the model that
            its fixed point may take, at least 1.
        inversion_error: the largest root mean square by which what an inverted example's latent
            generates may differ from the example, in values from 0 to 1; above 0.
        **pipeline_arguments: anything else that the pipeline's call takes by name.

    Returns:
        A generator with ``latent_shape``, ``generate``, ``latent_from_random_seed``, ``render``
        and ``save``; and, of those that make images, ``invert`` and ``inversion``.

    Raises:
        ArgumentError: a pipeline that is not known or cannot be found, a wrong argument, a prompt
            that would be cut off, or a scheduler that draws noise.
        MissingPackageError: diffusers is not installed.

    Sources:
        Willis et al. 2025, arXiv 2509.23800, search the latents of such pipelines.

    >>> diffusers("black-forest-labs/FLUX.1-schnell", prompt="a red car", steps=0)
    Traceback (most recent call last):
    latent_spaces_by_example.errors.ArgumentError: steps=0; expected a whole number of at least 1
    """
    if step_noise not in ("refuse", "fixed"):
        raise ArgumentError(f"step_noise={step_noise!r}; expected 'refuse' or 'fixed'")
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ArgumentError(f"batch_size={batch_size!r}; expected a whole number of at least 1")
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
        raise ArgumentError(f"steps={steps!r}; expected a whole number of at least 1")
    whole = isinstance(inversion_iterations, int) and not isinstance(inversion_iterations, bool)
    if not whole or inversion_iterations < 1:
        raise ArgumentError(
            f"inversion_iterations={inversion_iterations!r}; expected a whole number of at least 1"
        )
    if not inversion_error > 0:
        raise ArgumentError(f"inversion_error={inversion_error!r}; expected a number above 0")
    try:
        from latent_spaces_by_example.generators.pipelines.making import make
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in _PACKAGES:
            raise
        raise MissingPackageError(
            f"generators.diffusers needs {error.name}; install it with: "
            "pip install 'latent-spaces-by-example[diffusers]'"
        ) from error
    source = os.fspath(pipeline) if isinstance(pipeline, os.PathLike) else pipeline
    options = memory.split("+") if isinstance(memory, str) else memory
    return make(
        source,
        texts={"prompt": prompt, "negative_prompt": negative_prompt},
        sizes={"height": height, "width": width, "frames": frames, "seconds": seconds},
        steps=steps,
        guidance=guidance,
        loading={
            "dtype": dtype,
            "device": device,
            "scheduler": scheduler,
            "memory": tuple(option for option in options if option),
        },
        step_noise=step_noise,
        batch_size=batch_size,
        inversion={"iterations": inversion_iterations, "error": float(inversion_error)},
        others=pipeline_arguments,
    )
