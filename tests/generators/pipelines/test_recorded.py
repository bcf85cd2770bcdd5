"""Pipelines of classes without an entry in the table: every draw that they make is the latent."""

import numpy as np
import pytest
import torch

from generators.pipelines.cases import CASES, PROMPT, latents, made_without_us
from latent_spaces_by_example import generators
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.pipelines.families import family_of
from latent_spaces_by_example.validity import check_determinism
from tiny import derived
from tiny.derived import DERIVED, FROM_IMAGE, PICTURE

# a control net of random weights, whose last layers are zero, has no effect
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture
def made(built):
    def pipeline(name):
        torch.manual_seed(0)
        return derived.build(name, built(DERIVED[name].base))

    return pipeline


@pytest.mark.parametrize("name", DERIVED)
def test_a_random_seed_gives_the_pipelines_own_output(name, made, capfd):
    pipeline = made(name)
    assert family_of(pipeline) is None
    call = DERIVED[name].call
    generator = generators.diffusers(pipeline, device="cpu", **call)
    z = generator.latent_from_random_seed(1)
    assert z.shape == generator.latent_shape
    outputs = generator.generate(z[None])
    assert capfd.readouterr().err == ""  # no progress bar
    assert outputs.dtype == np.float32
    np.testing.assert_array_equal(outputs[0], made_without_us(pipeline, 1, **call))
    assert not np.array_equal(outputs[0], generator.tape.recorded_output)
    assert generator.render(outputs[0]) is not None


def test_it_is_a_generator_like_any_other(made, tmp_path):
    pipeline = made("StableDiffusionImg2ImgPipeline")
    pipeline.unet.train()
    generator = generators.diffusers(pipeline, device="cpu", batch_size=2, **FROM_IMAGE)
    assert not pipeline.unet.training
    z = latents(generator)
    report = check_determinism(generator, z)
    assert report.deterministic
    assert report.share_changed > 0.0
    output = generator.generate(z)[0]
    path = tmp_path / f"best{generator.suffix}"
    generator.save(output, path)
    np.testing.assert_allclose(np.asarray(generator.render(output)) / 255, output, atol=0.01)
    assert path.suffix == ".png"
    assert path.stat().st_size > 0
    for part in ("StableDiffusionImg2ImgPipeline", "strength=0.7", "image=", "sha256", "steps=3"):
        assert part in generator.name
    assert "draws" in repr(generator)


def test_a_folder_can_be_named(made, tmp_path):
    made("FluxImg2ImgPipeline").save_pretrained(tmp_path / "flux")
    call = {"prompt": PROMPT, "steps": 2, "prompt_2": "a house", "strength": 1.0, "height": 32}
    generator = generators.diffusers(tmp_path / "flux", image=PICTURE, width=32, **call)
    assert "prompt_2=a house" in generator.name
    again = generators.diffusers(tmp_path / "flux", image=PICTURE, width=32, **call)
    assert again.name == generator.name
    z = generator.latent_from_random_seed(5)[None]
    np.testing.assert_array_equal(again.generate(z), generator.generate(z))


def test_the_noise_of_every_step_can_be_part_of_the_latent(built):
    asked = CASES["stable-diffusion"][0] | {"device": "cpu", "scheduler": "DDPMScheduler"}
    generator = generators.diffusers(built("stable-diffusion"), step_noise="latent", **asked)
    assert generator.latent_shape == (3 * 4 * 16 * 24,)  # to begin with, and at both steps
    z = generator.latent_from_random_seed(3)
    theirs = made_without_us(generator.pipeline, 3, **CASES["stable-diffusion"][0])
    np.testing.assert_array_equal(generator.generate(z[None])[0], theirs)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"strenght": 0.3}, "did you mean strength"),
        ({"frames": 3}, "has none"),
        ({"latents": 1}, "latents cannot be given"),
        ({"generator": 1}, "generator cannot be given"),
        ({"step_noise": "fixed"}, "every random number is part of the latent"),
        ({"image": None}, "cannot be called with"),
        ({"prompt": "x " * 100}, "prompt is too long"),
    ],
)
def test_wrong_arguments_are_errors(made, wrong, words):
    with pytest.raises(ArgumentError, match=words):
        generators.diffusers(
            made("StableDiffusionImg2ImgPipeline"), device="cpu", **FROM_IMAGE | wrong
        )


def test_what_a_pipeline_needs_is_named(made):
    with pytest.raises(ArgumentError, match="class_labels missing: DiTPipeline needs"):
        generators.diffusers(made("DiTPipeline"), device="cpu", steps=2)
