"""Tiny pipelines that make images; ``tiny.pipelines`` writes them to disk."""

from __future__ import annotations

from typing import Any

import diffusers
import transformers

import tiny_models as shared
from tiny import models
from tiny_models import HIDDEN


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


def ddim() -> Any:
    """DDIM of an unconditional UNet."""
    return _unconditional(diffusers.DDIMScheduler(), diffusers.DDIMPipeline)


def ddpm() -> Any:
    """DDPM of an unconditional UNet."""
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


def stable_diffusion() -> Any:
    """Stable Diffusion 1.5."""
    tokenizer = shared.clip_tokenizer()
    return diffusers.StableDiffusionPipeline(
        vae=models.autoencoder(),
        text_encoder=shared.clip_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=_text_unet(cross_attention_dim=HIDDEN),
        scheduler=diffusers.PNDMScheduler(skip_prk_steps=True, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def stable_diffusion_xl() -> Any:
    """Stable Diffusion XL."""
    tokenizer = shared.clip_tokenizer()
    return diffusers.StableDiffusionXLPipeline(
        vae=models.autoencoder(),
        text_encoder=shared.clip_text_encoder(tokenizer),
        text_encoder_2=shared.clip_text_encoder(tokenizer, projected=True),
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


def flux() -> Any:
    """FLUX.1."""
    return shared.flux(models.autoencoder(quantised=False), channels=4)


def stable_diffusion_3() -> Any:
    """Stable Diffusion 3."""
    clip, t5 = shared.clip_tokenizer(), shared.t5_tokenizer()
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
        vae=models.autoencoder(quantised=False),
        text_encoder=shared.clip_text_encoder(clip, projected=True),
        tokenizer=clip,
        text_encoder_2=shared.clip_text_encoder(clip, projected=True),
        tokenizer_2=clip,
        # as wide as both CLIP encoders together
        text_encoder_3=shared.t5_encoder(t5, width=2 * HIDDEN),
        tokenizer_3=t5,
    )


def pixart_sigma() -> Any:
    """PixArt-Sigma."""
    tokenizer = shared.t5_tokenizer()
    return diffusers.PixArtSigmaPipeline(
        tokenizer=tokenizer,
        text_encoder=shared.t5_encoder(tokenizer),
        vae=models.autoencoder(),
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


def sana() -> Any:
    """Sana."""
    tokenizer = models.gemma_tokenizer()
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


def flux2() -> Any:
    """FLUX.2 klein."""
    tokenizer = models.qwen_tokenizer()
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


def qwen_image() -> Any:
    """Qwen-Image."""
    tokenizer = models.qwen_tokenizer()
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
