"""Tiny pipelines that make videos and sounds; ``tiny.pipelines`` writes them to disk."""

from __future__ import annotations

from typing import Any

import diffusers

import tiny_models as shared
from tiny_models import HIDDEN


def wan() -> Any:
    """Wan, text to video."""
    tokenizer = shared.t5_tokenizer()
    return diffusers.WanPipeline(
        tokenizer=tokenizer,
        text_encoder=shared.t5_encoder(tokenizer, multilingual=True),
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


def ltx() -> Any:
    """LTX-Video."""
    tokenizer = shared.t5_tokenizer()
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
        text_encoder=shared.t5_encoder(tokenizer),
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


def stable_audio() -> Any:
    """Stable Audio Open."""
    tokenizer = shared.t5_tokenizer()
    return diffusers.StableAudioPipeline(
        vae=diffusers.AutoencoderOobleck(
            encoder_hidden_size=4,
            downsampling_ratios=[2, 4],
            channel_multiples=[1, 2],
            decoder_channels=4,
            decoder_input_channels=8,
            sampling_rate=64,
        ).eval(),
        text_encoder=shared.t5_encoder(tokenizer),
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
