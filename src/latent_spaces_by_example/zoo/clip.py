"""Score how well an image fits a text, or looks like another image: the objective ``clip``."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar
from urllib.parse import quote

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.pictures import read_picture
from latent_spaces_by_example.generators.vision import CLIP, VisionFeatures
from latent_spaces_by_example.objectives.base import Metric
from latent_spaces_by_example.parameters import written


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
    model: str = CLIP
    device: str = ""
    _vision: Any = field(init=False, repr=False, compare=False, default=None)
    _targets: Any = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        """Load the model, and embed what the images are compared with."""
        if not self.prompt and not self.image:
            raise ArgumentError("clip needs a prompt or an image: clip:a red sports car")
        vision = VisionFeatures(self.model, device=self.device)
        object.__setattr__(self, "_vision", vision)
        targets = {}
        if self.prompt:
            targets["text_similarity"] = vision.of_text(self.prompt)
        if self.image:
            picture = read_picture(self.image, name=f"image={self.image!r}")
            targets["image_similarity"] = vision([picture])[0]
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
        pictures = [read_picture(x, name="an output for clip") for x in outputs]
        metrics: list[dict[str, Metric]] = []
        for embedding in self._vision(pictures):
            each = {name: 100.0 * float(embedding @ t) for name, t in self._targets.items()}
            metrics.append({"score": sum(each.values()) / len(each), **each})
        return metrics
