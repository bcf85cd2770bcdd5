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


@pytest.fixture
def pipeline(built):
    return built("stable-diffusion")


def draws_in(scheduler, **arguments):
    """Whether stepping through a schedule moves torch's global generator."""
    scheduler.set_timesteps(3)
    sample = torch.full((1, 4, 8, 8), 0.1) * float(scheduler.init_noise_sigma)
    before = torch.get_rng_state()
    for t in scheduler.timesteps:
        output = 0.5 * scheduler.scale_model_input(sample, t)
        sample = scheduler.step(output, t, sample, **arguments).prev_sample
    return not torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("scheduler", DETERMINISTIC)
def test_deterministic_schedulers_pass_and_draw_nothing(pipeline, scheduler):
    pipeline.scheduler = getattr(diffusers, scheduler).from_config(pipeline.scheduler.config)
    assert noise_in(pipeline, {}) is None
    assert generators.diffusers(pipeline, **SMALL).pipeline is pipeline
    assert not draws_in(pipeline.scheduler, **({"eta": 0.0} if "TCD" in scheduler else {}))


@pytest.mark.parametrize("scheduler", NOISY)
def test_noisy_schedulers_draw_and_are_refused_with_the_fix(pipeline, scheduler):
    pipeline.scheduler = getattr(diffusers, scheduler).from_config(pipeline.scheduler.config)
    assert draws_in(pipeline.scheduler)
    with pytest.raises(ArgumentError) as caught:
        generators.diffusers(pipeline, **SMALL)
    message = str(caught.value)
    for word in (scheduler, f"scheduler={NOISY[scheduler]!r}", "step_noise='fixed'", "'latent'"):
        assert word in message
    generators.diffusers(pipeline, scheduler=NOISY[scheduler], **SMALL)  # the fix does fix it
    assert type(pipeline.scheduler).__name__ == scheduler  # and the caller's is left as it was


@pytest.mark.parametrize("scheduler", ["DDPMScheduler", "EulerAncestralDiscreteScheduler"])
def test_fixed_noise_makes_a_function_of_a_noisy_scheduler(pipeline, scheduler):
    generator = generators.diffusers(pipeline, scheduler=scheduler, step_noise="fixed", **SMALL)
    z = np.stack([generator.latent_from_random_seed(seed) for seed in range(2)])
    torch.manual_seed(1)
    first = generator.generate(z)
    torch.manual_seed(2)
    np.testing.assert_array_equal(generator.generate(z[1:]), first[1:])
    assert not np.array_equal(first[0], first[1])


def test_eta_is_refused_and_is_noisy(pipeline):
    pipeline.scheduler = diffusers.DDIMScheduler.from_config(pipeline.scheduler.config)
    assert draws_in(pipeline.scheduler, eta=0.5)
    assert not draws_in(pipeline.scheduler)
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


def test_stochastic_flow_matching_is_refused(built):
    flux = built("flux")
    flux.scheduler = diffusers.FlowMatchEulerDiscreteScheduler(stochastic_sampling=True)
    with pytest.raises(ArgumentError, match="stochastic_sampling=False"):
        generators.diffusers(flux, **SMALL)


def test_a_ddpm_pipeline_is_refused_and_works_with_ddim(built):
    with pytest.raises(ArgumentError, match=r"DDPMScheduler draws noise.*step_noise='latent'"):
        generators.diffusers(built("ddpm"), steps=3)
    ddim = generators.diffusers(built("ddpm"), scheduler="DDIMScheduler", steps=2)
    z = ddim.latent_from_random_seed(0)[None]
    np.testing.assert_array_equal(ddim.generate(z), ddim.generate(z))


@pytest.mark.parametrize(
    ("kind", "scheduler", "more", "lack"),
    [
        ("ddim", "ScoreSdeVeScheduler", {}, "step"),
        ("stable-diffusion", "FlowMatchEulerDiscreteScheduler", {}, "init_noise_sigma"),
        ("stable-diffusion", "RePaintScheduler", {}, "a step without mask"),
        ("stable-diffusion", "DDIMScheduler", {"sigmas": [1.0]}, "set_timesteps.sigmas="),
        ("flux", "DDIMScheduler", {}, "set_timesteps.sigmas="),
    ],
)
def test_a_scheduler_without_what_the_pipeline_needs_is_refused(built, kind, scheduler, more, lack):
    asked = {"steps": 1} if kind == "ddim" else {**SMALL, **more}
    with pytest.raises(ArgumentError, match=f"{scheduler} has no .*{lack}"):
        generators.diffusers(built(kind), scheduler=scheduler, **asked)


@pytest.mark.skipif(importlib.util.find_spec("torchsde") is not None, reason="torchsde is here")
def test_a_package_that_a_scheduler_needs_is_named(built):
    sound = {"prompt": "rain", "steps": 2, "device": "cpu"}
    with pytest.raises(MissingPackageError, match="pip install torchsde"):
        generators.diffusers(
            built("stable-audio"), scheduler="CosineDPMSolverMultistepScheduler", **sound
        )


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
