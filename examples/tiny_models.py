"""Build a FLUX and a CLIP of a few thousand random weights, from configs: no download.

All but their size is as in the real ones: how they take latents, schedules and prompts. What the
FLUX makes looks like noise.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from tokenizers.pre_tokenizers import ByteLevel

HIDDEN = 16
_CLIP_LENGTH = 77
_LONGEST = 512


def clip_tokenizer() -> Any:
    """Return a CLIP tokenizer that reads byte by byte."""
    letters = sorted(ByteLevel.alphabet())
    pieces = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{c}</w>" for c in letters)]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    return transformers.CLIPTokenizer(
        vocab=vocabulary, merges=[], model_max_length=_CLIP_LENGTH, pad_token="<|endoftext|>"
    )


def t5_tokenizer() -> Any:
    """Return a T5 tokenizer that reads letter by letter."""
    specials = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    letters = [(chr(code), -3.0) for code in range(33, 127)]
    return transformers.T5Tokenizer(
        vocab=specials + letters, extra_ids=0, model_max_length=_LONGEST
    )


def clip_text_encoder(tokenizer: Any, *, projected: bool = False) -> Any:
    """Return a CLIP text encoder of two layers, with a projection if ``projected``."""
    kind = transformers.CLIPTextModelWithProjection if projected else transformers.CLIPTextModel
    return kind(_clip_text_config(tokenizer)).eval()


def _clip_text_config(tokenizer: Any) -> Any:
    return transformers.CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN,
        projection_dim=HIDDEN,
        intermediate_size=2 * HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=_CLIP_LENGTH,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def t5_encoder(tokenizer: Any, *, multilingual: bool = False, width: int = HIDDEN) -> Any:
    """Return a T5 encoder of one layer, or a UMT5 encoder if ``multilingual``."""
    config, model = (
        (transformers.UMT5Config, transformers.UMT5EncoderModel)
        if multilingual
        else (transformers.T5Config, transformers.T5EncoderModel)
    )
    return model(
        config(
            vocab_size=len(tokenizer),
            d_model=width,
            d_kv=HIDDEN // 2,
            d_ff=2 * HIDDEN,
            num_layers=1,
            num_heads=2,
        )
    ).eval()


def clip_model() -> tuple[Any, Any]:
    """Return a CLIP for images of 32 x 32 pixels, and its processor."""
    tokenizer = clip_tokenizer()
    vision = transformers.CLIPVisionConfig(
        hidden_size=HIDDEN,
        projection_dim=HIDDEN,
        intermediate_size=2 * HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
    )
    text = _clip_text_config(tokenizer)
    config = transformers.CLIPConfig(
        text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=HIDDEN
    )
    images = transformers.CLIPImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    processor = transformers.CLIPProcessor(image_processor=images, tokenizer=tokenizer)
    return transformers.CLIPModel(config).eval(), processor


def flux(vae: Any, *, channels: int) -> Any:
    """Return a FLUX.1 pipeline around a VAE whose latents have this many channels."""
    clip, t5 = clip_tokenizer(), t5_tokenizer()
    return diffusers.FluxPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=clip_text_encoder(clip),
        tokenizer=clip,
        text_encoder_2=t5_encoder(t5),
        tokenizer_2=t5,
        transformer=diffusers.FluxTransformer2DModel(
            in_channels=4 * channels,  # of 2 x 2 patches
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=HIDDEN,
            pooled_projection_dim=HIDDEN,
            axes_dims_rope=(4, 4, 8),
        ).eval(),
    )


def flux_with_full_latents() -> Any:
    """Return a FLUX.1 with latents of its real shape: (16, height / 8, width / 8)."""
    vae = diffusers.AutoencoderKL(
        block_out_channels=(4, 4, 4, 4),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=16,
        norm_num_groups=2,
        use_quant_conv=False,
        use_post_quant_conv=False,
        shift_factor=0.0,
        mid_block_add_attention=False,
    )
    return flux(vae.eval(), channels=16)


def save(make: Callable[[], Any], folder: str | os.PathLike[str], *, random_seed: int = 0) -> Path:
    """Write what ``make`` builds, its weights drawn from a random seed; return the folder."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(random_seed)
        made = make()
    for part in made if isinstance(made, tuple) else (made,):
        part.save_pretrained(folder)
    return Path(folder)
