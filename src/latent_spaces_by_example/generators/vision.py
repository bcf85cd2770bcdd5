"""Features of pictures as a vision model of transformers sees them, CLIP's among them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.pictures import read_picture, to_pil
from latent_spaces_by_example.plugins import missing_packages_named

CLIP = "openai/clip-vit-base-patch32"
PREFIX = "transformers:"
_AT_ONCE = 16


class VisionFeatures:
    """Make features of pictures: the unit embedding of a vision model, loaded when first used.

    Args:
        model: a folder that ``save_pretrained`` wrote, or a hub id: of CLIP, SigLIP, DINOv2, ViT
            and others that ``transformers.AutoModel`` loads. Only safetensors files are read.
        device: such as "cuda" or "cpu"; empty for a GPU if there is one.

    Example:
        >>> VisionFeatures("facebook/dinov2-small").name
        'transformers:facebook/dinov2-small'
    """

    def __init__(self, model: str = CLIP, *, device: str = "") -> None:
        """Name the model; nothing is loaded yet."""
        if not model:
            raise ArgumentError(f"features={PREFIX!r} names no model; expected a folder or hub id")
        self._model = model
        self._device = device

    @property
    def name(self) -> str:
        """Return what ``features=`` may say in place of this object."""
        return PREFIX + self._model

    def __call__(self, outputs: Sequence[Any]) -> Float32[np.ndarray, "n D"]:
        """Return the embeddings of n pictures, each of unit norm.

        Args:
            outputs: PIL images, or arrays of shape (height, width) or (height, width, channels);
                see ``generators.pictures``.

        Raises:
            ArgumentError: an output is no picture, or the model cannot be loaded or sees no
                pictures.
            MissingPackageError: transformers or torch is not installed.
        """
        pictures = [to_pil(read_picture(x, name="an output for features")) for x in outputs]
        batches = range(0, len(pictures), _AT_ONCE)
        return np.concatenate([self._embedded(pictures[k : k + _AT_ONCE]) for k in batches])

    def of_text(self, text: str) -> Float32[np.ndarray, " D"]:
        """Return the embedding of a text, of unit norm; for CLIP and its like.

        Raises:
            ArgumentError: the model reads no text, or would cut this one off.
        """
        model, _ = self.loaded
        import torch
        import transformers

        if not hasattr(model, "get_text_features"):
            raise ArgumentError(f"model={self._model!r} reads no text; give a CLIP")
        tokenizer = transformers.AutoTokenizer.from_pretrained(self._model)
        limit = model.config.text_config.max_position_embeddings
        count = len(tokenizer(text, truncation=False, verbose=False).input_ids)
        if count > limit:
            raise ArgumentError(
                f"the prompt of clip is too long: {count} tokens, and CLIP reads at most {limit}, "
                f"so that its end would be ignored ({text[:40]!r}...): shorten it"
            )
        with torch.no_grad():
            tokens = tokenizer([text], return_tensors="pt").to(model.device)
            return _unit(model.get_text_features(**tokens))[0]

    def _embedded(self, pictures: list[Any]) -> Float32[np.ndarray, "n D"]:
        import torch

        model, processor = self.loaded
        pixels = processor(images=[x.convert("RGB") for x in pictures], return_tensors="pt")
        with torch.no_grad():
            given = {"pixel_values": pixels["pixel_values"].to(model.device)}
            see = getattr(model, "get_image_features", model)
            return _unit(see(**given))

    @cached_property
    def loaded(self) -> tuple[Any, Any]:
        """The model and the processor of its pictures."""
        with missing_packages_named("a vision model", extra="diffusers"):
            import torch
            import transformers
        if self._device.startswith("cuda") and not torch.cuda.is_available():
            raise ArgumentError(
                f"device={self._device!r}, but torch finds no CUDA device: leave it out"
            )
        try:
            # a pickled .bin file could run code of its author's
            model = transformers.AutoModel.from_pretrained(self._model, use_safetensors=True)
            processor = transformers.AutoImageProcessor.from_pretrained(self._model)
        except (OSError, ValueError) as error:
            where, advice = "in this folder", ""
            if not Path(self._model).is_dir():
                where = "here, and on the hub"
                advice = (
                    ". Check the id and the network. Without a network: where there is one, run "
                    f"`hf download {self._model} --local-dir DIR`, bring DIR here and give DIR"
                )
            raise ArgumentError(
                f"model={self._model!r}: no vision model of transformers can be loaded {where}: "
                f"{error}{advice}"
            ) from error
        place = self._device or ("cuda" if torch.cuda.is_available() else "cpu")
        return model.eval().to(place), processor


def _unit(features: Any) -> Float32[np.ndarray, "n D"]:
    import torch

    if not isinstance(features, torch.Tensor):
        pooled = getattr(features, "pooler_output", None)
        features = features.last_hidden_state.mean(dim=1) if pooled is None else pooled
    flat = torch.nn.functional.normalize(features.float().flatten(1), dim=-1)
    values: Float32[np.ndarray, "n D"] = flat.cpu().numpy()
    return values
