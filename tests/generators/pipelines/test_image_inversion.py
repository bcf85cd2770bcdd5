"""Every pipeline of images taken back from what it made, and what is refused."""

import copy
import functools
from types import SimpleNamespace

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from generators.pipelines.cases import CASES as TABLE
from latent_spaces_by_example import generators
from latent_spaces_by_example.errors import ArgumentError, GeneratorError
from latent_spaces_by_example.generators.pipelines.image_inversion import (
    encoded,
    from_loop,
    walk_back,
)

FLOW = "FlowMatchEulerDiscreteScheduler"
MORE = {
    "stable-diffusion": {"scheduler": "EulerDiscreteScheduler", "guidance": 3.0},
    "stable-diffusion-xl": {"guidance": 3.0},
    "pixart-sigma": {"scheduler": "EulerDiscreteScheduler"},
    "sana": {"scheduler": FLOW},
    "qwen-image": {"negative_prompt": "blurred"},
}
CASES = {name: case[0] | {"steps": 4} | MORE.get(name, {}) for name, case in TABLE.items()}
# of latents whose entries have unit variance; 1e-5 was measured, and 1e-3 of Sana
LATENT_TOLERANCE = 5e-3


def calm_ddim(built, **settings):
    """The DDIM pipeline without the clipping that its scheduler's default is."""
    pipeline = built("ddim")
    config = pipeline.scheduler.config
    pipeline.scheduler = diffusers.DDIMScheduler.from_config(config, clip_sample=False, **settings)
    return pipeline


def generator_of(built, name, **changed):
    pipeline = calm_ddim(built) if name == "ddim" else built(name)
    return generators.diffusers(pipeline, **(CASES[name] | changed))


def end_of_denoising(generator, z):
    """What the pipeline's last step makes of latents, in their layout, and its images."""
    scheduler, kept = generator.pipeline.scheduler, []
    own = scheduler.step

    @functools.wraps(own)
    def watched(*args, **kwargs):
        made = own(*args, **kwargs)
        kept.append(made[0] if isinstance(made, tuple) else made.prev_sample)
        return made

    scheduler.step = watched
    try:
        images = generator.generate(z)
    finally:
        del scheduler.step
    family = generator._family
    return from_loop(generator.pipeline, kept[-1], family=family, shape=z.shape), images


def back(generator, x0, *, iterations=50):
    return walk_back(
        generator.pipeline, x0, family=generator._family, run=generator._run, iterations=iterations
    )


def latent(generator, random_seed=1):
    return generator.latent_from_random_seed(random_seed)[None]


def rms(array):
    return float(np.sqrt(np.mean(np.square(array))))


class TestTheWayBack:
    @pytest.mark.parametrize("name", CASES)
    def test_leads_to_the_latent_that_was_generated_from(self, built, name):
        generator = generator_of(built, name)
        z = latent(generator)
        x0, images = end_of_denoising(generator, z)
        found, decoded, steps = back(generator, x0)
        assert found.shape == generator.latent_shape
        assert rms(found - z[0]) < LATENT_TOLERANCE
        assert [step.index for step in steps] == [3, 2, 1, 0]
        assert all(step.converged for step in steps)
        # the walk ends by decoding where it began
        np.testing.assert_allclose(decoded, images[0], atol=1e-5)

    def test_more_iterations_come_nearer(self, built):
        generator = generator_of(built, "flux")
        z = latent(generator)
        x0, _ = end_of_denoising(generator, z)
        errors = [rms(back(generator, x0, iterations=n)[0] - z[0]) for n in (1, 3, 9)]
        assert errors[0] > 3 * errors[1] > 9 * errors[2]

    @pytest.mark.parametrize(
        ("name", "scheduler"),
        [
            ("stable-diffusion", diffusers.DDIMScheduler(clip_sample=False)),
            (
                "sana",
                diffusers.DPMSolverMultistepScheduler(
                    prediction_type="flow_prediction", use_flow_sigmas=True, solver_order=1
                ),
            ),
            ("ddpm", diffusers.EulerDiscreteScheduler()),
            ("ddim", diffusers.DDIMScheduler(clip_sample=False, prediction_type="v_prediction")),
        ],
    )
    def test_through_other_schedulers(self, built, name, scheduler):
        pipeline = built(name)
        pipeline.scheduler = scheduler
        asked = {"steps": 6} if name.startswith("dd") else CASES[name] | {"scheduler": None}
        generator = generators.diffusers(pipeline, **asked)
        z = latent(generator)
        z_back = back(generator, end_of_denoising(generator, z)[0])[0]
        assert rms(z_back - z[0]) < LATENT_TOLERANCE

    def test_in_bfloat16_as_near_as_that_can_tell(self, tiny):
        generator = generators.diffusers(
            tiny("flux"), device="cpu", dtype="bfloat16", **CASES["flux"]
        )
        z = latent(generator)
        x0, _ = end_of_denoising(generator, z)
        assert rms(back(generator, x0)[0] - z[0]) < 0.05


class TestEncoding:
    """Held to the decoding of the pipelines themselves, with constants that all matter."""

    @pytest.mark.parametrize("name", [name for name in CASES if name != "ddim"])
    def test_undoes_what_the_pipeline_does_before_it_decodes(self, built, name, monkeypatch):
        generator = generator_of(built, name, steps=1)
        vae = copy.deepcopy(generator.pipeline.vae)
        generator.pipeline.vae = vae
        if "shift_factor" in vae.config:
            vae.register_to_config(shift_factor=0.3)
        if "scaling_factor" in vae.config:
            vae.register_to_config(scaling_factor=0.7)
        if name in ("qwen-image", "stable-diffusion-xl"):
            vae.register_to_config(
                latents_mean=[0.1, -0.2, 0.3, 0.4], latents_std=[1.1, 0.9, 0.8, 1.3]
            )
        if name == "flux2":
            vae.bn.running_mean.copy_(torch.linspace(-0.5, 0.5, 16))
            vae.bn.running_var.copy_(torch.linspace(0.5, 1.5, 16))
        decode, given = vae.decode, []
        monkeypatch.setattr(vae, "decode", lambda v, *a, **k: given.append(v) or decode(v, *a, **k))
        x0, images = end_of_denoising(generator, latent(generator))
        law = SimpleNamespace(mode=lambda: given[-1])
        only = {"latent": given[-1]} if name == "sana" else {"latent_dist": law}
        monkeypatch.setattr(vae, "encode", lambda pixels: SimpleNamespace(**only))
        again = encoded(generator.pipeline, images[0], family=generator._family)
        torch.testing.assert_close(again, x0, rtol=1e-5, atol=1e-5)


class TestInversion:
    def test_splits_the_error_between_vae_and_steps(self, built):
        generator = generator_of(built, "flux", inversion_error=0.9)
        image = generator.generate(latent(generator))[0]
        found = generator.inversion(image)
        again = generator.generate(found.latent[None])[0]
        assert found.rms_error == pytest.approx(rms(again - image), rel=1e-6)
        vae = generator.pipeline.vae
        with torch.no_grad():
            pixels = torch.from_numpy(2 * image - 1).permute(2, 0, 1)[None]
            decoded = vae.decode(vae.encode(pixels).latent_dist.mode()).sample
        there = (decoded[0].permute(1, 2, 0).numpy() / 2 + 0.5).clip(0, 1)
        assert found.rms_error_of_autoencoder == pytest.approx(rms(there - image), rel=1e-4)
        # weights are random, so the VAE gives nothing back; the steps do
        assert found.rms_error_of_autoencoder > 0.1
        assert found.rms_error_of_steps < 1e-3
        assert found.relative_norm == pytest.approx(rms(found.latent), rel=1e-5)
        assert found.evaluations == 1 + sum(step.iterations for step in found.steps)
        assert found.unconverged == ()

    def test_the_same_image_has_the_same_latent_in_any_company_and_form(self, built, tmp_path):
        generator = generator_of(built, "flux", inversion_error=0.9, steps=1)
        images = generator.generate(np.concatenate([latent(generator, s) for s in (1, 2)]))
        file = tmp_path / "first, of two.png"
        generator.save(images[0], file)
        latents = generator.invert([file, generator.render(images[0]), images[1]])
        np.testing.assert_array_equal(latents[0], latents[1])
        np.testing.assert_array_equal(generator.invert(images[1:]), latents[2:])
        assert generator.invert([]).shape == (0, *generator.latent_shape)

    def test_leaves_the_pipeline_as_it_was(self, built):
        generator = generator_of(built, "flux", inversion_error=0.9, steps=1)
        z = latent(generator)
        before, scheduler = generator.generate(z), generator.pipeline.scheduler
        generator.inversion(before[0])
        assert generator.pipeline.scheduler is scheduler
        np.testing.assert_array_equal(generator.generate(z), before)

    def test_what_the_vae_loses_is_not_blamed_on_the_steps(self, built):
        generator = generator_of(built, "flux")
        image = generator.generate(latent(generator))[0]
        with pytest.raises(GeneratorError, match=r"example 1: .*VAE alone loses 0\.2.*not help"):
            generator.invert([image])

    def test_too_few_iterations_are_said_with_what_to_raise(self, built):
        generator = generator_of(built, "flux", inversion_iterations=1)
        image = generator.generate(latent(generator))[0]
        with pytest.raises(GeneratorError, match=r"did not converge.*steps=8.*iterations=2"):
            generator.invert([image])

    def test_a_model_that_makes_nan_is_said(self, built, monkeypatch):
        generator = generator_of(built, "flux")
        network = generator.pipeline.transformer
        own = network.forward
        monkeypatch.setattr(network, "forward", lambda *a, **k: (own(*a, **k)[0] * np.nan,))
        with pytest.raises(GeneratorError, match="NaN"):
            generator.inversion(np.zeros((32, 48, 3), dtype=np.float32))


class TestRefused:
    @pytest.mark.parametrize(
        ("name", "scheduler", "fix"),
        [
            ("stable-diffusion", "PNDMScheduler", "EulerDiscreteScheduler"),
            ("stable-diffusion", "DPMSolverMultistepScheduler", "EulerDiscreteScheduler"),
            ("stable-diffusion", "UniPCMultistepScheduler", "EulerDiscreteScheduler"),
            ("stable-diffusion", "HeunDiscreteScheduler", "EulerDiscreteScheduler"),
            ("stable-diffusion", "DDIMScheduler", "clip_sample.*EulerDiscreteScheduler"),
            ("sana", "DPMSolverMultistepScheduler", FLOW),
        ],
    )
    def test_schedulers_that_cannot_be_undone(self, built, name, scheduler, fix):
        own = None if name == "sana" else scheduler
        generator = generator_of(built, name, scheduler=own)
        with pytest.raises(ArgumentError, match=f"{scheduler}.*{fix}"):
            generator.inversion(np.zeros((32, CASES[name]["width"], 3), dtype=np.float32))
        assert type(generator.pipeline.scheduler).__name__ == scheduler  # put back

    def test_noise_at_every_step(self, built):
        generator = generators.diffusers(built("ddpm"), steps=2, step_noise="fixed")
        with pytest.raises(ArgumentError, match=r"noise.*DDIMScheduler"):
            generator.invert([np.zeros((16, 16, 3), dtype=np.float32)])

    @pytest.mark.parametrize(
        ("example", "message"),
        [
            (np.zeros((48, 32, 3)), r"48 x 32 pixels.*32 x 48.*height=48, width=32"),
            (Image.new("RGB", (32, 48)), "48 x 32 pixels"),
            (np.zeros((3, 32, 48)), r"example has shape \(3, 32, 48\)"),
            (np.full((32, 48, 3), 255.0), "example holds values from 255"),
            ("nowhere.png", r"'nowhere.png': there is no such file"),
        ],
    )
    def test_what_is_no_image_of_the_right_size(self, built, example, message):
        with pytest.raises(ArgumentError, match=message):
            generator_of(built, "flux").invert([example])
