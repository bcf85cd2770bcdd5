"""Samplers of other packages: a random seed gives what the unmodified sampler makes of it."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import latent_spaces_by_example as lsbe

pytestmark = pytest.mark.filterwarnings("ignore")


class Velocity(torch.nn.Module):
    """A vector field, called by whatever names a package has for its point and its time."""

    def __init__(self, dim=3, more=1):
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(dim + more, dim)

    def forward(self, x, t, **_):
        t = torch.as_tensor(t, dtype=x.dtype).reshape(-1, 1).expand(len(x), 1)
        return torch.tanh(self.layer(torch.cat([x, t], dim=-1)))


def azula(package, name):
    sample, denoise = package("azula.sample"), package("azula.denoise")
    noise = package("azula.noise")
    denoiser = denoise.KarrasDenoiser(Velocity(), noise.VPSchedule())
    sampler = getattr(sample, name)(denoiser, steps=6, silent=True)
    return lambda: sampler(sampler.init((1, 3)))


def denoising_diffusion(package):
    module = package("denoising_diffusion_pytorch.denoising_diffusion_pytorch")
    torch.manual_seed(0)
    unet = module.Unet(dim=8, dim_mults=(1, 2), flash_attn=False)
    diffusion = module.GaussianDiffusion(unet, image_size=8, timesteps=4).eval()
    return lambda: diffusion.sample(batch_size=1)


def zuko_flow(package, name):
    flows = package("zuko").flows
    torch.manual_seed(0)
    flow = getattr(flows, name)(3, context=0, hidden_features=(8,))
    return lambda: flow().sample((2,))


def flow_matching(package):
    solver = package("flow_matching.solver").ODESolver(velocity_model=Velocity())
    return lambda: solver.sample(torch.randn(2, 3), step_size=0.25, method="midpoint")


def torchcfm(package):
    module = package("torchcfm.conditional_flow_matching")
    matcher = module.ConditionalFlowMatcher(sigma=0.5)
    return lambda: matcher.sample_location_and_conditional_flow(torch.randn(4, 3), torch.ones(4, 3))


def smalldiffusion(package):
    package("accelerate")
    diffusion, model = package("smalldiffusion.diffusion"), package("smalldiffusion.model")
    torch.manual_seed(0)
    network = model.TimeInputMLP(dim=2, hidden_dims=(8, 8))
    sigmas = diffusion.ScheduleLogLinear(N=50).sample_sigmas(6)
    return lambda: list(diffusion.samples(network, sigmas, mu=0.5))[-1]


def k_diffusion(package, name):
    sampling = package("k_diffusion.sampling")
    sigmas = sampling.get_sigmas_karras(4, 0.1, 10.0)
    sample = getattr(sampling, f"sample_{name}")

    def denoised(x, sigma, **_):
        return x / (1.0 + sigma.view(-1, 1) ** 2)

    return lambda: sample(denoised, torch.randn(1, 5) * sigmas[0], sigmas, disable=True)


# name -> the sampler
SAMPLERS = {
    "azula DDPM": lambda p: azula(p, "DDPMSampler"),
    "azula Heun": lambda p: azula(p, "HeunSampler"),
    "azula Ito": lambda p: azula(p, "ItoSampler"),
    "azula predictor-corrector": lambda p: azula(p, "PCSampler"),
    "denoising-diffusion-pytorch": denoising_diffusion,
    "zuko NSF": lambda p: zuko_flow(p, "NSF"),
    "zuko MAF": lambda p: zuko_flow(p, "MAF"),
    "zuko CNF": lambda p: zuko_flow(p, "CNF"),
    "flow_matching": flow_matching,
    "torchcfm": torchcfm,
    "smalldiffusion": smalldiffusion,
    "k-diffusion euler_ancestral": lambda p: k_diffusion(p, "euler_ancestral"),
    "k-diffusion dpm_2_ancestral": lambda p: k_diffusion(p, "dpm_2_ancestral"),
    "k-diffusion lms": lambda p: k_diffusion(p, "lms"),
    "k-diffusion dpmpp_2s_ancestral": lambda p: k_diffusion(p, "dpmpp_2s_ancestral"),
}


def as_arrays(output):
    return [t.detach().numpy() for t in (output if isinstance(output, tuple) else (output,))]


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_random_seed_is_the_unmodified_sampler_s(name, package):
    sampler = SAMPLERS[name](package)
    tape = lsbe.generators.noise_tape(sampler)
    assert all(part.combined for part in tape.parts)
    outputs = tape.generate(np.stack([tape.latent_from_random_seed(seed) for seed in (3, 4)]))
    for seed, output in zip((3, 4), outputs, strict=True):
        torch.manual_seed(seed)
        for ours, theirs in zip(as_arrays(output), as_arrays(sampler()), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(as_arrays(outputs[0])[0], as_arrays(outputs[1])[0])
