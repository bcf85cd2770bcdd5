"""Every supported pipeline, as a tiny one of random weights that was saved and loaded back."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

import diffusers

import latent_spaces_by_example as lsbe
from generators.pipelines.cases import CASES, IMAGE, OURS, PROMPT
from latent_spaces_by_example import generators
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.validity import check_determinism

# of diffusers and transformers about each other, not of ours
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

BATCH_TOLERANCE = 1e-4  # of values in [0, 1]; float32 sums in another order


@pytest.fixture(scope="module", params=CASES)
def case(request, tiny):
    asked, fixed, latent_shape, output_shape = CASES[request.param]
    return SimpleNamespace(
        name=request.param,
        folder=tiny(request.param),
        asked=asked,
        called={OURS.get(key, key): value for key, value in asked.items()} | fixed,
        latent_shape=latent_shape,
        output_shape=output_shape,
        generator=generators.diffusers(tiny(request.param), device="cpu", **asked),
    )


def latents(generator, n=4):
    return np.stack([generator.latent_from_random_seed(seed) for seed in range(n)])


def test_shapes(case):
    assert case.generator.latent_shape == case.latent_shape
    outputs = case.generator.generate(latents(case.generator, 2))
    assert outputs.shape == (2, *case.output_shape)
    assert outputs.dtype == np.float32


def test_random_seed_gives_what_the_pipeline_itself_makes(case):
    pipeline = diffusers.DiffusionPipeline.from_pretrained(case.folder)
    pipeline.set_progress_bar_config(disable=True)
    seeded = torch.Generator("cpu").manual_seed(1234567)
    returned = pipeline(generator=seeded, output_type="np", **case.called)[0]
    z = case.generator.latent_from_random_seed(1234567)
    assert z.dtype == np.float32
    ours = case.generator.generate(z[None])
    np.testing.assert_array_equal(ours[0], np.asarray(returned[0]))


def test_same_latent_same_bits_and_another_latent_another_output(case):
    z = latents(case.generator, 2)
    first = case.generator.generate(z)
    np.testing.assert_array_equal(case.generator.generate(z), first)
    np.testing.assert_array_equal(case.generator.generate(z[1:]), first[1:])
    assert np.abs(first[0] - first[1]).max() > 1e-5


def test_a_batch_of_four_is_four_of_one(case):
    together = generators.diffusers(
        case.generator.pipeline, device="cpu", batch_size=4, **case.asked
    )
    z = latents(case.generator, 4)
    difference = together.generate(z) - case.generator.generate(z)
    assert np.abs(difference).max() <= BATCH_TOLERANCE


def test_latents_of_another_shape_are_refused_with_both_shapes(case):
    shape = (2, *case.latent_shape[:-1], case.latent_shape[-1] + 1)
    with pytest.raises(ArgumentError) as caught:
        case.generator.generate(np.zeros(shape, dtype=np.float32))
    assert str(shape) in str(caught.value)
    assert ", ".join(map(str, case.latent_shape)) in str(caught.value)


@pytest.mark.parametrize("name", ["flux", "stable-diffusion", "wan"])
def test_in_bfloat16_too_a_random_seed_gives_the_pipelines_own(tiny, name):
    asked = CASES[name][0]
    generator = generators.diffusers(tiny(name), device="cpu", dtype="bfloat16", **asked)
    pipeline = diffusers.DiffusionPipeline.from_pretrained(tiny(name), dtype=torch.bfloat16)
    called = {OURS.get(key, key): value for key, value in asked.items()}
    seeded = torch.Generator("cpu").manual_seed(7)
    theirs = pipeline(generator=seeded, output_type="np", **called)[0][0]
    z = generator.latent_from_random_seed(7)
    assert z.dtype == np.float32
    np.testing.assert_array_equal(generator.generate(z[None])[0], theirs)


def test_a_study_takes_batches_in_bfloat16(tiny):
    """Which may change an output by 0.004, four times what float32 would be allowed."""
    generator = generators.diffusers(
        tiny("stable-diffusion"), device="cpu", dtype="bfloat16", batch_size=4, **IMAGE
    )
    assert check_determinism(generator, latents(generator)).deterministic
    assert generator.batch_tolerance == 0.2
    assert generators.diffusers(tiny("ddim"), device="cpu").batch_tolerance == 1e-3
    study = lsbe.optimise(
        generator, lambda images: [float(image.mean()) for image in images], budget=9, batch_size=4
    )
    assert np.isfinite(study.scores).all()


def test_torch_tensors_are_taken_and_left_as_they_were(tiny):
    generator = generators.diffusers(tiny("ddim"), steps=1, device="cpu")
    z = torch.from_numpy(latents(generator, 2))
    before = z.clone()
    np.testing.assert_array_equal(generator.generate(z), generator.generate(z.numpy()))
    assert torch.equal(z, before)


def test_embeddings_in_place_of_a_prompt(tiny):
    asked = {"height": 32, "width": 48, "steps": 1, "device": "cpu"}
    spoken = generators.diffusers(tiny("flux"), prompt=PROMPT, **asked)
    embeds, pooled, _ = spoken.pipeline.encode_prompt(prompt=PROMPT, prompt_2=None)
    embedded = generators.diffusers(
        tiny("flux"), prompt_embeds=embeds, pooled_prompt_embeds=pooled, batch_size=2, **asked
    )
    z = latents(spoken, 2)
    np.testing.assert_allclose(embedded.generate(z), spoken.generate(z), atol=BATCH_TOLERANCE)


def test_pictures_and_files(case, tmp_path):
    output = case.generator.generate(latents(case.generator, 1))[0]
    assert np.ptp(np.asarray(case.generator.render(output))) > 0
    path = tmp_path / f"best{case.generator.suffix}"
    case.generator.save(output, path)
    assert path.stat().st_size > 0
    with pytest.raises(ArgumentError, match="expected it to end in"):
        case.generator.save(output, tmp_path / "best.txt")


def test_its_name_makes_it_again(case):
    again = generators.load(f"{case.generator.name},device=cpu")
    assert again.name == case.generator.name
    z = latents(case.generator, 1)
    np.testing.assert_array_equal(again.generate(z), case.generator.generate(z))
