"""Tokenizers and VAEs of a few thousand random weights, beside those of the example's dry run."""

from __future__ import annotations

from typing import Any

import transformers
from diffusers import AutoencoderKL
from tokenizers.pre_tokenizers import ByteLevel


def qwen_tokenizer() -> Any:
    """A Qwen tokenizer that reads byte by byte, with a short chat template."""
    pieces = [*sorted(ByteLevel.alphabet()), "<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = transformers.Qwen2Tokenizer(
        vocab={piece: i for i, piece in enumerate(pieces)}, merges=[], model_max_length=4096
    )
    tokenizer.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }} {{ m['content'] }}<|im_end|>"
        "{% endfor %}<|im_start|>assistant"
    )
    return tokenizer


def gemma_tokenizer() -> Any:
    """A Gemma tokenizer that reads letter by letter."""
    pieces = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁"]
    pieces += [chr(code) for code in range(33, 127)]
    pieces += [f"<0x{code:02X}>" for code in range(256)]
    return transformers.GemmaTokenizer(
        vocab={piece: i for i, piece in enumerate(pieces)}, merges=[], model_max_length=512
    )


def autoencoder(*, channels: int = 4, quantised: bool = True) -> Any:
    """A VAE that halves height and width."""
    return AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=4,
        sample_size=32,
        use_quant_conv=quantised,
        use_post_quant_conv=quantised,
        shift_factor=0.0,
    ).eval()
