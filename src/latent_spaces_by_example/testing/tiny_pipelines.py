"""Diffusers pipelines of a few thousand random weights, for tests and dry runs: no download.

Each is built from configs, so everything about it but its size is as in the real one: how it
takes latents, schedules, prompts. What it makes looks like noise.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.testing import tiny_models as tiny
from latent_spaces_by_example.testing.tiny_models import HIDDEN


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
        model, processor = tiny.clip_model()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return Path(folder)


def _unconditional(scheduler: Any, pipeline: Any) -> Any:
    unet = diffusers.UNet2DModel(
        sample_size=16,
        in_channels=3,
        out_channels=3,
        block_out_channels=(8, 8),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=4,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    )
    return pipeline(unet=unet.eval(), scheduler=scheduler)


def _ddim() -> Any:
    return _unconditional(diffusers.DDIMScheduler(), diffusers.DDIMPipeline)


def _ddpm() -> Any:
    return _unconditional(diffusers.DDPMScheduler(), diffusers.DDPMPipeline)


def _text_unet(**others: Any) -> Any:
    return diffusers.UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        **others,
    ).eval()


def _stable_diffusion() -> Any:
    tokenizer = tiny.clip_tokenizer()
    return diffusers.StableDiffusionPipeline(
        vae=tiny.autoencoder(),
        text_encoder=tiny.clip_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=_text_unet(cross_attention_dim=HIDDEN),
        scheduler=diffusers.PNDMScheduler(skip_prk_steps=True, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _stable_diffusion_xl() -> Any:
    tokenizer = tiny.clip_tokenizer()
    return diffusers.StableDiffusionXLPipeline(
        vae=tiny.autoencoder(),
        text_encoder=tiny.clip_text_encoder(tokenizer),
        text_encoder_2=tiny.clip_text_encoder(tokenizer, projected=True),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=_text_unet(
            cross_attention_dim=2 * HIDDEN,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + HIDDEN,
        ),
        scheduler=diffusers.EulerDiscreteScheduler(timestep_spacing="leading", steps_offset=1),
        add_watermarker=False,
    )


def _flux() -> Any:
    clip, t5 = tiny.clip_tokenizer(), tiny.t5_tokenizer()
    return diffusers.FluxPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=tiny.autoencoder(quantised=False),
        text_encoder=tiny.clip_text_encoder(clip),
        tokenizer=clip,
        text_encoder_2=tiny.t5_encoder(t5),
        tokenizer_2=t5,
        transformer=diffusers.FluxTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=HIDDEN,
            pooled_projection_dim=HIDDEN,
            axes_dims_rope=(4, 4, 8),
        ).eval(),
    )


def _stable_diffusion_3() -> Any:
    clip, t5 = tiny.clip_tokenizer(), tiny.t5_tokenizer()
    return diffusers.StableDiffusion3Pipeline(
        transformer=diffusers.SD3Transformer2DModel(
            sample_size=16,
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=4,
            caption_projection_dim=32,
            joint_attention_dim=2 * HIDDEN,
            pooled_projection_dim=2 * HIDDEN,
        ).eval(),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=tiny.autoencoder(quantised=False),
        text_encoder=tiny.clip_text_encoder(clip, projected=True),
        tokenizer=clip,
        text_encoder_2=tiny.clip_text_encoder(clip, projected=True),
        tokenizer_2=clip,
        text_encoder_3=_padded_t5(t5),
        tokenizer_3=t5,
    )


def _padded_t5(tokenizer: Any) -> Any:
    """A T5 encoder as wide as both CLIP encoders together, as SD3 needs it."""
    return transformers.T5EncoderModel(
        transformers.T5Config(
            vocab_size=len(tokenizer),
            d_model=2 * HIDDEN,
            d_kv=8,
            d_ff=32,
            num_layers=1,
            num_heads=2,
        )
    ).eval()


def _pixart_sigma() -> Any:
    tokenizer = tiny.t5_tokenizer()
    return diffusers.PixArtSigmaPipeline(
        tokenizer=tokenizer,
        text_encoder=tiny.t5_encoder(tokenizer),
        vae=tiny.autoencoder(),
        transformer=diffusers.PixArtTransformer2DModel(
            num_attention_heads=2,
            attention_head_dim=8,
            num_layers=1,
            cross_attention_dim=HIDDEN,
            caption_channels=HIDDEN,
            sample_size=16,
            use_additional_conditions=False,
        ).eval(),
        scheduler=diffusers.DPMSolverMultistepScheduler(),
    )


def _sana() -> Any:
    tokenizer = tiny.gemma_tokenizer()
    gemma = transformers.Gemma2Config(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN,
        intermediate_size=2 * HIDDEN,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=8,
    )
    return diffusers.SanaPipeline(
        tokenizer=tokenizer,
        text_encoder=transformers.Gemma2Model(gemma).eval(),
        vae=diffusers.AutoencoderDC(
            latent_channels=4,
            encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8),
            encoder_layers_per_block=(1, 1),
            decoder_layers_per_block=(1, 1),
            encoder_qkv_multiscales=((), ()),
            decoder_qkv_multiscales=((), ()),
        ).eval(),
        transformer=diffusers.SanaTransformer2DModel(
            in_channels=4,
            out_channels=4,
            num_attention_heads=2,
            attention_head_dim=8,
            num_layers=1,
            num_cross_attention_heads=2,
            cross_attention_head_dim=8,
            cross_attention_dim=16,
            caption_channels=HIDDEN,
            sample_size=32,
        ).eval(),
        scheduler=diffusers.DPMSolverMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True
        ),
    )


def _flux2() -> Any:
    tokenizer = tiny.qwen_tokenizer()
    qwen = transformers.Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=27,  # the pipeline reads what layers 9, 18 and 27 say
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=4,
    )
    return diffusers.Flux2KleinPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=diffusers.AutoencoderKLFlux2(
            block_out_channels=(8, 8),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=4,
        ).eval(),
        text_encoder=transformers.Qwen3ForCausalLM(qwen).eval(),
        tokenizer=tokenizer,
        transformer=diffusers.Flux2Transformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=24,
            axes_dims_rope=(4, 4, 4, 4),
            guidance_embeds=False,
        ).eval(),
        is_distilled=True,
    )


def _qwen_image() -> Any:
    tokenizer = tiny.qwen_tokenizer()
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": HIDDEN,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2]},
        "bos_token_id": None,
        "eos_token_id": None,
    }
    vision = {
        "depth": 1,
        "hidden_size": HIDDEN,
        "intermediate_size": HIDDEN,
        "num_heads": 2,
        "out_hidden_size": HIDDEN,
    }
    qwen = transformers.Qwen2_5_VLConfig(text_config=text, vision_config=vision)
    return diffusers.QwenImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=diffusers.AutoencoderKLQwenImage(
            base_dim=8,
            z_dim=4,
            dim_mult=[1, 1],
            num_res_blocks=1,
            temperal_downsample=[False],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ).eval(),
        text_encoder=transformers.Qwen2_5_VLForConditionalGeneration(qwen).eval(),
        tokenizer=tokenizer,
        transformer=diffusers.QwenImageTransformer2DModel(
            in_channels=16,
            out_channels=4,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=HIDDEN,
            axes_dims_rope=(4, 4, 8),
        ).eval(),
    )


def _wan() -> Any:
    tokenizer = tiny.t5_tokenizer()
    return diffusers.WanPipeline(
        tokenizer=tokenizer,
        text_encoder=tiny.t5_encoder(tokenizer, multilingual=True),
        vae=diffusers.AutoencoderKLWan(
            base_dim=4,
            z_dim=4,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ).eval(),
        scheduler=diffusers.UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True
        ),
        transformer=diffusers.WanTransformer3DModel(
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=4,
            out_channels=4,
            text_dim=HIDDEN,
            freq_dim=16,
            ffn_dim=32,
            num_layers=1,
            rope_max_seq_len=32,
        ).eval(),
    )


def _ltx() -> Any:
    tokenizer = tiny.t5_tokenizer()
    return diffusers.LTXPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=diffusers.AutoencoderKLLTXVideo(
            latent_channels=8,
            block_out_channels=(8, 8, 8, 8),
            decoder_block_out_channels=(8, 8, 8, 8),
            layers_per_block=(1, 1, 1, 1, 1),
            decoder_layers_per_block=(1, 1, 1, 1, 1),
            timestep_conditioning=True,
        ).eval(),
        text_encoder=tiny.t5_encoder(tokenizer),
        tokenizer=tokenizer,
        transformer=diffusers.LTXVideoTransformer3DModel(
            in_channels=8,
            out_channels=8,
            num_attention_heads=2,
            attention_head_dim=8,
            cross_attention_dim=16,
            num_layers=1,
            caption_channels=HIDDEN,
        ).eval(),
    )


def _stable_audio() -> Any:
    tokenizer = tiny.t5_tokenizer()
    return diffusers.StableAudioPipeline(
        vae=diffusers.AutoencoderOobleck(
            encoder_hidden_size=4,
            downsampling_ratios=[2, 4],
            channel_multiples=[1, 2],
            decoder_channels=4,
            decoder_input_channels=8,
            sampling_rate=64,
        ).eval(),
        text_encoder=tiny.t5_encoder(tokenizer),
        projection_model=diffusers.StableAudioProjectionModel(
            text_encoder_dim=HIDDEN, conditioning_dim=HIDDEN, min_value=0, max_value=32
        ).eval(),
        tokenizer=tokenizer,
        transformer=diffusers.StableAudioDiTModel(
            sample_size=32,
            in_channels=8,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            num_key_value_attention_heads=1,
            out_channels=8,
            cross_attention_dim=HIDDEN,
            time_proj_dim=8,
            global_states_input_dim=2 * HIDDEN,
            cross_attention_input_dim=HIDDEN,
        ).eval(),
        scheduler=diffusers.EDMDPMSolverMultistepScheduler(),
    )


TINY_PIPELINES: dict[str, Callable[[], Any]] = {
    "ddim": _ddim,
    "ddpm": _ddpm,
    "stable-diffusion": _stable_diffusion,
    "stable-diffusion-xl": _stable_diffusion_xl,
    "flux": _flux,
    "stable-diffusion-3": _stable_diffusion_3,
    "pixart-sigma": _pixart_sigma,
    "sana": _sana,
    "flux2": _flux2,
    "qwen-image": _qwen_image,
    "wan": _wan,
    "ltx": _ltx,
    "stable-audio": _stable_audio,
}
