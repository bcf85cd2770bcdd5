"""Real scans through pipelines whose network is trained; see benchmarks/results/inversion.md."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")
pytest.importorskip("onnxruntime")
pytest.importorskip("sklearn")

from latent_spaces_by_example import generators
from latent_spaces_by_example.errors import ArgumentError, GeneratorError
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


def test_more_steps_bring_the_latent_nearer_to_what_the_model_draws():
    image = image_of_levels(load().example(NAMES[0]))
    norms = [
        generators.diffusers(digits_ddim(), steps=steps).inversion(image).relative_norm
        for steps in (5, 10, 20)
    ]
    assert norms[0] > norms[1] > norms[2] > 0.8
    assert norms[2] < 1.6


def test_one_iteration_a_step_is_what_the_correction_mends():
    image = image_of_levels(load().example(NAMES[0]))
    errors = []
    for iterations in (1, 2, 8):
        generator = generators.diffusers(
            digits_ddim(), steps=10, inversion_iterations=iterations, inversion_error=0.01
        )
        errors.append(generator.inversion(image).rms_error)
        if iterations == 1:
            with pytest.raises(GeneratorError, match="did not converge"):
                generator.invert([image])
    assert errors[0] > 1.1 * errors[1] > 10 * errors[2]


def test_with_clipping_it_is_refused_and_without_it_works():
    pipeline = digits_ddim()
    kind, config = type(pipeline.scheduler), pipeline.scheduler.config
    pipeline.scheduler = kind.from_config(config, clip_sample=True)
    image = image_of_levels(load().example(NAMES[0]))
    with pytest.raises(ArgumentError, match="clip_sample"):
        generators.diffusers(pipeline, steps=10).inversion(image)
    pipeline.scheduler = kind.from_config(config, clip_sample=False)
    assert generators.diffusers(pipeline, steps=10).inversion(image).rms_error < 1e-3
