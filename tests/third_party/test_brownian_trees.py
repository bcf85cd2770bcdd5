"""Samplers that ask a Brownian tree again keep their law: its increments have one place each.

The figure is the standard deviation of outputs over 32 draws, against the unmodified sampler's.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import latent_spaces_by_example as lsbe

pytestmark = pytest.mark.filterwarnings("ignore")
SHAPE = (1, 4, 8, 8)  # 8,192 numbers: their deviation is known to 0.8 %
NUM_DRAWS = 32
STEPS = 4


def deviation(outputs):
    return float(torch.stack(list(outputs)).std())


def deviations(sampler):
    """Return the standard deviation of a sampler's own outputs, and of those from its tape."""
    tape = lsbe.generators.noise_tape(sampler, check=False)
    assert any(part.repeated for part in tape.parts)
    z = np.random.default_rng(0).standard_normal((NUM_DRAWS, *tape.latent_shape))
    own = []
    for seed in range(NUM_DRAWS):
        torch.manual_seed(seed)
        own.append(sampler())
    return deviation(own), deviation(tape.generate(z))


def denoised(x, sigma, **_):
    """Return the exact denoiser of data that are standard Gaussian."""
    return x / (1.0 + sigma.view(-1, 1, 1, 1) ** 2)


class OrnsteinUhlenbeck(torch.nn.Module):
    noise_type, sde_type = "diagonal", "ito"

    def f(self, t, y):
        return -y

    def g(self, t, y):
        return torch.full_like(y, 1.5)


def with_sdeint(package):
    torchsde = package("torchsde")
    times = torch.linspace(0.0, 1.0, 5)
    return lambda: torchsde.sdeint(OrnsteinUhlenbeck(), torch.zeros(1, 256), times, dt=0.25)[-1]


def with_k_diffusion(package, name):
    sampling = package("k_diffusion.sampling")
    sigmas = sampling.get_sigmas_karras(STEPS, 0.1, 10.0)
    sample = getattr(sampling, f"sample_{name}")
    return lambda: sample(denoised, torch.randn(SHAPE) * sigmas[0], sigmas, disable=True)


def with_scheduler(package, name):
    package("torchsde")
    scheduler_class = getattr(package("diffusers"), name)

    def sampler():
        scheduler = scheduler_class()
        scheduler.set_timesteps(STEPS)
        x = torch.randn(SHAPE) * scheduler.init_noise_sigma
        for t in scheduler.timesteps:
            seen = scheduler.scale_model_input(x, t)
            x = scheduler.step(torch.tanh(seen), t, x).prev_sample
        return x

    return sampler


SAMPLERS = {
    "torchsde sdeint": with_sdeint,
    "k-diffusion dpmpp_sde": lambda p: with_k_diffusion(p, "dpmpp_sde"),
    "k-diffusion dpmpp_2m_sde": lambda p: with_k_diffusion(p, "dpmpp_2m_sde"),
    "DPMSolverSDE": lambda p: with_scheduler(p, "DPMSolverSDEScheduler"),
    "CosineDPMSolverMultistep": lambda p: with_scheduler(p, "CosineDPMSolverMultistepScheduler"),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_outputs_spread_as_the_unmodified_sampler_s(name, package):
    own, from_the_tape = deviations(SAMPLERS[name](package))
    print(f"{name}: {own:.3f} unmodified, {from_the_tape:.3f} from the tape")
    assert from_the_tape == pytest.approx(own, rel=0.05)
