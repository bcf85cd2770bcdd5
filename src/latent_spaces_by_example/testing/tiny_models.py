"""Text encoders, tokenizers, VAEs and CLIP of a few thousand random weights, built from configs."""

from __future__ import annotations

from typing import Any

import torch
import transformers
from diffusers import AutoencoderKL
from tokenizers.pre_tokenizers import ByteLevel

HIDDEN = 16
_CLIP_LENGTH = 77
_LONGEST = 512


def clip_tokenizer() -> Any:
    """A CLIP tokenizer that reads byte by byte."""
    letters = sorted(ByteLevel.alphabet())
    pieces = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{c}</w>" for c in letters)]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    return transformers.CLIPTokenizer(
        vocab=vocabulary, merges=[], model_max_length=_CLIP_LENGTH, pad_token="<|endoftext|>"
    )


def t5_tokenizer() -> Any:
    """A T5 tokenizer that reads letter by letter."""
    specials = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    letters = [(chr(code), -3.0) for code in range(33, 127)]
    return transformers.T5Tokenizer(
        vocab=specials + letters, extra_ids=0, model_max_length=_LONGEST
    )


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
        vocab={piece: i for i, piece in enumerate(pieces)}, merges=[], model_max_length=_LONGEST
    )


def clip_text_encoder(tokenizer: Any, *, projected: bool = False) -> Any:
    """A CLIP text encoder of one layer; ``projected`` for the kind with a projection."""
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


def t5_encoder(tokenizer: Any, *, multilingual: bool = False) -> Any:
    """A T5 encoder of one layer, or a UMT5 encoder."""
    config, model = (
        (transformers.UMT5Config, transformers.UMT5EncoderModel)
        if multilingual
        else (transformers.T5Config, transformers.T5EncoderModel)
    )
    return model(
        config(
            vocab_size=len(tokenizer),
            d_model=HIDDEN,
            d_kv=HIDDEN // 2,
            d_ff=2 * HIDDEN,
            num_layers=1,
            num_heads=2,
        )
    ).eval()


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


def clip_model() -> tuple[Any, Any]:
    """A CLIP of images of 32 x 32 pixels, and its processor."""
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
    torch.manual_seed(0)
    images = transformers.CLIPImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    processor = transformers.CLIPProcessor(image_processor=images, tokenizer=tokenizer)
    return transformers.CLIPModel(config).eval(), processor
