"""Score how well an image fits a text, or looks like another image: the objective ``clip``."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import numpy as np
import torch
import transformers
from jaxtyping import Float32
from PIL import Image

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.pictures import read_picture, to_pil
from latent_spaces_by_example.objectives.base import Metric
from latent_spaces_by_example.parameters import written

_DEFAULT_MODEL = "openai/clip-vit-base-patch32"


@dataclass(frozen=True, kw_only=True)
class Clip:
    """Score how near an image is to a text, or to another image, as CLIP sees them.

    score = 100 cos(E(x), t): the cosine between the embedding of the output, and that of the
    prompt or the image. With both, the score is the mean of the two cosines.

    Args:
        prompt: what the image should show.
        image: the file of an image that it should be like.
        model: a CLIP of transformers: a folder that ``save_pretrained`` wrote, or a hub id.
        device: such as "cuda" or "cpu"; empty for a GPU if there is one.

    Beside the score stand ``text_similarity`` and ``image_similarity``, each from -100 to 100 and
    only if its target was given.

    Raises:
        ArgumentError: no prompt and no image, a prompt that CLIP would cut off, or a model or a
            file that cannot be found.
        MissingPackageError: transformers is not installed.

    Sources:
        Radford et al. 2021, arXiv 2103.00020; Hessel et al. 2021, arXiv 2104.08718.
    """

    name: ClassVar[str] = "clip"

    prompt: str = ""
    image: str = ""
    model: str = _DEFAULT_MODEL
    device: str = ""
    _loaded: Any = field(init=False, repr=False, compare=False, default=None)
    _targets: Any = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        """Load the model, and embed what the images are compared with."""
        if not self.prompt and not self.image:
            raise ArgumentError("clip needs a prompt or an image: clip:a red sports car")
        loaded = _load(self.model, device=self.device)
        object.__setattr__(self, "_loaded", loaded)
        targets = {}
        if self.prompt:
            targets["text_similarity"] = loaded.text(self.prompt)
        if self.image:
            targets["image_similarity"] = loaded.images(
                [to_pil(read_picture(self.image, name=f"image={self.image!r}"))]
            )[0]
        object.__setattr__(self, "_targets", targets)

    @property
    def spec(self) -> str:
        """Return the string that ``objectives.load`` makes this objective from again."""
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.init}
        return written(self.name, {key: quote(v, safe=" /:") or None for key, v in given.items()})

    def __call__(self, outputs: Any) -> list[dict[str, Metric]]:
        """Score n images: PIL images, or arrays of shape (height, width, 1, 3 or 4 channels).

        Arrays hold floating point in [0, 1], uint8 or uint16; see ``generators.pictures``.

        Raises:
            ArgumentError: an output is no image.
        """
        if len(outputs) == 0:
            return []
        pictures = [to_pil(read_picture(x, name="an output for clip")) for x in outputs]
        metrics: list[dict[str, Metric]] = []
        for embedding in self._loaded.images(pictures):
            each = {name: 100.0 * float(embedding @ t) for name, t in self._targets.items()}
            metrics.append({"score": sum(each.values()) / len(each), **each})
        return metrics


@dataclass(frozen=True)
class _Loaded:
    """Hold a CLIP with its processor and device."""

    model: Any
    processor: Any
    device: str

    def text(self, prompt: str) -> Float32[np.ndarray, " D"]:
        tokenizer = self.processor.tokenizer
        limit = self.model.config.text_config.max_position_embeddings
        count = len(tokenizer(prompt, truncation=False, verbose=False).input_ids)
        if count > limit:
            raise ArgumentError(
                f"the prompt of clip is too long: {count} tokens, and CLIP reads at most {limit}, "
                f"so that its end would be ignored ({prompt[:40]!r}...): shorten it"
            )
        tokens = tokenizer([prompt], return_tensors="pt").to(self.device)
        with torch.no_grad():
            return _unit(self.model.get_text_features(**tokens))[0]

    def images(self, images: list[Image.Image]) -> Float32[np.ndarray, "n D"]:
        pixels = self.processor.image_processor(images=images, return_tensors="pt")
        with torch.no_grad():
            return _unit(self.model.get_image_features(pixels["pixel_values"].to(self.device)))


def _unit(features: Any) -> np.ndarray:
    embedding = features if isinstance(features, torch.Tensor) else features.pooler_output
    unit = torch.nn.functional.normalize(embedding.float(), dim=-1)
    array: np.ndarray = unit.cpu().numpy()
    return array


def _load(model: str, *, device: str) -> _Loaded:
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ArgumentError(f"device={device!r}, but torch finds no CUDA device: leave it out")
    place = device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        # a pickled .bin file could run code of its author's
        loaded = transformers.CLIPModel.from_pretrained(model, use_safetensors=True)
        processor = transformers.CLIPProcessor.from_pretrained(model)
    except (OSError, ValueError) as error:
        if Path(os.fspath(model)).is_dir():
            raise ArgumentError(f"the CLIP in {model!r} cannot be loaded: {error}") from error
        raise ArgumentError(
            f"model={model!r} is no folder here, and as a hub id it cannot be reached. Check the "
            f"id and the network. Without a network: where there is one, run `hf download {model} "
            "--local-dir DIR`, bring DIR here and give model=DIR"
        ) from error
    return _Loaded(loaded.eval().to(place), processor, place)
