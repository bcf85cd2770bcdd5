"""A generator that draws, for tests of what is kept of outputs."""

from pathlib import Path

import numpy as np
from PIL import Image

from toys import Stretch


class Drawn(Stretch):
    """x = 2 z, a picture of 8 x 4 pixels times ``scale``, and a file of the numbers."""

    name = "tests.drawn"
    suffix = ".npy"

    def __init__(self, scale=1):
        self.scale = scale

    def render(self, output):
        levels = (np.clip(output * 32 + 128, 0, 255)).astype(np.uint8)
        return Image.fromarray(np.kron(levels, np.ones((self.scale, self.scale), dtype=np.uint8)))

    def save(self, output, path):
        np.save(Path(path), output)
