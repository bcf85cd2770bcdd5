"""Diffusers pipelines of a few thousand random weights, for tests and dry runs: no download.

Each is built from configs, so everything about it but its size is as in the real one: how it
takes latents, schedules, prompts. What it makes looks like noise.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.testing import tiny_images, tiny_models, tiny_sequences


def save_tiny_pipeline(name: str, folder: str | os.PathLike[str], *, random_seed: int = 0) -> Path:
    """Write a pipeline of random weights, for ``from_pretrained`` to load; return the folder.

    Args:
        name: one of ``TINY_PIPELINES``, such as "flux".
        folder: to be made.
        random_seed: of the weights.

    Raises:
        ArgumentError: no such name.
    """
    if name not in TINY_PIPELINES:
        raise ArgumentError(f"name={name!r}; expected one of {', '.join(TINY_PIPELINES)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(random_seed)
        pipeline = TINY_PIPELINES[name]()
    pipeline.save_pretrained(folder)
    return Path(folder)


def save_tiny_clip(folder: str | os.PathLike[str]) -> Path:
    """Write a CLIP of random weights with its processor; return the folder."""
    with torch.random.fork_rng(devices=[]):
        model, processor = tiny_models.clip_model()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return Path(folder)


TINY_PIPELINES: dict[str, Callable[[], Any]] = {
    "ddim": tiny_images.ddim,
    "ddpm": tiny_images.ddpm,
    "stable-diffusion": tiny_images.stable_diffusion,
    "stable-diffusion-xl": tiny_images.stable_diffusion_xl,
    "flux": tiny_images.flux,
    "flux-full-latents": tiny_images.flux_full_latents,
    "stable-diffusion-3": tiny_images.stable_diffusion_3,
    "pixart-sigma": tiny_images.pixart_sigma,
    "sana": tiny_images.sana,
    "flux2": tiny_images.flux2,
    "qwen-image": tiny_images.qwen_image,
    "wan": tiny_sequences.wan,
    "ltx": tiny_sequences.ltx,
    "stable-audio": tiny_sequences.stable_audio,
}
