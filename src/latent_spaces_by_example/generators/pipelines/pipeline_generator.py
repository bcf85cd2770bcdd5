"""The part that generators of every diffusers pipeline share: drawing and saving outputs."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from latent_spaces_by_example.generators.pipelines.outputs import (
    picture_of,
    rates_of,
    save_output,
)


class PipelineGenerator(ABC):
    """A diffusers pipeline as a generator; made by ``generators.diffusers``.

    Attributes:
        pipeline: the pipeline itself.
        latent_shape: the shape of one latent.
        name: what a study records: the pipeline, and every argument that its outputs depend on.
        suffix: the ending of the files that ``save`` writes.
        batch_size: how many latents the pipeline is called with at once.
        output_kind: "image", "video" or "audio".
    """

    pipeline: Any
    latent_shape: tuple[int, ...]
    name: str
    suffix: str
    batch_size: int
    output_kind: str
    _arguments: dict[str, Any]

    @abstractmethod
    def generate(self, z: Any) -> Any:
        """Generate the outputs of latents z, shape (n, *latent_shape).

        Returns:
            float32: images (n, height, width, channels) and videos (n, frames, height, width,
            channels) in [0, 1], sounds (n, channels, samples).

        Raises:
            ArgumentError: z has another shape, or values that a latent cannot have.
            GeneratorError: out of memory, values that are not finite, or an image that the
                pipeline's safety checker made black.
        """

    @abstractmethod
    def latent_from_random_seed(self, random_seed: int) -> np.ndarray:
        """Return the latent that the pipeline itself draws with a CPU generator of this seed."""

    def render(self, output: npt.ArrayLike) -> Image.Image | None:
        """Draw one output: the image, three frames of the video, or the waveform of the sound."""
        return picture_of(output, kind=self.output_kind)

    def save(self, output: npt.ArrayLike, path: str | os.PathLike[str]) -> None:
        """Write one output: an image as .png, a video as .mp4 or .gif, a sound as .wav; or .npy.

        Raises:
            ArgumentError: the path ends in something else.
            MissingPackageError: a .mp4 is asked for, and imageio-ffmpeg is not installed.
        """
        rates = rates_of(self.pipeline, self._arguments)
        save_output(output, path, kind=self.output_kind, **rates)
