"""Diffusers pipelines of a few thousand random weights, written to disk: no download.

Each is built from configs, so everything about it but its size is as in the real one: how it
takes latents, schedules, prompts. What it makes looks like noise.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tiny_models
from tiny import images, sequences


def save_tiny_pipeline(name: str, folder: str | os.PathLike[str]) -> Path:
    """Write one of ``TINY_PIPELINES``, of random weights; return the folder."""
    return tiny_models.save(TINY_PIPELINES[name], folder)


def save_tiny_clip(folder: str | os.PathLike[str]) -> Path:
    """Write a CLIP of random weights with its processor; return the folder."""
    return tiny_models.save(tiny_models.clip_model, folder)


TINY_PIPELINES: dict[str, Callable[[], Any]] = {
    "ddim": images.ddim,
    "ddpm": images.ddpm,
    "stable-diffusion": images.stable_diffusion,
    "stable-diffusion-xl": images.stable_diffusion_xl,
    "flux": images.flux,
    "stable-diffusion-3": images.stable_diffusion_3,
    "pixart-sigma": images.pixart_sigma,
    "sana": images.sana,
    "flux2": images.flux2,
    "qwen-image": images.qwen_image,
    "wan": sequences.wan,
    "ltx": sequences.ltx,
    "stable-audio": sequences.stable_audio,
}
