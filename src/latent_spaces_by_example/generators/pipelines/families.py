"""List how each family of image pipelines takes a latent: its shape, order and dtype.

``FAMILIES`` has one row for each family whose examples can be inverted, chosen by the class of the
pipeline. Every other class, videos and sounds among them, is recorded. All families take noise of
unit variance: those whose scheduler starts elsewhere multiply it by ``init_noise_sigma``
themselves. Read from the sources of diffusers 0.42.1, ``prepare_latents`` of each pipeline.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from latent_spaces_by_example.errors import ArgumentError

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Size:
    """Hold how large an image is, in pixels."""

    height: int
    width: int


@dataclass(frozen=True)
class Family:
    """Hold how pipelines of one kind take their latents.

    Attributes:
        pipelines: names of the classes.
        latent_shape: the shape of one latent, as the pipeline draws it, before any packing.
        multiple: what height and width must be multiples of, in pixels.
        pack: latents of shape (n, *latent_shape) to what ``latents=`` expects.
        draw_dtype: the dtype that the pipeline draws its own latents in.
        guidance: what the pipeline calls the guidance scale; None if it has none.
        fixed: arguments that keep the sizes what they were asked to be.
        run: called with the pipeline, latents and arguments in place of the pipeline; for those
            that have no ``latents=``.
        encode: images (n, channels, height, width) in [-1, 1] to the latents that denoising would
            end in, (n, *latent_shape).
        scales_noise: whether the pipeline multiplies its latents by the scheduler's
            ``init_noise_sigma`` and calls its ``scale_model_input``.
        makes_sigmas: whether the pipeline hands the scheduler noise levels of its own.
    """

    pipelines: tuple[str, ...]
    latent_shape: Callable[[Any, Size], Shape]
    encode: Callable[[Any, torch.Tensor], torch.Tensor]
    multiple: Callable[[Any], int] = lambda pipeline: 1
    pack: Callable[[Any, torch.Tensor], torch.Tensor] = lambda pipeline, z: z
    draw_dtype: Callable[[Any], torch.dtype] = lambda pipeline: embedding_dtype(pipeline)
    guidance: str | None = "guidance_scale"
    fixed: tuple[tuple[str, Any], ...] = ()
    run: Callable[..., Any] | None = None
    scales_noise: bool = False
    makes_sigmas: bool = False


def embedding_dtype(pipeline: Any) -> torch.dtype:
    """Return the dtype of prompt embeddings: the first text encoder's, else the denoiser's."""
    first = getattr(pipeline, "text_encoder", None)
    dtype: torch.dtype = (denoiser(pipeline) if first is None else first).dtype
    return dtype


def denoiser(pipeline: Any) -> Any:
    """Return the network that is run at every step."""
    unet = getattr(pipeline, "unet", None)
    return getattr(pipeline, "transformer", None) if unet is None else unet


def family_of(pipeline: Any) -> Family | None:
    """Return the row of a pipeline's class or the nearest that it inherits from, or None."""
    by_name = {name: family for family in FAMILIES for name in family.pipelines}
    rows = (by_name.get(kind.__name__) for kind in type(pipeline).__mro__)
    return next((row for row in rows if row is not None), None)


# ---------------------------------------------------------------------- shapes and packing


def _plain(pipeline: Any, size: Size) -> Shape:
    """Return (channels, height / f, width / f), f of the VAE."""
    ratio = pipeline.vae_scale_factor
    channels = denoiser(pipeline).config.in_channels
    return (channels, size.height // ratio, size.width // ratio)


def _two_by_two(pipeline: Any, size: Size) -> Shape:
    """Return the shape before 2 x 2 patches become channels: a quarter of the denoiser's."""
    channels, height, width = _plain(pipeline, size)
    return (channels // 4, height, width)


def _patched(pipeline: Any, size: Size) -> Shape:
    """Return the shape after 2 x 2 patches became channels."""
    channels, height, width = _plain(pipeline, size)
    return (channels, height // 2, width // 2)


def _pack_two_by_two(pipeline: Any, z: torch.Tensor) -> torch.Tensor:
    return pipeline._pack_latents(z, *z.shape)  # its own, so that the order is never a copy's


# The least number that each is compared with is one that the pipeline itself asks for.


def _image_multiple(pipeline: Any) -> int:
    patch = getattr(denoiser(pipeline).config, "patch_size", None) or 1
    return max(8, pipeline.vae_scale_factor * patch)


def _of_unet(pipeline: Any, size: Size) -> Shape:
    return (pipeline.unet.config.in_channels, size.height, size.width)


def _denoise(pipeline: Any, latents: torch.Tensor, **arguments: Any) -> torch.Tensor:
    """Do what an unconditional pipeline does once it has drawn: it takes no ``latents=``."""
    steps = arguments.pop("num_inference_steps")
    generator = arguments.pop("generator", None)
    taken = inspect.signature(pipeline.scheduler.step).parameters
    unknown = sorted(set(arguments) - (set(taken) - {"model_output", "timestep", "sample"}))
    if unknown:
        raise ArgumentError(
            f"{type(pipeline).__name__} with {type(pipeline.scheduler).__name__} has no "
            f"{', '.join(unknown)}"
        )
    if "generator" in taken:
        arguments["generator"] = generator
    pipeline.scheduler.set_timesteps(steps)
    x = latents * pipeline.scheduler.init_noise_sigma
    for t in pipeline.scheduler.timesteps:
        seen = pipeline.scheduler.scale_model_input(x, t)
        x = pipeline.scheduler.step(pipeline.unet(seen, t).sample, t, x, **arguments).prev_sample
    return (x / 2 + 0.5).clamp(0, 1).float().cpu().permute(0, 2, 3, 1)


# ------------------------------------------------------------------- images to latents
# The inverse of what each pipeline does before vae.decode, at the mode of the VAE's distribution.


def _posterior_mode(vae: Any, pixels: torch.Tensor) -> torch.Tensor:
    needs_more = vae.dtype == torch.float16 and vae.config.get("force_upcast", False)
    if needs_more:  # SDXL's overflows in float16, and its pipeline decodes in float32 as well
        vae.to(torch.float32)
    try:
        encoded = vae.encode(pixels.to(vae.dtype))
    finally:
        if needs_more:
            vae.to(torch.float16)
    mode = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latent
    return mode.float()


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


def _twice(pipeline: Any) -> int:
    return 2 * int(pipeline.vae_scale_factor)


_UNBINNED = (("use_resolution_binning", False),)  # it would make other sizes and then crop

# what the latents of most image pipelines have in common
_image = partial(Family, latent_shape=_plain, multiple=_image_multiple)
_packed = partial(
    Family,
    latent_shape=_two_by_two,
    pack=_pack_two_by_two,
    multiple=_twice,
    makes_sigmas=True,
)

FAMILIES: tuple[Family, ...] = (
    Family(
        ("DDIMPipeline", "DDPMPipeline"),
        latent_shape=_of_unet,
        draw_dtype=lambda pipeline: pipeline.unet.dtype,
        guidance=None,
        run=_denoise,
        encode=lambda pipeline, pixels: pixels,
        scales_noise=True,
    ),
    _image(("StableDiffusionPipeline",), encode=_scaled, scales_noise=True),
    _image(("StableDiffusionXLPipeline",), encode=_standardised_where_known, scales_noise=True),
    _image(("StableDiffusion3Pipeline",), encode=_shifted_and_scaled),
    _image(("PixArtSigmaPipeline",), fixed=_UNBINNED, encode=_scaled, scales_noise=True),
    _image(
        ("SanaPipeline",),
        multiple=lambda pipeline: max(32, _image_multiple(pipeline)),
        draw_dtype=lambda pipeline: torch.float32,
        fixed=_UNBINNED,
        encode=_scaled,
    ),
    _packed(("FluxPipeline",), encode=_shifted_and_scaled),
    _packed(("QwenImagePipeline",), guidance="true_cfg_scale", encode=_one_frame_standardised),
    _image(
        ("Flux2Pipeline", "Flux2KleinPipeline"),
        latent_shape=_patched,
        multiple=_twice,
        encode=_patched_and_normalised,
        makes_sigmas=True,
    ),
)
