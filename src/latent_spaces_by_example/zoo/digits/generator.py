"""Latents -> handwritten digits and back, by a flow model that was trained on real scans."""

from __future__ import annotations

import json
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64, Int64
from PIL import Image

from latent_spaces_by_example.arguments import real_array
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.base import checked_latents
from latent_spaces_by_example.zoo.digits.levels import (
    NUM_LEVELS,
    NUM_PIXELS,
    SIDE,
    LevelRepresentation,
)
from latent_spaces_by_example.zoo.embedded import (
    OnnxVelocity,
    Velocity,
    flow_backward,
    flow_forward,
)

_FOLDER = Path(__file__).parent
_PICTURE_SIDE = 256
# How far from the ends of a level an inverted pixel is put, so that float32 stays inside it.
_WITHIN = 1e-3


class DigitsGenerator:
    """Handwritten digits from standard Gaussian latents, z -> x.

    x = decode(flow(z)): a flow-matching model (Lipman et al. 2023, arXiv 2210.02747, equation
    23) carries z to one number for each pixel, which its grey level is read from. Its latents
    are independent standard Gaussians of shape (8, 8).

    An output is a float64 array of shape (8, 8) holding whole numbers from 0 (paper) to 16
    (ink), as ``sklearn.datasets.load_digits().images`` does.

    >>> from latent_spaces_by_example.generators import load
    >>> generator = load("digits")
    >>> z = np.random.default_rng(0).standard_normal((2, *generator.latent_shape))
    >>> digits = generator.generate(z)
    >>> digits.shape
    (2, 8, 8)
    >>> bool((generator.generate(generator.invert(digits)) == digits).all())
    True
    """

    name = "digits"
    suffix = ".png"
    default_objective = "digit-margin"
    num_candidates = 256
    latent_shape: tuple[int, ...] = (SIDE, SIDE)

    def __init__(
        self, velocity: Velocity, *, representation: LevelRepresentation, steps: int
    ) -> None:
        """Put a generator together from its parts; ``load`` does so for the trained one.

        Args:
            velocity: v(x, t) in the representation's coordinates, (n, 64) -> (n, 64).
            representation: grey levels <-> vectors of 64 numbers.
            steps: number of steps of Heun's method, at least 1.
        """
        self.representation = representation
        self._velocity = velocity
        self._steps = steps

    def generate(self, z: npt.ArrayLike) -> Float64[np.ndarray, "n 8 8"]:
        """Make one digit from each latent.

        The same latents give the same digits. The network runs in float32, so a pixel that lies
        within about 1e-6 of the border between two levels may fall on either side of it in
        batches of other sizes.

        Args:
            z: latents, floating point, shape (n, 8, 8); any finite values, drawn from N(0, 1).

        Raises:
            ArgumentError: wrong shape, not floating point, or not finite.
        """
        latents = checked_latents(z, latent_shape=self.latent_shape)
        flat = latents.reshape(-1, NUM_PIXELS).astype(np.float64)
        y = flow_forward(self._velocity, flat, steps=self._steps)
        return self.representation.decode(y).reshape(-1, SIDE, SIDE).astype(np.float64)

    def invert(self, outputs: Iterable[npt.ArrayLike]) -> Float64[np.ndarray, "n 8 8"]:
        """Return latents that ``generate`` makes exactly these digits from.

        Whole levels leave open where within its level a pixel lies, so many latents make the
        same digit. A typical one is chosen at random, by random numbers that depend on the
        digit alone: the same digit has the same latent, whatever else is inverted with it.

        Args:
            outputs: n digits, each of shape (8, 8), whole numbers from 0 to 16.

        Raises:
            ArgumentError: wrong shape, or values that are not whole numbers from 0 to 16.
        """
        rows = [_checked_levels(output).ravel() for output in outputs]
        levels = np.stack(rows) if rows else np.empty((0, NUM_PIXELS), dtype=np.int64)
        within = np.array([_dither(row) for row in levels]).reshape(-1, NUM_PIXELS)
        y = self.representation.encode(levels, within=within)
        z = flow_backward(self._velocity, y, steps=self._steps)
        return z.reshape(-1, SIDE, SIDE)

    def example(self, name: str) -> Float64[np.ndarray, "8 8"]:
        """Return a real digit by class and index: ``"3:17"`` is the 3 at index 17 among the 3s.

        Index 0 is the first in scikit-learn's order. One in ten was held out of training; the
        card says how to list them.

        Raises:
            ArgumentError: no such class, or no such index.
            MissingPackageError: scikit-learn is not installed.
        """
        from latent_spaces_by_example.zoo.digits.scans import find_scan

        return find_scan(name)

    def features(self, outputs: Iterable[npt.ArrayLike]) -> Float64[np.ndarray, "n 64"]:
        """Return the ink of each pixel of n digits, 0 to 1, shape (n, 64)."""
        return np.stack([_checked_levels(x).ravel() / (NUM_LEVELS - 1) for x in outputs])

    def render(self, output: npt.ArrayLike) -> Image.Image:
        """Draw one digit, 256 x 256 pixels, ink black on white.

        Raises:
            ArgumentError: not an array of shape (8, 8) of whole numbers from 0 to 16.
        """
        size = (_PICTURE_SIDE, _PICTURE_SIDE)
        return _picture(output).resize(size, Image.Resampling.NEAREST)

    def save(self, output: npt.ArrayLike, path: str | PathLike[str]) -> None:
        """Write one digit as a grey ``.png`` of 8 x 8 pixels, white paper and black ink.

        Raises:
            ArgumentError: not an array of shape (8, 8) of whole numbers from 0 to 16.
        """
        _picture(output).save(path)


def _dither(levels: Int64[np.ndarray, " 64"]) -> Float64[np.ndarray, " 64"]:
    rng = np.random.default_rng(crc32(levels.astype(np.uint8).tobytes()))
    return rng.uniform(_WITHIN, 1.0 - _WITHIN, size=levels.shape)


def _checked_levels(output: npt.ArrayLike) -> Int64[np.ndarray, "8 8"]:
    image = real_array(output, name="an output", shape=(SIDE, SIDE))
    if not np.isin(image, np.arange(NUM_LEVELS)).all():
        raise ArgumentError(
            f"an output has values that are not whole numbers from 0 to {NUM_LEVELS - 1}; "
            "scale it to that range (0 is paper, 16 is ink) and round it"
        )
    return image.astype(np.int64)


def _picture(output: npt.ArrayLike) -> Image.Image:
    ink = _checked_levels(output) / (NUM_LEVELS - 1)
    return Image.fromarray(np.rint(255.0 * (1.0 - ink)).astype(np.uint8))


def load() -> DigitsGenerator:
    """Load the trained model that comes with this package.

    >>> load().latent_shape
    (8, 8)
    """
    settings = json.loads((_FOLDER / "training.json").read_text(encoding="utf-8"))
    borders = np.load(_FOLDER / "borders.npy").astype(np.float64)
    return DigitsGenerator(
        OnnxVelocity(_FOLDER / "velocity.onnx"),
        representation=LevelRepresentation(borders),
        steps=int(settings["steps_of_heun"]),
    )
