"""The same pipelines on a GPU, as a user with one gets them; skipped where there is none."""

from types import SimpleNamespace

import diffusers
import numpy as np
import pytest
import torch

from generators.pipelines.cases import CASES, IMAGE, latents, made_without_us
from latent_spaces_by_example import generators
from latent_spaces_by_example.errors import ArgumentError, GeneratorError
from latent_spaces_by_example.generators.pipelines.pipeline_loading import MEMORY_OPTIONS
from latent_spaces_by_example.validity import check_determinism

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")

# of values in [0, 1]: convolutions round float32 to TF32's 10 bits, and bfloat16 has 8
TF32_TOLERANCE, BFLOAT16_TOLERANCE = 5e-3, 0.1


@pytest.fixture(scope="module", params=CASES)
def case(request, tiny):
    asked, fixed, _, _ = CASES[request.param]
    return SimpleNamespace(
        folder=tiny(request.param),
        asked=asked,
        called=asked | fixed,
        generator=generators.diffusers(tiny(request.param), **asked),
    )


def mean_difference(first, second):
    return float(np.abs(first - second).mean())


class TestEveryPipeline:
    def test_runs_there_in_bfloat16_unless_told_otherwise(self, case):
        pipeline = case.generator.pipeline
        assert pipeline.device.type == "cuda"
        assert pipeline.dtype == torch.bfloat16

    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    def test_random_seed_gives_what_the_pipeline_itself_makes(self, case, dtype):
        generator = generators.diffusers(case.folder, dtype=dtype, **case.asked)
        if (dtype, type(generator.pipeline).__name__) == ("bfloat16", "DDIMPipeline"):
            pytest.skip("the pipeline itself cannot return an array in bfloat16")
        theirs = made_without_us(generator.pipeline, 1234567, **case.called)
        z = generator.latent_from_random_seed(1234567)
        np.testing.assert_array_equal(generator.generate(z[None])[0], theirs)

    def test_same_latent_same_bits_whatever_is_beside_it(self, case):
        z = latents(case.generator, 3)
        first = case.generator.generate(z)
        np.testing.assert_array_equal(case.generator.generate(z), first)
        np.testing.assert_array_equal(case.generator.generate(z[1:]), first[1:])
        assert np.abs(first[0] - first[1]).max() > 1e-5

    def test_tensors_that_are_there_already(self, case):
        z = latents(case.generator, 2)
        there = torch.from_numpy(z).cuda()
        np.testing.assert_array_equal(case.generator.generate(there), case.generator.generate(z))

    def test_a_batch_of_three_is_three_of_one(self, case):
        together = generators.diffusers(case.generator.pipeline, batch_size=3, **case.asked)
        z = latents(case.generator, 3)
        found, alone = together.generate(z), case.generator.generate(z)
        assert mean_difference(found, alone) < BFLOAT16_TOLERANCE * np.abs(alone).max()

    def test_makes_what_the_cpu_makes(self, case):
        z = latents(case.generator, 1)
        here, there = (
            generators.diffusers(case.folder, device=device, dtype="float32", **case.asked)
            for device in ("cpu", "cuda")
        )
        expected, found = here.generate(z), there.generate(z)
        assert mean_difference(found, expected) < TF32_TOLERANCE * np.abs(expected).max()


@pytest.mark.parametrize("memory", MEMORY_OPTIONS)
def test_every_memory_option_makes_the_same_image(tiny, memory):
    plain = generators.diffusers(tiny("stable-diffusion"), **IMAGE)
    spared = generators.diffusers(tiny("stable-diffusion"), memory=memory, **IMAGE)
    z = latents(plain, 2)
    found = spared.generate(z)
    np.testing.assert_array_equal(spared.generate(z), found)
    assert mean_difference(found, plain.generate(z)) < BFLOAT16_TOLERANCE
    if memory.endswith("offload"):
        assert spared.pipeline.unet.device.type in ("cpu", "meta")


def test_a_device_too_many_is_refused(tiny):
    with pytest.raises(ArgumentError, match="device='cuda:99' was asked for; there are"):
        generators.diffusers(tiny("ddim"), steps=1, device="cuda:99")


def test_memory_that_is_really_too_little(tiny):
    large = IMAGE | {"height": 2048, "width": 2048, "steps": 1}
    generator = generators.diffusers(tiny("stable-diffusion"), batch_size=2, **large)
    torch.cuda.empty_cache()
    used, total = torch.cuda.memory_allocated(), torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((used + 2**27) / total)
    try:
        with pytest.raises(GeneratorError, match=r"out of memory on cuda.*batch_size=1"):
            generator.generate(latents(generator, 2))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()
    small = generators.diffusers(generator.pipeline, **IMAGE)
    assert np.isfinite(small.generate(latents(small, 1))).all()


def test_determinism_is_seen(tiny):
    generator = generators.diffusers(tiny("flux"), **IMAGE)
    assert check_determinism(generator, latents(generator, 3)).deterministic
    random_states = torch.cuda.get_rng_state_all()

    class Drawing:
        latent_shape = generator.latent_shape

        def generate(self, z):
            made = torch.from_numpy(np.asarray(z)).cuda()
            return (made + 0.1 * torch.randn_like(made)).cpu().numpy()

    report = check_determinism(Drawing(), latents(generator, 3))
    assert not report.deterministic
    assert "torch's CUDA generators" in report.draws_from
    torch.cuda.set_rng_state_all(random_states)


def brightness(outputs):
    return [float(np.mean(output)) for output in outputs]


def test_a_trained_model_s_own_pipeline_is_left_where_it_is(tiny):
    pipeline = diffusers.DiffusionPipeline.from_pretrained(tiny("ddim"))
    pipeline.set_progress_bar_config(disable=True)
    generator = generators.diffusers(pipeline, steps=1)
    assert generator.pipeline is pipeline
    assert pipeline.device.type == "cpu"
    generators.diffusers(pipeline, steps=1, device="cuda", dtype="float16")
    assert pipeline.device.type == "cuda"
    assert pipeline.dtype == torch.float16
