"""Images of a few grey levels as unbounded numbers, each one exactly Gaussian on its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

SIDE = 8
NUM_PIXELS = SIDE * SIDE
NUM_LEVELS = 17
# No border is so far out, and no number this far out is ever drawn.
_FAR = 8.0


@dataclass(frozen=True)
class LevelRepresentation:
    """Grey levels 0..16 of each pixel <-> a number that is standard Gaussian over real images.

    Level p of pixel j, with a uniform u that says where within the level, becomes
    y = Phi^-1(F_j(p) + u (F_j(p + 1) - F_j(p))), F_j the cumulative frequency of the pixel's
    levels (uniform dequantisation, Theis et al. 2016, arXiv 1511.01844, section 3.1; then the
    probability integral transform). A pixel that is blank in every image becomes pure noise, so
    latents have as many Gaussian dimensions as pixels, and outputs are whole levels, as the
    scans are.

    Attributes:
        borders: Phi^-1(F_j(p)) for p = 1..16, between one level and the next, shape (64, 16),
            rows increasing strictly.
    """

    borders: Float64[np.ndarray, "64 16"]

    def encode(
        self, levels: Int64[np.ndarray, "n 64"], *, within: Float64[np.ndarray, "n 64"]
    ) -> Float64[np.ndarray, "n 64"]:
        """Return the numbers y of levels, at places ``within`` each level in (0, 1)."""
        # imported here, as it takes longer than the whole of loading and generating
        from scipy.special import ndtr, ndtri

        cumulative = np.zeros((NUM_PIXELS, NUM_LEVELS + 1))
        cumulative[:, 1:-1] = ndtr(self.borders)
        cumulative[:, -1] = 1.0
        pixel = np.arange(NUM_PIXELS)
        low, high = cumulative[pixel, levels], cumulative[pixel, levels + 1]
        return np.asarray(np.clip(ndtri(low + within * (high - low)), -_FAR, _FAR))

    def decode(self, y: Float64[np.ndarray, "n 64"]) -> Int64[np.ndarray, "n 64"]:
        """Return the levels of numbers y: how many borders each has reached."""
        return np.asarray((self.borders <= y[:, :, None]).sum(axis=2), dtype=np.int64)
