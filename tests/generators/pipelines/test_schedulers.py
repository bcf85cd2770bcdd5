"""Which schedulers are refused, and that those that are not give the same output twice."""

import importlib.util

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

import diffusers

from latent_spaces_by_example import generators
from latent_spaces_by_example.errors import ArgumentError, MissingPackageError
from latent_spaces_by_example.generators.pipelines.schedulers import noise_in

# of diffusers and transformers about each other, not of ours
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

SMALL = {"prompt": "a red car", "height": 32, "width": 32, "steps": 3, "device": "cpu"}
DETERMINISTIC = [
    "DDIMScheduler",
    "DEISMultistepScheduler",
    "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler",
    "EulerDiscreteScheduler",
    "HeunDiscreteScheduler",
    "KDPM2DiscreteScheduler",
    "LMSDiscreteScheduler",
    "PNDMScheduler",
    "TCDScheduler",  # Stable Diffusion calls it with eta=0
    "UniPCMultistepScheduler",
]
NOISY = {
    "DDPMScheduler": "DDIMScheduler",
    "EulerAncestralDiscreteScheduler": "EulerDiscreteScheduler",
    "KDPM2AncestralDiscreteScheduler": "KDPM2DiscreteScheduler",
    "LCMScheduler": "TCDScheduler",
}


@pytest.fixture(scope="module")
def pipeline(tiny):
    return diffusers.DiffusionPipeline.from_pretrained(tiny("stable-diffusion"))


def under_other_noise(pipeline, scheduler, seeds, **arguments):
    """What the bare pipeline makes of one latent, at two states of torch's global generator."""
    kind = getattr(diffusers, scheduler)
    pipeline.scheduler = kind.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    latents = torch.randn((1, 4, 16, 16), generator=torch.Generator().manual_seed(0))
    images = []
    for seed in seeds:
        torch.manual_seed(seed)
        images.append(
            pipeline(
                prompt="a red car",
                height=32,
                width=32,
                num_inference_steps=3,
                latents=latents,
                output_type="np",
                **arguments,
            ).images[0]
        )
    return images


@pytest.mark.parametrize("scheduler", DETERMINISTIC)
def test_deterministic_schedulers_pass_and_are_deterministic(pipeline, scheduler):
    first, second = under_other_noise(pipeline, scheduler, (1, 2))
    np.testing.assert_array_equal(first, second)
    assert noise_in(pipeline, {}) is None


@pytest.mark.parametrize("scheduler", NOISY)
def test_noisy_schedulers_are_noisy_and_refused_with_the_fix(pipeline, scheduler):
    first, second = under_other_noise(pipeline, scheduler, (1, 2))
    assert not np.array_equal(first, second)
    with pytest.raises(ArgumentError) as caught:
        generators.diffusers(pipeline, **SMALL)
    message = str(caught.value)
    for word in (scheduler, f"scheduler={NOISY[scheduler]!r}", "step_noise='fixed'", "noise_tape"):
        assert word in message
    generators.diffusers(pipeline, scheduler=NOISY[scheduler], **SMALL)  # the fix does fix it
    assert type(pipeline.scheduler).__name__ == scheduler  # and the caller's is left as it was


@pytest.mark.parametrize("scheduler", NOISY)
def test_fixed_noise_makes_a_function_of_a_noisy_scheduler(pipeline, scheduler):
    generator = generators.diffusers(pipeline, scheduler=scheduler, step_noise="fixed", **SMALL)
    z = np.stack([generator.latent_from_random_seed(seed) for seed in range(2)])
    torch.manual_seed(1)
    first = generator.generate(z)
    torch.manual_seed(2)
    np.testing.assert_array_equal(generator.generate(z), first)
    np.testing.assert_array_equal(generator.generate(z[1:]), first[1:])
    assert not np.array_equal(first[0], first[1])


def test_eta_is_refused_and_is_noisy(pipeline):
    first, second = under_other_noise(pipeline, "DDIMScheduler", (1, 2), eta=0.5)
    assert not np.array_equal(first, second)
    with pytest.raises(ArgumentError, match="give eta=0"):
        generators.diffusers(pipeline, eta=0.5, **SMALL)


def test_sde_algorithm_is_refused_with_the_line_that_mends_it(pipeline):
    pipeline.scheduler = diffusers.DPMSolverMultistepScheduler.from_config(
        pipeline.scheduler.config, algorithm_type="sde-dpmsolver++"
    )
    with pytest.raises(ArgumentError) as caught:
        generators.diffusers(pipeline, **SMALL)
    line = str(caught.value).split(": ")[3].split(". ")[0]
    assert line.startswith("pipeline.scheduler = DPMSolverMultistepScheduler.from_config(")
    exec(line, {"pipeline": pipeline, **vars(diffusers)})
    generators.diffusers(pipeline, **SMALL)


def test_stochastic_flow_matching_is_refused(tiny):
    flux = diffusers.DiffusionPipeline.from_pretrained(tiny("flux"))
    flux.scheduler = diffusers.FlowMatchEulerDiscreteScheduler(stochastic_sampling=True)
    with pytest.raises(ArgumentError, match="stochastic_sampling=False"):
        generators.diffusers(flux, **SMALL)


def test_a_ddpm_pipeline_is_refused_and_works_with_ddim(tiny):
    with pytest.raises(ArgumentError, match=r"DDPMScheduler draws noise.*noise_tape"):
        generators.diffusers(tiny("ddpm"), steps=3, device="cpu")
    ddim = generators.diffusers(tiny("ddpm"), scheduler="DDIMScheduler", steps=3, device="cpu")
    z = ddim.latent_from_random_seed(0)[None]
    np.testing.assert_array_equal(ddim.generate(z), ddim.generate(z))


@pytest.mark.skipif(importlib.util.find_spec("torchsde") is not None, reason="torchsde is here")
def test_a_package_that_a_scheduler_needs_is_named(tiny):
    sound = {"prompt": "rain", "steps": 2, "device": "cpu"}
    with pytest.raises(MissingPackageError, match="pip install torchsde"):
        generators.diffusers(
            tiny("stable-audio"), scheduler="CosineDPMSolverMultistepScheduler", **sound
        )


def test_noise_in_decoding_is_refused(tiny):
    video = {**SMALL, "frames": 9}
    with pytest.raises(ArgumentError, match=r"decode_noise_scale=0\.0"):
        generators.diffusers(tiny("ltx"), decode_timestep=0.05, **video)
    generators.diffusers(tiny("ltx"), decode_timestep=0.05, decode_noise_scale=0.0, **video)


def test_every_scheduler_of_the_tables_exists():
    from latent_spaces_by_example.generators.pipelines import schedulers

    named = [
        *schedulers._NOISY,
        *filter(None, schedulers._NOISY.values()),
        *schedulers._CONDITIONAL,
    ]
    assert [name for name in named if not hasattr(diffusers, name)] == []


def test_every_scheduler_with_a_random_generator_is_judged_or_refused(pipeline):
    class NewScheduler(diffusers.DDIMScheduler):
        pass

    pipeline.scheduler = NewScheduler.from_config(pipeline.scheduler.config)
    assert "not known to be without noise" in noise_in(pipeline, {})
