"""Real scans through pipelines whose network is trained; see benchmarks/results/inversion.md."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")
pytest.importorskip("onnxruntime")
pytest.importorskip("sklearn")

from latent_spaces_by_example import generators
from latent_spaces_by_example.zoo.digits import load
from tiny.trained_digits import digits_ddim, digits_flux, image_of_levels, levels_of_image

# of diffusers and transformers about each other, not of ours
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

NAMES = ("3:17", "8:5")


def large(image):
    """As the FLUX of digits makes them: twice as high and wide, in three colours."""
    return image.repeat(2, axis=0).repeat(2, axis=1).repeat(3, axis=2)


@pytest.mark.parametrize("kind", ["ddim", "flux"])
def test_real_scans_come_back(kind):
    if kind == "ddim":
        generator = generators.diffusers(digits_ddim(), steps=10)
    else:
        size = {"height": 16, "width": 16}
        generator = generators.diffusers(digits_flux(), steps=10, prompt="a digit", **size)
    for name in NAMES:
        levels = load().example(name)
        image = image_of_levels(levels)
        found = generator.inversion(image if kind == "ddim" else large(image))
        assert found.unconverged == ()
        assert found.rms_error < 1e-3
        again = generator.generate(found.latent[None])[0]
        shown = levels_of_image(again if kind == "ddim" else again[::2, ::2])
        # a pixel on the border between two levels may fall on either side
        assert np.mean(shown != levels) < 0.02
