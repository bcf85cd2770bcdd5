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

    Example:
        >>> VisionFeatures("facebook/dinov2-small").name
        'transformers:facebook/dinov2-small'
    """

    def __init__(self, model: str = CLIP) -> None:
        """Name the model; nothing is loaded yet."""
        if not model:
            raise ArgumentError(f"features={PREFIX!r} names no model; expected a folder or hub id")
        self._model = model

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

    def _embedded(self, pictures: list[Any]) -> Float32[np.ndarray, "n D"]:
        import torch

        model, processor = self._loaded
        pixels = processor(images=[x.convert("RGB") for x in pictures], return_tensors="pt")
        with torch.no_grad():
            given = {"pixel_values": pixels["pixel_values"].to(model.device)}
            see = getattr(model, "get_image_features", model)
            embedding = see(**given)
        if not isinstance(embedding, torch.Tensor):
            pooled = getattr(embedding, "pooler_output", None)
            embedding = embedding.last_hidden_state.mean(dim=1) if pooled is None else pooled
        flat = torch.nn.functional.normalize(embedding.float().flatten(1), dim=-1)
        values: Float32[np.ndarray, "n D"] = flat.cpu().numpy()
        return values

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        with missing_packages_named(f"features={self.name!r}", extra="diffusers"):
            import torch
            import transformers
        try:
            # a pickled .bin file could run code of its author's
            model = transformers.AutoModel.from_pretrained(self._model, use_safetensors=True)
            processor = transformers.AutoImageProcessor.from_pretrained(self._model)
        except (OSError, ValueError) as error:
            where = "in this folder" if Path(self._model).is_dir() else "here, and on the hub"
            raise ArgumentError(
                f"features={self.name!r}: no vision model of transformers can be loaded {where}: "
                f"{error}"
            ) from error
        return model.eval().to("cuda" if torch.cuda.is_available() else "cpu"), processor
