"""Every pipeline of images taken back from what it made, and what is refused."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

import diffusers
from PIL import Image

import latent_spaces_by_example as lsbe
from latent_spaces_by_example import generators
from latent_spaces_by_example.errors import ArgumentError, GeneratorError
from latent_spaces_by_example.generators.pipelines.inversion import (
    encoded,
    from_loop,
    walk_back,
)

# of diffusers and transformers about each other, not of ours
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

IMAGE = {"prompt": "a red car", "height": 32, "width": 48, "steps": 4}
FLOW = "FlowMatchEulerDiscreteScheduler"
CASES = {
    "ddim": {"steps": 4},
    "stable-diffusion": IMAGE | {"scheduler": "EulerDiscreteScheduler", "guidance": 3.0},
    "stable-diffusion-xl": IMAGE | {"guidance": 3.0},
    "flux": IMAGE,
    "stable-diffusion-3": IMAGE,
    "pixart-sigma": IMAGE | {"scheduler": "EulerDiscreteScheduler"},
    "sana": IMAGE | {"width": 64, "scheduler": FLOW},
    "flux2": IMAGE,
    "qwen-image": IMAGE | {"negative_prompt": "blurred"},
}
# of latents whose entries have unit variance; 1e-5 was measured, and 1e-3 of Sana
LATENT_TOLERANCE = 5e-3


def calm_ddim(folder, **settings):
    """The DDIM pipeline without the clipping that its scheduler's default is."""
    pipeline = diffusers.DiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    config = pipeline.scheduler.config
    pipeline.scheduler = diffusers.DDIMScheduler.from_config(config, clip_sample=False, **settings)
    return pipeline


def generator_of(tiny, name, **changed):
    source = calm_ddim(tiny(name)) if name == "ddim" else tiny(name)
    return generators.diffusers(source, device="cpu", **(CASES[name] | changed))


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
        generator.pipeline,
        x0,
        family=generator._family,
        run=generator._run,
        iterations=iterations,
    )


def latent(generator, random_seed=1):
    return generator.latent_from_random_seed(random_seed)[None]


def rms(array):
    return float(np.sqrt(np.mean(np.square(array))))


class TestTheWayBack:
    @pytest.mark.parametrize("name", CASES)
    def test_leads_to_the_latent_that_was_generated_from(self, tiny, name):
        generator = generator_of(tiny, name)
        z = latent(generator)
        x0, images = end_of_denoising(generator, z)
        found, decoded, steps = back(generator, x0)
        assert found.shape == generator.latent_shape
        assert rms(found - z[0]) < LATENT_TOLERANCE
        assert [step.index for step in steps] == [3, 2, 1, 0]
        assert all(step.converged for step in steps)
        # the walk ends by decoding where it began
        np.testing.assert_allclose(decoded, images[0], atol=1e-5)

    @pytest.mark.parametrize("name", ["flux", "stable-diffusion-xl", "ddim"])
    def test_more_iterations_come_nearer(self, tiny, name):
        generator = generator_of(tiny, name)
        z = latent(generator)
        x0, _ = end_of_denoising(generator, z)
        errors = [rms(back(generator, x0, iterations=n)[0] - z[0]) for n in (1, 3, 9, 30)]
        assert errors[0] > 3 * errors[1] > 9 * errors[2]
        assert errors[3] < LATENT_TOLERANCE

    def test_more_steps_make_each_easier(self, tiny):
        iterations = []
        for count in (4, 16):
            generator = generator_of(tiny, "flux", steps=count)
            x0, _ = end_of_denoising(generator, latent(generator))
            steps = back(generator, x0)[2]
            iterations.append(sum(step.iterations for step in steps) / count)
        assert iterations[1] < iterations[0]

    def test_through_ddim_in_latents_and_first_order_dpm(self, tiny):
        for name, kind, settings in (
            ("stable-diffusion", diffusers.DDIMScheduler, {"clip_sample": False}),
            ("sana", diffusers.DPMSolverMultistepScheduler, {"solver_order": 1}),
        ):
            pipeline = diffusers.DiffusionPipeline.from_pretrained(tiny(name))
            pipeline.scheduler = kind.from_config(pipeline.scheduler.config, **settings)
            asked = CASES[name] | {"scheduler": None, "steps": 8, "guidance": 2.0}
            generator = generators.diffusers(pipeline, **asked)
            z = latent(generator)
            found = back(generator, end_of_denoising(generator, z)[0])[0]
            assert rms(found - z[0]) < LATENT_TOLERANCE

    def test_through_the_scheduler_that_a_refusal_names(self, tiny):
        pipeline = diffusers.DiffusionPipeline.from_pretrained(tiny("ddpm"))
        pipeline.set_progress_bar_config(disable=True)
        generator = generators.diffusers(pipeline, steps=6, scheduler="EulerDiscreteScheduler")
        z = latent(generator)
        found = back(generator, end_of_denoising(generator, z)[0])[0]
        assert rms(found - z[0]) < LATENT_TOLERANCE

    @pytest.mark.parametrize("prediction", ["v_prediction", "epsilon"])
    def test_whatever_the_model_predicts(self, tiny, prediction):
        pipeline = calm_ddim(tiny("ddim"), prediction_type=prediction)
        generator = generators.diffusers(pipeline, steps=6)
        z = latent(generator)
        found = back(generator, end_of_denoising(generator, z)[0])[0]
        assert rms(found - z[0]) < LATENT_TOLERANCE

    def test_in_bfloat16_as_near_as_that_can_tell(self, tiny):
        generator = generator_of(tiny, "flux", dtype="bfloat16")
        z = latent(generator)
        x0, _ = end_of_denoising(generator, z)
        assert rms(back(generator, x0)[0] - z[0]) < 0.05


class TestEncoding:
    """Held to the decoding of the pipelines themselves, with constants that all matter."""

    @pytest.mark.parametrize("name", [name for name in CASES if name != "ddim"])
    def test_undoes_what_the_pipeline_does_before_it_decodes(self, tiny, name, monkeypatch):
        generator = generator_of(tiny, name, steps=1)
        vae = generator.pipeline.vae
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

    def test_pixels_go_in_as_the_vae_wants_them(self, tiny, monkeypatch):
        generator = generator_of(tiny, "flux", steps=1)
        encode, given = generator.pipeline.vae.encode, []
        monkeypatch.setattr(
            generator.pipeline.vae, "encode", lambda pixels: given.append(pixels) or encode(pixels)
        )
        image = np.random.default_rng(0).random((32, 48, 3), dtype=np.float32)
        encoded(generator.pipeline, image, family=generator._family)
        expected = generator.pipeline.image_processor.preprocess(image)
        torch.testing.assert_close(given[0], expected)


class TestInversion:
    def test_splits_the_error_between_vae_and_steps(self, tiny):
        generator = generator_of(tiny, "flux", inversion_error=0.9)
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

    def test_the_same_image_has_the_same_latent_in_any_company(self, tiny):
        generator = generator_of(tiny, "flux", inversion_error=0.9)
        images = generator.generate(np.concatenate([latent(generator, s) for s in (1, 2)]))
        alone = generator.invert(images[1:])
        np.testing.assert_array_equal(generator.invert(list(images))[1], alone[0])
        assert generator.invert([]).shape == (0, *generator.latent_shape)

    def test_leaves_the_pipeline_as_it_was(self, tiny):
        generator = generator_of(tiny, "flux", inversion_error=0.9)
        z = latent(generator)
        before, scheduler = generator.generate(z), generator.pipeline.scheduler
        generator.inversion(before[0])
        assert generator.pipeline.scheduler is scheduler
        np.testing.assert_array_equal(generator.generate(z), before)

    def test_leaves_the_pipeline_as_it_was_when_refusing(self, tiny):
        generator = generator_of(tiny, "stable-diffusion", scheduler=None)
        scheduler = generator.pipeline.scheduler
        with pytest.raises(ArgumentError, match="earlier steps"):
            generator.inversion(np.zeros((32, 48, 3), dtype=np.float32))
        assert generator.pipeline.scheduler is scheduler

    def test_what_the_vae_loses_is_not_blamed_on_the_steps(self, tiny):
        generator = generator_of(tiny, "flux")
        image = generator.generate(latent(generator))[0]
        with pytest.raises(GeneratorError, match=r"example 1: .*VAE alone loses 0\.2.*not help"):
            generator.invert([image])

    def test_too_few_iterations_are_said_with_what_to_raise(self, tiny):
        generator = generator_of(tiny, "flux", inversion_iterations=1)
        image = generator.generate(latent(generator))[0]
        with pytest.raises(GeneratorError, match=r"did not converge.*steps=8.*iterations=2"):
            generator.invert([image])

    def test_a_model_that_makes_nan_is_said(self, tiny, monkeypatch):
        generator = generator_of(tiny, "flux")
        network = generator.pipeline.transformer
        own = network.forward
        monkeypatch.setattr(network, "forward", lambda *a, **k: (own(*a, **k)[0] * np.nan,))
        with pytest.raises(GeneratorError, match="NaN"):
            generator.inversion(np.zeros((32, 48, 3), dtype=np.float32))


class TestExamples:
    def test_files_pictures_and_arrays_span_a_study(self, tiny, tmp_path):
        generator = generator_of(tiny, "flux", inversion_error=0.9)
        images = generator.generate(np.concatenate([latent(generator, s) for s in range(3)]))
        file = tmp_path / "first, of three.png"
        generator.save(images[0], file)
        picture = generator.render(images[1])
        study = lsbe.optimise(
            generator,
            lambda outputs: [float(output.mean()) for output in outputs],
            budget=4,
            examples=[file, picture, images[2]],
        )
        facts = study.settings.examples
        assert [fact.name for fact in facts] == [str(file), "example 2", "example 3"]
        errors = [generator.inversion(x).rms_error for x in (file, picture, images[2])]
        np.testing.assert_allclose([fact.rms_error for fact in facts], errors, rtol=1e-5)

    def test_from_the_command_line(self, tiny, tmp_path, monkeypatch):
        from click.testing import CliRunner

        from latent_spaces_by_example.cli import main

        generator = generator_of(tiny, "flux")
        for name, seed in (("a.png", 1), ("b,c.png", 2)):
            generator.save(generator.generate(latent(generator, seed))[0], tmp_path / name)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "brightness_of.py").write_text(
            "def score(outputs):\n    return [float(x.mean()) for x in outputs]\n"
        )
        place = f"diffusers:{tiny('flux')}:height=32,width=48,steps=4,device=cpu"
        common = ["--prompt", "a red car", "--objective", "brightness_of:score", "--budget", "3"]
        given = ["--examples", "a.png", "--examples", "b,c.png"]
        lenient = [f"{place},inversion_error=0.9", *common, *given, "--out", "run"]
        ran = CliRunner().invoke(main, ["optimise", *lenient])
        assert ran.exit_code == 0, ran.output
        assert "a.png" in ran.output
        assert "b,c.png" in ran.output
        refused = CliRunner().invoke(main, ["optimise", place, *common, *given, "--out", "other"])
        assert refused.exit_code == 1
        assert "example 'a.png'" in refused.output
        assert not (tmp_path / "other").exists()

    def test_8_bits_and_floats_are_the_same_image(self, tiny, tmp_path):
        generator = generator_of(tiny, "flux")
        levels = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)
        expected = generator.read_example(levels)
        assert expected.dtype == np.float32
        assert expected.max() <= 1.0
        np.save(tmp_path / "image.npy", levels)
        Image.fromarray(levels).save(tmp_path / "image.png")
        for same in (
            levels / 255.0,
            torch.from_numpy(levels),
            torch.from_numpy(levels / 255.0),
            Image.fromarray(levels),
            Image.fromarray(levels).convert("RGBA"),
            tmp_path / "image.npy",
            str(tmp_path / "image.png"),
        ):
            np.testing.assert_allclose(generator.read_example(same), expected, atol=1e-6)


class TestRefused:
    @pytest.mark.parametrize(
        ("scheduler", "fix"),
        [
            ("PNDMScheduler", "EulerDiscreteScheduler"),
            ("DPMSolverMultistepScheduler", "solver_order=1"),
            ("UniPCMultistepScheduler", "EulerDiscreteScheduler"),
            ("HeunDiscreteScheduler", "EulerDiscreteScheduler"),
            ("DDIMScheduler", "clip_sample=False"),
        ],
    )
    def test_schedulers_that_cannot_be_undone(self, tiny, scheduler, fix):
        generator = generator_of(tiny, "stable-diffusion", scheduler=scheduler)
        with pytest.raises(ArgumentError, match=f"{scheduler}.*{fix}"):
            generator.inversion(np.zeros((32, 48, 3), dtype=np.float32))

    def test_flow_schedulers_are_told_the_one_of_flows(self, tiny):
        generator = generator_of(tiny, "sana", scheduler=None)
        with pytest.raises(ArgumentError, match=FLOW):
            generator.inversion(np.zeros((32, 64, 3), dtype=np.float32))

    def test_noise_at_every_step(self, tiny):
        generator = generators.diffusers(tiny("ddpm"), steps=2, device="cpu", step_noise="fixed")
        with pytest.raises(ArgumentError, match=r"noise.*DDIMScheduler"):
            generator.invert([np.zeros((16, 16, 3), dtype=np.float32)])

    @pytest.mark.parametrize(
        ("name", "asked"),
        [
            ("wan", {"prompt": "a car", "height": 32, "width": 48, "frames": 5, "steps": 1}),
            ("stable-audio", {"prompt": "rain", "seconds": 2.0, "steps": 1}),
        ],
    )
    def test_video_and_audio(self, tiny, name, asked):
        generator = generators.diffusers(tiny(name), device="cpu", **asked)
        with pytest.raises(ArgumentError, match="invert is for images"):
            generator.invert([np.zeros((5, 32, 48, 3), dtype=np.float32)])

    @pytest.mark.parametrize(
        ("example", "message"),
        [
            (np.zeros((48, 32, 3)), r"48 x 32 pixels.*32 x 48.*height=48, width=32"),
            (np.zeros((3, 32, 48)), r"\(3, 32, 48\).*\(32, 48, 3\)"),
            (np.full((32, 48, 3), -1.0), r"from -1 to -1.*0 to 1"),
            (np.full((32, 48, 3), np.nan), "nan"),
            (np.full((32, 48, 3), 255.0), r"255.*uint8"),
            (np.zeros((32, 48, 3), dtype=int), "int64"),
            (Image.new("RGB", (32, 48)), "48 x 32 pixels"),
            (Image.new("RGBA", (48, 32), (0, 0, 0, 7)), "transparent"),
            (Image.new("I", (48, 32)), "'I'"),
            ("nowhere.png", r"'nowhere.png': there is no such file"),
        ],
    )
    def test_what_is_no_image_of_the_right_size(self, tiny, example, message):
        with pytest.raises(ArgumentError, match=message):
            generator_of(tiny, "flux").invert([example])

    def test_a_file_that_is_no_image(self, tiny, tmp_path):
        file = tmp_path / "notes.png"
        file.write_text("not an image")
        with pytest.raises(ArgumentError, match=r"notes\.png' cannot be read as an image"):
            generator_of(tiny, "flux").invert([file])

    @pytest.mark.parametrize(
        "setting",
        [{"inversion_iterations": 0}, {"inversion_iterations": True}, {"inversion_error": 0.0}],
    )
    def test_limits_that_are_none(self, tiny, setting):
        with pytest.raises(ArgumentError, match=next(iter(setting))):
            generator_of(tiny, "ddim", **setting)
