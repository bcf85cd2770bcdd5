"""What a pipeline's VAE makes of an image: the latent that its denoising would end in.

Each is the inverse of what the pipeline does before ``vae.decode``, read from the sources of
diffusers 0.42.1; the VAE's distribution is taken at its mode, so nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from latent_spaces_by_example.errors import ArgumentError

Encoder = Callable[[Any, torch.Tensor], torch.Tensor]
Pack = Callable[[Any, torch.Tensor], torch.Tensor]


def encoder_of(pipeline: Any) -> Encoder:
    """How images become latents, (n, channels, height, width) in [-1, 1] -> (n, *latent_shape).

    Raises:
        ArgumentError: that is not known of this kind of pipeline.
    """
    for kind in type(pipeline).__mro__:
        if kind.__name__ in _ENCODERS:
            return _ENCODERS[kind.__name__]
    raise ArgumentError(
        f"{type(pipeline).__name__} cannot invert examples: the known ones are "
        f"{', '.join(sorted(_ENCODERS))}. Give seed_latents instead, such as those that "
        "latent_from_random_seed makes of random seeds whose outputs you like"
    )


def loop_layout(pipeline: Any, latents: torch.Tensor, *, pack: Pack) -> torch.Tensor:
    """Latents as the pipeline's denoising loop holds them.

    Args:
        pipeline: a diffusers pipeline.
        latents: shape (n, *latent_shape).
        pack: to what its ``latents=`` takes, which is what most loops hold.
    """
    if type(pipeline).__name__.startswith("Flux2"):  # takes them unpacked, and packs them itself
        flat: torch.Tensor = pipeline._pack_latents(latents)
        return flat
    return pack(pipeline, latents)


def from_loop_layout(
    pipeline: Any, held: torch.Tensor, *, pack: Pack, shape: tuple[int, ...]
) -> torch.Tensor:
    """Back from ``loop_layout`` to ``shape``, (n, *latent_shape), float32, on the CPU."""
    # packing only permutes, so where each entry went tells how to bring it back
    places = torch.arange(held.numel()).reshape(shape)
    places = loop_layout(pipeline, places, pack=pack).flatten()
    latents = torch.empty(held.numel(), dtype=torch.float32)
    latents[places] = held.float().cpu().flatten()
    return latents.reshape(shape)


def _posterior_mode(vae: Any, pixels: torch.Tensor) -> torch.Tensor:
    needs_more = vae.dtype == torch.float16 and vae.config.get("force_upcast", False)
    if needs_more:  # SDXL's overflows in float16, and its pipeline decodes in float32 as well
        vae.to(torch.float32)
    try:
        encoded = vae.encode(pixels.to(vae.dtype))
    finally:
        if needs_more:
            vae.to(torch.float16)
    found = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latent
    mode: torch.Tensor = found.float()
    return mode


def _pixels_themselves(pipeline: Any, pixels: torch.Tensor) -> torch.Tensor:
    return pixels


def _scaled(pipeline: Any, pixels: torch.Tensor) -> torch.Tensor:
    return _posterior_mode(pipeline.vae, pixels) * float(pipeline.vae.config.scaling_factor)


def _shifted_and_scaled(pipeline: Any, pixels: torch.Tensor) -> torch.Tensor:
    config = pipeline.vae.config
    mode = _posterior_mode(pipeline.vae, pixels)
    return (mode - float(config.shift_factor)) * float(config.scaling_factor)


def _standardised_where_known(pipeline: Any, pixels: torch.Tensor) -> torch.Tensor:
    """SDXL: channel means and deviations where its VAE has them (Playground's), else scaled."""
    config = pipeline.vae.config
    mean, deviation = config.get("latents_mean"), config.get("latents_std")
    if mean is None or deviation is None:
        return _scaled(pipeline, pixels)
    mode = _posterior_mode(pipeline.vae, pixels)
    return (mode - _by_channel(mean, mode)) * config.scaling_factor / _by_channel(deviation, mode)


def _one_frame_standardised(pipeline: Any, pixels: torch.Tensor) -> torch.Tensor:
    config = pipeline.vae.config
    mode = _posterior_mode(pipeline.vae, pixels[:, :, None])[:, :, 0]
    mean, deviation = config.latents_mean, config.latents_std
    return (mode - _by_channel(mean, mode)) / _by_channel(deviation, mode)


def _patched_and_normalised(pipeline: Any, pixels: torch.Tensor) -> torch.Tensor:
    vae = pipeline.vae
    patched: torch.Tensor = pipeline._patchify_latents(_posterior_mode(vae, pixels))
    mean = vae.bn.running_mean.view(1, -1, 1, 1).to(patched)
    deviation = (vae.bn.running_var.view(1, -1, 1, 1) + vae.config.batch_norm_eps).sqrt()
    return (patched - mean) / deviation.to(patched)


def _by_channel(values: Any, like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(values).view(1, -1, 1, 1).to(like)


_ENCODERS: dict[str, Encoder] = {
    "DDIMPipeline": _pixels_themselves,
    "DDPMPipeline": _pixels_themselves,
    "Flux2KleinPipeline": _patched_and_normalised,
    "Flux2Pipeline": _patched_and_normalised,
    "FluxPipeline": _shifted_and_scaled,
    "PixArtSigmaPipeline": _scaled,
    "QwenImagePipeline": _one_frame_standardised,
    "SanaPipeline": _scaled,
    "StableDiffusion3Pipeline": _shifted_and_scaled,
    "StableDiffusionPipeline": _scaled,
    "StableDiffusionXLPipeline": _standardised_where_known,
}
