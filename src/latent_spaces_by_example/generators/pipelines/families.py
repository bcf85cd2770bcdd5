"""What each family of diffusers pipelines wants of a latent: its shape, order, dtype and name.

One row for each family in ``FAMILIES``, found by the class of the pipeline. All of them take noise
of unit variance: those whose scheduler starts elsewhere multiply it by ``init_noise_sigma``
themselves. Read from the sources of diffusers 0.42.1, ``prepare_latents`` of each pipeline.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from latent_spaces_by_example.errors import ArgumentError

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Size:
    """How large an output is; None where the pipeline's own default holds, or it has no such size.

    Attributes:
        height: pixels.
        width: pixels.
        frames: of a video.
        seconds: of a sound.
    """

    height: int | None = None
    width: int | None = None
    frames: int | None = None
    seconds: float | int | None = None


@dataclass(frozen=True)
class Family:
    """How pipelines of one kind take their latents.

    Attributes:
        pipelines: names of the classes.
        output: "image", "video" or "audio".
        multiple: what height and width must be multiples of, in pixels.
        latent_shape: the shape of one latent, as the pipeline draws it, before any packing.
        pack: latents of shape (n, *latent_shape) to what ``latents=`` expects.
        draw_dtype: the dtype that the pipeline draws its own latents in.
        guidance: what the pipeline calls the guidance scale; None if it has none.
        fixed: arguments that keep the sizes what they were asked to be.
        run: called with the pipeline, latents and arguments in place of the pipeline; for those
            that have no ``latents=``.
    """

    pipelines: tuple[str, ...]
    output: str
    latent_shape: Callable[[Any, Size], Shape]
    multiple: Callable[[Any], int] = lambda pipeline: 1
    pack: Callable[[Any, torch.Tensor], torch.Tensor] = lambda pipeline, z: z
    draw_dtype: Callable[[Any], torch.dtype] = lambda pipeline: embedding_dtype(pipeline)
    guidance: str | None = "guidance_scale"
    fixed: tuple[tuple[str, Any], ...] = ()
    run: Callable[..., Any] | None = None

    @property
    def sizes(self) -> tuple[str, ...]:
        """Which sizes an output has."""
        return {
            "image": ("height", "width"),
            "video": ("height", "width", "frames"),
            "audio": ("seconds",),
        }[self.output]


def embedding_dtype(pipeline: Any) -> torch.dtype:
    """The dtype of prompt embeddings: the first text encoder's, else the denoiser's."""
    first = getattr(pipeline, "text_encoder", None)
    dtype: torch.dtype = (denoiser(pipeline) if first is None else first).dtype
    return dtype


def denoiser(pipeline: Any) -> Any:
    """The network that is run at every step."""
    unet = getattr(pipeline, "unet", None)
    return getattr(pipeline, "transformer", None) if unet is None else unet


def family_of(pipeline: Any) -> Family:
    """The row for a pipeline, by its class or the nearest class that it inherits from.

    Raises:
        ArgumentError: there is none.
    """
    by_name = {name: family for family in FAMILIES for name in family.pipelines}
    for kind in type(pipeline).__mro__:
        if kind.__name__ in by_name:
            return by_name[kind.__name__]
    raise ArgumentError(
        f"{type(pipeline).__name__} is not among the pipelines whose latents are known: "
        f"{', '.join(sorted(by_name))}. Write an adapter: an object with latent_shape and "
        "generate(z) that calls pipeline(latents=...) is a generator (see docs/generators.md); or "
        "record its random draws with generators.noise_tape"
    )


def default_size(pipeline: Any, family: Family) -> Size:
    """The sizes that the pipeline has when none are asked for."""
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


def checked_size(pipeline: Any, family: Family, asked: Size) -> Size:
    """The sizes asked for, with the pipeline's defaults for the others.

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


# ---------------------------------------------------------------------- shapes and packing


def temporal_ratio(pipeline: Any) -> int:
    """Frames of a video for each frame of its latent."""
    for name in ("vae_scale_factor_temporal", "vae_temporal_compression_ratio"):
        if hasattr(pipeline, name):
            return int(getattr(pipeline, name))
    return 1


def _pixels_per_latent(pipeline: Any) -> int:
    for name in ("vae_scale_factor", "vae_scale_factor_spatial", "vae_spatial_compression_ratio"):
        if hasattr(pipeline, name):
            return int(getattr(pipeline, name))
    raise ArgumentError(f"{type(pipeline).__name__} does not say how its VAE scales; give a VAE")


def _plain(pipeline: Any, size: Size) -> Shape:
    """(channels, height / f, width / f), f of the VAE."""
    ratio = _pixels_per_latent(pipeline)
    channels = denoiser(pipeline).config.in_channels
    return (channels, (size.height or 0) // ratio, (size.width or 0) // ratio)


def _two_by_two(pipeline: Any, size: Size) -> Shape:
    """As drawn before 2 x 2 patches become channels: a quarter of the denoiser's channels."""
    channels, height, width = _plain(pipeline, size)
    return (channels // 4, height, width)


def _patched(pipeline: Any, size: Size) -> Shape:
    """As drawn after 2 x 2 patches became channels."""
    channels, height, width = _plain(pipeline, size)
    return (channels, height // 2, width // 2)


def _in_time(pipeline: Any, size: Size) -> Shape:
    """(channels, (frames - 1) / t + 1, height / f, width / f), t and f of the VAE."""
    channels, height, width = _plain(pipeline, size)
    return (channels, ((size.frames or 1) - 1) // temporal_ratio(pipeline) + 1, height, width)


def _pack_two_by_two(pipeline: Any, z: torch.Tensor) -> torch.Tensor:
    return pipeline._pack_latents(z, *z.shape)  # its own, so that the order is never a copy's


def _pack_in_time(pipeline: Any, z: torch.Tensor) -> torch.Tensor:
    patch = pipeline.transformer_spatial_patch_size, pipeline.transformer_temporal_patch_size
    return pipeline._pack_latents(z, *patch)


def _wan_multiple(pipeline: Any) -> int:
    patch = pipeline.transformer or pipeline.transformer_2
    ratio = pipeline.vae_scale_factor_spatial * patch.config.patch_size[1]
    return max(16, int(ratio))  # the pipeline itself refuses others, whatever its VAE


def _ltx_multiple(pipeline: Any) -> int:
    # the pipeline itself refuses what is no multiple of 32, whatever its VAE
    ratio = pipeline.vae_spatial_compression_ratio * pipeline.transformer_spatial_patch_size
    return max(32, int(ratio))


def _image_multiple(pipeline: Any) -> int:
    patch = getattr(denoiser(pipeline).config, "patch_size", None) or 1
    pixels = _pixels_per_latent(pipeline) * patch
    return max(8, pixels)  # pipelines refuse other sizes, whatever their VAE


def _of_unet(pipeline: Any, size: Size) -> Shape:
    return (pipeline.unet.config.in_channels, size.height or 0, size.width or 0)


def _of_sound(pipeline: Any, size: Size) -> Shape:
    config = pipeline.transformer.config
    return (config.in_channels, config.sample_size)


def _denoise(pipeline: Any, latents: torch.Tensor, **arguments: Any) -> torch.Tensor:
    """What an unconditional pipeline does after it has drawn: it takes no ``latents=``."""
    steps = arguments.pop("num_inference_steps", None)
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
    pipeline.scheduler.set_timesteps(50 if steps is None else steps)
    x = latents * pipeline.scheduler.init_noise_sigma
    for t in pipeline.scheduler.timesteps:
        seen = pipeline.scheduler.scale_model_input(x, t)
        x = pipeline.scheduler.step(pipeline.unet(seen, t).sample, t, x, **arguments).prev_sample
    return (x / 2 + 0.5).clamp(0, 1).float().cpu().permute(0, 2, 3, 1)


def _float32(pipeline: Any) -> torch.dtype:
    return torch.float32


_PACKED: dict[str, Any] = {"latent_shape": _two_by_two, "pack": _pack_two_by_two}
_UNBINNED = (("use_resolution_binning", False),)  # it would make other sizes and then crop

FAMILIES: tuple[Family, ...] = (
    Family(
        ("DDIMPipeline", "DDPMPipeline"),
        "image",
        _of_unet,
        draw_dtype=lambda pipeline: pipeline.unet.dtype,
        guidance=None,
        run=_denoise,
    ),
    Family(
        ("StableDiffusionPipeline", "StableDiffusionXLPipeline", "StableDiffusion3Pipeline"),
        "image",
        _plain,
        multiple=_image_multiple,
    ),
    Family(("PixArtSigmaPipeline",), "image", _plain, multiple=_image_multiple, fixed=_UNBINNED),
    Family(
        ("SanaPipeline",),
        "image",
        _plain,
        # the pipeline itself refuses what is no multiple of 32, whatever its VAE
        multiple=lambda pipeline: max(32, _image_multiple(pipeline)),
        draw_dtype=_float32,
        fixed=_UNBINNED,
    ),
    Family(
        ("FluxPipeline",),
        "image",
        multiple=lambda pipeline: 2 * _pixels_per_latent(pipeline),
        **_PACKED,
    ),
    Family(
        ("QwenImagePipeline",),
        "image",
        multiple=lambda pipeline: 2 * _pixels_per_latent(pipeline),
        guidance="true_cfg_scale",
        **_PACKED,
    ),
    Family(
        ("Flux2Pipeline", "Flux2KleinPipeline"),
        "image",
        _patched,
        multiple=lambda pipeline: 2 * _pixels_per_latent(pipeline),
    ),
    Family(("WanPipeline",), "video", _in_time, multiple=_wan_multiple, draw_dtype=_float32),
    Family(
        ("LTXPipeline",),
        "video",
        _in_time,
        multiple=_ltx_multiple,
        pack=_pack_in_time,
        draw_dtype=_float32,
    ),
    Family(("StableAudioPipeline",), "audio", _of_sound),
)
