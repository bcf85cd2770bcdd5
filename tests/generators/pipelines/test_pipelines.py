"""Every pipeline of the table, tiny and of random weights, makes what it makes without us."""

import numpy as np
import pytest
import torch

from generators.pipelines.cases import CASES, IMAGE, PROMPT, latents, made_without_us
from latent_spaces_by_example import generators
from latent_spaces_by_example.errors import ArgumentError, GeneratorError
from latent_spaces_by_example.validity import check_determinism

BATCH_TOLERANCE = 1e-4  # of values in [0, 1]; float32 sums in another order


@pytest.mark.parametrize("name", CASES)
def test_a_pipeline_is_a_function_of_its_latent(name, built, tmp_path, capfd):
    asked, fixed, latent_shape, output_shape = CASES[name]
    generator = generators.diffusers(built(name), device="cpu", **asked)
    assert generator.latent_shape == latent_shape
    z = latents(generator)
    assert z.dtype == np.float32
    outputs = generator.generate(z)
    assert capfd.readouterr().err == ""  # no progress bar
    assert outputs.shape == (2, *output_shape)
    assert outputs.dtype == np.float32
    assert np.abs(outputs[0] - outputs[1]).max() > 1e-5
    # a random seed is the pipeline's own; an output does not depend on its neighbours
    theirs = made_without_us(built(name), 1, **asked, **fixed)
    np.testing.assert_array_equal(outputs[1], theirs)
    np.testing.assert_array_equal(generator.generate(z[1:]), outputs[1:])
    together = generators.diffusers(built(name), device="cpu", batch_size=2, **asked)
    np.testing.assert_allclose(together.generate(z), outputs, atol=BATCH_TOLERANCE)
    with pytest.raises(ArgumentError, match=", ".join(map(str, latent_shape))):
        generator.generate(np.zeros((2, *latent_shape, 1), dtype=np.float32))
    assert np.ptp(np.asarray(generator.render(outputs[0]))) > 0
    path = tmp_path / f"best{generator.suffix}"
    generator.save(outputs[0], path)
    assert path.stat().st_size > 0


def test_in_bfloat16_too_a_random_seed_gives_the_pipelines_own(tiny):
    name = "stable-diffusion"
    asked = CASES[name][0]
    generator = generators.diffusers(tiny(name), device="cpu", torch_dtype=torch.bfloat16, **asked)
    theirs = made_without_us(generator.pipeline, 7, **asked)
    z = generator.latent_from_random_seed(7)
    assert z.dtype == np.float32
    np.testing.assert_array_equal(generator.generate(z[None])[0], theirs)
    assert "dtype=bfloat16" in generator.name


def test_batches_in_bfloat16_pass_for_deterministic(tiny):
    """They may change an output by 0.004, four times what float32 would be allowed."""
    generator = generators.diffusers(
        tiny("stable-diffusion"), device="cpu", dtype="bfloat16", batch_size=4, **IMAGE
    )
    assert check_determinism(generator, latents(generator, 4)).deterministic
    assert generator.batch_tolerance == 0.2
    assert generators.diffusers(tiny("ddim"), device="cpu").batch_tolerance == 1e-3


def test_a_sketch_takes_a_quarter_of_the_steps_and_changes_no_output(built):
    generator = generators.diffusers(built("ddim"), steps=8, device="cpu")
    z = latents(generator)
    outputs = generator.generate(z)
    in_two_steps = generators.diffusers(built("ddim"), steps=2, device="cpu").generate(z)
    np.testing.assert_array_equal(generator.sketch(z), in_two_steps)
    np.testing.assert_array_equal(generator.generate(z), outputs)
    assert generators.diffusers(built("ddim"), steps=4, device="cpu").sketch(z) is None


def test_torch_tensors_are_taken_and_left_as_they_were(built):
    generator = generators.diffusers(built("ddim"), steps=1, device="cpu")
    z = torch.from_numpy(latents(generator))
    before = z.clone()
    np.testing.assert_array_equal(generator.generate(z), generator.generate(z.numpy()))
    assert torch.equal(z, before)


def test_embeddings_in_place_of_a_prompt(built):
    asked = {"height": 32, "width": 48, "steps": 1, "device": "cpu"}
    spoken = generators.diffusers(built("flux"), prompt=PROMPT, **asked)
    embeds, pooled, _ = spoken.pipeline.encode_prompt(prompt=PROMPT, prompt_2=None)
    embedded = generators.diffusers(
        built("flux"), prompt_embeds=embeds, pooled_prompt_embeds=pooled, batch_size=2, **asked
    )
    z = latents(spoken)
    np.testing.assert_allclose(embedded.generate(z), spoken.generate(z), atol=BATCH_TOLERANCE)


def test_a_second_prompt_is_repeated_for_each_latent_too(built):
    asked = {"height": 32, "width": 48, "steps": 1, "prompt": PROMPT, "prompt_2": "a house"}
    one, two = (generators.diffusers(built("flux"), batch_size=n, **asked) for n in (1, 2))
    z = latents(one)
    np.testing.assert_allclose(two.generate(z), one.generate(z), atol=BATCH_TOLERANCE)


def test_a_picture_that_the_safety_checker_blackens_is_an_error(built):
    pipeline = built("stable-diffusion")
    generator = generators.diffusers(pipeline, device="cpu", batch_size=2, **IMAGE)
    pipeline.run_safety_checker = lambda image, device, dtype: (image * 0, [False, True])
    with pytest.raises(GeneratorError, match=r"safety checker made 1 of 2 .*image 2"):
        generator.generate(latents(generator))


@pytest.mark.parametrize("name", ["stable-diffusion", "stable-diffusion-xl", "flux"])
def test_a_seed_is_the_noise_that_comfyui_and_the_webui_draw(name, built):
    """The formula of both: torch.randn of the latent's shape, on the CPU, after manual_seed."""
    generator = generators.diffusers(built(name), device="cpu", **CASES[name][0])
    for seed in (0, 1234567, 2**64 - 1):
        torch.manual_seed(seed)
        theirs = torch.randn((1, *generator.latent_shape), dtype=torch.float32, device="cpu")
        np.testing.assert_array_equal(generator.latent_from_random_seed(seed), theirs[0].numpy())
