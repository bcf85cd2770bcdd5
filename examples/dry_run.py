"""Stand in for FLUX and CLIP in a dry run of ``image_optimisation.py``: no model, no download."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import numpy as np
from jaxtyping import Float

from latent_spaces_by_example import generators, objectives
from latent_spaces_by_example.errors import ArgumentError

_PACKAGES = ("torch", "diffusers", "transformers", "PIL")
_CHANNELS, _FACTOR, _MULTIPLE = 16, 8, 16


def flux_and_clip(
    *, prompt: str, score_prompt: str, size: int, **options: Any
) -> tuple[Any, Any, str]:
    """Return a generator of images of size x size and an objective, of random weights.

    With PyTorch, diffusers and transformers installed: a FLUX and a CLIP of a few thousand weights
    but FLUX.1's own latents, written to a temporary folder and loaded through the same functions
    that load the real ones. Without: NumPy functions of the same shapes.

    Args:
        prompt: for the generator.
        score_prompt: for the objective.
        size: pixels along a side, a multiple of 16.
        **options: further arguments of ``generators.diffusers``.

    Returns:
        The generator, the objective, and what they are, in words.

    Raises:
        ArgumentError: a wrong argument, in the words of the real run where that is possible.

    >>> generator, _, _ = flux_and_clip(prompt="a car", score_prompt="red", size=64, steps=1)
    >>> generator.latent_shape
    (16, 8, 8)
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        return (
            StandInGenerator(size),
            redness,
            f"functions of FLUX's shapes, without its code: {', '.join(missing)} not installed",
        )
    import tiny_models

    with TemporaryDirectory(ignore_cleanup_errors=True) as home:
        flux = tiny_models.save(tiny_models.flux_with_full_latents, Path(home) / "flux")
        clip = tiny_models.save(tiny_models.clip_model, Path(home) / "clip")
        generator = generators.diffusers(flux, prompt=prompt, height=size, width=size, **options)
        named = {"prompt": score_prompt, "model": str(clip), "device": options.get("device")}
        given = ",".join(f"{key}={quote(text)}" for key, text in named.items() if text)
        objective = objectives.load(f"clip:{given}")
    return generator, objective, "a FLUX and a CLIP of random weights"


class StandInGenerator:
    """FLUX.1's shapes in NumPy: latents (16, h / 8, w / 8) -> images (h, w, 3) in [0, 1].

    Args:
        size: height and width in pixels, a multiple of 16.
    """

    suffix = ".png"

    def __init__(self, size: int) -> None:
        if size < _MULTIPLE or size % _MULTIPLE:
            raise ArgumentError(f"size={size}; expected a multiple of {_MULTIPLE} pixels")
        self.latent_shape = (_CHANNELS, size // _FACTOR, size // _FACTOR)

    def generate(self, z: Float[np.ndarray, "n c h w"]) -> Float[np.ndarray, "n H W 3"]:
        """Make each pixel by a logistic function of one number of the latent."""
        colours = np.moveaxis(1.0 / (1.0 + np.exp(-z[:, :3])), 1, -1)
        return colours.repeat(_FACTOR, axis=1).repeat(_FACTOR, axis=2).astype(np.float32)

    def render(self, output: Float[np.ndarray, "H W 3"]) -> Any:
        """Return the image as a PIL image."""
        from PIL import Image

        return Image.fromarray((output * 255.0).round().astype(np.uint8))

    def save(self, output: Float[np.ndarray, "H W 3"], path: Any) -> None:
        """Write the image as .png."""
        self.render(output).save(path)


def redness(images: Float[np.ndarray, "n H W 3"]) -> list[float]:
    """Return how red images are: red less the mean of green and blue, in [-1, 1]."""
    red, green, blue = np.moveaxis(images.mean(axis=(1, 2)), -1, 0)
    return (red - 0.5 * (green + blue)).tolist()
