"""Tiny pipelines of classes that have no row in the table, from the parts of other ones."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import diffusers
import numpy as np
from PIL import Image

from tiny import images
from tiny_models import HIDDEN

PICTURE, MASK, CONTROL = (
    Image.fromarray((np.random.default_rng(seed).random((32, 32, 3)) * 255).astype(np.uint8))
    for seed in range(3)
)
SIZE = {"height": 32, "width": 32}
TEXT = {"prompt": "a red car", "steps": 2}
SIZED = TEXT | SIZE
FROM_IMAGE = TEXT | {"steps": 3, "image": PICTURE, "strength": 0.7}
FROM_MASKED = FROM_IMAGE | {"mask_image": MASK}


def _unit(pipeline: Any) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Derived:
    """A class, the tiny pipeline that its parts come from, and what it is called with.

    Attributes:
        base: name in ``TINY_PIPELINES``.
        call: arguments of ``generators.diffusers``.
        parts: the parts that the base lacks, or has otherwise.
    """

    base: str
    call: Mapping[str, Any]
    parts: Callable[[Any], Mapping[str, Any]] = field(default=_unit)


def build(name: str, base: Any) -> Any:
    """Build a pipeline of the class ``name`` of ``DERIVED`` from the parts of ``base``."""
    kind = getattr(diffusers, name)
    parts = {**base.components, **DERIVED[name].parts(base)}
    taken = inspect.signature(kind.__init__).parameters
    parts |= {"requires_safety_checker": False, "add_watermarker": False}
    return kind(**{key: part for key, part in parts.items() if key in taken})


def _controlled(pipeline: Any) -> dict[str, Any]:
    channels = (8, 16)  # halves height and width once, as the VAE does
    net = diffusers.ControlNetModel.from_unet(
        pipeline.unet, conditioning_embedding_out_channels=channels
    )
    return {"controlnet": net.eval()}


def _eight_channels(pipeline: Any) -> dict[str, Any]:
    return {"unet": images._text_unet(in_channels=8, cross_attention_dim=HIDDEN)}


def _depth(pipeline: Any) -> dict[str, Any]:
    scheduler = diffusers.DDIMScheduler(prediction_type="v_prediction")
    kind = {"prediction_type": "depth", "scale_invariant": True, "shift_invariant": True}
    return _eight_channels(pipeline) | {"scheduler": scheduler} | kind


def _consistent(pipeline: Any) -> dict[str, Any]:
    unet = images._text_unet(cross_attention_dim=HIDDEN, time_cond_proj_dim=8)
    return {"unet": unet, "scheduler": diffusers.LCMScheduler()}


def _in_motion(pipeline: Any) -> dict[str, Any]:
    adapter = diffusers.MotionAdapter(
        block_out_channels=(8, 16),
        motion_layers_per_block=1,
        motion_mid_block_layers_per_block=1,
        motion_norm_num_groups=4,
        motion_num_attention_heads=2,
    )
    scheduler = diffusers.DDIMScheduler(beta_schedule="linear", clip_sample=False)
    return {"motion_adapter": adapter.eval(), "scheduler": scheduler}


def _class_labels(pipeline: Any) -> dict[str, Any]:
    transformer = diffusers.DiTTransformer2DModel(
        sample_size=4,
        num_layers=1,
        patch_size=2,
        attention_head_dim=4,
        num_attention_heads=2,
        in_channels=4,
        out_channels=4,
        norm_type="ada_norm_zero",
        num_embeds_ada_norm=1000,
    )
    return {"transformer": transformer.eval(), "scheduler": diffusers.DDIMScheduler()}


def _quantised(pipeline: Any) -> dict[str, Any]:
    codes = diffusers.VQModel(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=3,
        norm_num_groups=4,
    )
    return {"vqvae": codes.eval()}


_SD, _XL = "stable-diffusion", "stable-diffusion-xl"
_MOVING = {"frames": 2, **SIZED}
DERIVED: dict[str, Derived] = {
    "WanPipeline": Derived("wan", SIZED | {"frames": 5}),
    "LTXPipeline": Derived("ltx", SIZED | {"frames": 9}),
    "StableAudioPipeline": Derived("stable-audio", TEXT | {"seconds": 2.0}),
    "StableDiffusionImg2ImgPipeline": Derived(_SD, FROM_IMAGE),
    "StableDiffusionInpaintPipeline": Derived(_SD, FROM_MASKED | SIZE),
    "StableDiffusionControlNetPipeline": Derived(_SD, TEXT | {"image": CONTROL}, _controlled),
    "StableDiffusionControlNetImg2ImgPipeline": Derived(
        _SD, FROM_IMAGE | {"control_image": CONTROL}, _controlled
    ),
    "StableDiffusionControlNetInpaintPipeline": Derived(
        _SD, FROM_MASKED | SIZE | {"control_image": CONTROL}, _controlled
    ),
    "StableDiffusionInstructPix2PixPipeline": Derived(
        _SD, TEXT | {"image": PICTURE}, _eight_channels
    ),
    "LatentConsistencyModelPipeline": Derived(_SD, SIZED, _consistent),
    "LatentConsistencyModelImg2ImgPipeline": Derived(_SD, FROM_IMAGE, _consistent),
    "AnimateDiffPipeline": Derived(_SD, _MOVING, _in_motion),
    "AnimateDiffVideoToVideoPipeline": Derived(
        _SD, SIZED | {"steps": 3, "video": [PICTURE, CONTROL], "strength": 0.7}, _in_motion
    ),
    "MarigoldDepthPipeline": Derived(
        _SD, {"image": PICTURE, "steps": 2, "processing_resolution": 0}, _depth
    ),
    "StableDiffusionXLImg2ImgPipeline": Derived(_XL, FROM_IMAGE),
    "StableDiffusionXLInpaintPipeline": Derived(_XL, FROM_MASKED | SIZE),
    "StableDiffusionXLControlNetPipeline": Derived(_XL, TEXT | {"image": CONTROL}, _controlled),
    "StableDiffusion3Img2ImgPipeline": Derived("stable-diffusion-3", FROM_IMAGE | SIZE),
    "FluxImg2ImgPipeline": Derived("flux", FROM_IMAGE | SIZE),
    "FluxInpaintPipeline": Derived("flux", FROM_MASKED | SIZE),
    "FluxKontextPipeline": Derived(
        "flux", SIZED | {"image": PICTURE, "max_area": 32 * 32, "_auto_resize": False}
    ),
    "FluxKontextInpaintPipeline": Derived(
        "flux", FROM_MASKED | SIZE | {"max_area": 32 * 32, "_auto_resize": False}
    ),
    "QwenImageImg2ImgPipeline": Derived("qwen-image", FROM_IMAGE | SIZE),
    "QwenImageInpaintPipeline": Derived("qwen-image", FROM_MASKED | SIZE),
    "LTXImageToVideoPipeline": Derived("ltx", SIZED | {"image": PICTURE, "frames": 9}),
    "LTXConditionPipeline": Derived("ltx", SIZED | {"image": PICTURE, "frames": 9}),
    "PixArtAlphaPipeline": Derived(
        "pixart-sigma", SIZED | {"use_resolution_binning": False, "clean_caption": False}
    ),
    "DiTPipeline": Derived(
        "stable-diffusion", {"class_labels": [7], "guidance": 1.0, "steps": 2}, _class_labels
    ),
    "LDMPipeline": Derived("ddim", {"steps": 2}, _quantised),
    "ConsistencyModelPipeline": Derived(
        "ddim", {"steps": 2}, lambda p: {"scheduler": diffusers.CMStochasticIterativeScheduler()}
    ),
}
