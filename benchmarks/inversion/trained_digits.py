"""Pipelines whose network is trained: the embedded digits model, as DDIM and as FLUX.

The tiny pipelines have random weights, so what they make is noise; these make digits, with no
download. Their networks' ``forward`` is the embedded velocity field; all else is the pipelines'.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import diffusers
import numpy as np
import torch
from jaxtyping import Float32, Float64

import tiny_models as shared
from latent_spaces_by_example.zoo.digits import load
from latent_spaces_by_example.zoo.digits.levels import NUM_PIXELS, SIDE
from tiny import models

# Pixels of the embedded model are standard Gaussian; an image's are in [-1, 1].
_SCALE = 5.0


def digits_ddim() -> Any:
    """A DDIM pipeline of 8 x 8 pixels that makes digits."""
    unet = diffusers.UNet2DModel(
        sample_size=SIDE,
        in_channels=1,
        out_channels=1,
        block_out_channels=(8,),
        layers_per_block=1,
        norm_num_groups=4,
        down_block_types=("DownBlock2D",),
        up_block_types=("UpBlock2D",),
    ).eval()
    scheduler = diffusers.DDIMScheduler(clip_sample=False)
    velocity = _velocity()

    def forward(sample: torch.Tensor, t: torch.Tensor) -> Any:
        kept = scheduler.alphas_cumprod[int(t)]
        noise_to_data = _SCALE * ((1 - kept) / kept).sqrt()
        share = float(noise_to_data / (1 + noise_to_data))
        x = (1 - share) * _SCALE * sample / kept.sqrt()
        return SimpleNamespace(sample=x + (1 - share) * velocity(x, share))

    unet.forward = forward
    pipeline = diffusers.DDIMPipeline(unet=unet, scheduler=scheduler)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def digits_flux() -> Any:
    """A FLUX.1 pipeline that makes digits of 16 x 16 pixels, each twice as high and wide.

    Its VAE is exact: it enlarges and shrinks.
    """
    vae = models.autoencoder(channels=1, quantised=False)
    vae.register_to_config(scaling_factor=1.0)
    pipeline = shared.flux(vae, channels=1)
    velocity = _velocity()

    def forward(hidden_states: torch.Tensor, timestep: torch.Tensor, **others: Any) -> Any:
        n, side = len(hidden_states), 2 * SIDE
        x = diffusers.FluxPipeline._unpack_latents(hidden_states, side, side, 2)
        made = velocity(x, float(timestep[0]))
        return (diffusers.FluxPipeline._pack_latents(made, n, 1, SIDE, SIDE),)

    def decode(latents: torch.Tensor, **others: Any) -> Any:
        large = latents.repeat_interleave(2, 2).repeat_interleave(2, 3)
        return ((large / _SCALE).repeat(1, 3, 1, 1),)

    def encode(pixels: torch.Tensor) -> Any:
        small = torch.nn.functional.avg_pool2d(pixels.mean(1, keepdim=True), 2)
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: _SCALE * small))

    pipeline.transformer.forward, vae.decode, vae.encode = forward, decode, encode
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def image_of_levels(levels: Float64[np.ndarray, "8 8"]) -> Float32[np.ndarray, "8 8 1"]:
    """A real scan, grey levels 0 to 16, as an image of ``digits_ddim``, in [0, 1].

    Where within its level a pixel lies is drawn, the same for the same scan.
    """
    whole = levels.astype(np.int64).reshape(1, NUM_PIXELS)
    rng = np.random.default_rng(int(whole.sum()))
    within = rng.uniform(0.01, 0.99, size=whole.shape)
    y = load().representation.encode(whole, within=within)
    return (y / (2 * _SCALE) + 0.5).reshape(SIDE, SIDE, 1).clip(0, 1).astype(np.float32)


def levels_of_image(image: Float32[np.ndarray, "8 8 c"]) -> Float64[np.ndarray, "8 8"]:
    """The grey levels, 0 to 16, that such an image shows."""
    y = (image[..., 0].astype(np.float64) - 0.5) * (2 * _SCALE)
    decoded = load().representation.decode(y.reshape(1, NUM_PIXELS))
    return decoded.reshape(SIDE, SIDE).astype(np.float64)


def _velocity() -> Any:
    """Noise less data, of x = (1 - s) data + s noise: tensors (n, 1, 8, 8) and the share s."""
    model = load()

    def velocity(x: torch.Tensor, share: float) -> torch.Tensor:
        flat = x.reshape(len(x), NUM_PIXELS).double().numpy()
        towards_data = model._velocity(flat, 1.0 - share)
        return -torch.from_numpy(towards_data).to(x).reshape(x.shape)

    return velocity
