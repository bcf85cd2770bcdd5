"""Pipelines of diffusers, small ones made from configs, and not changed."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

import latent_spaces_by_example as lsbe

# diffusers and what it imports warn about their own use of other packages
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)


def unet():
    torch.manual_seed(0)
    return diffusers.UNet2DModel(
        sample_size=8,
        in_channels=3,
        out_channels=3,
        layers_per_block=1,
        block_out_channels=(8, 16),
        norm_num_groups=4,
        attention_head_dim=8,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    )


@pytest.fixture
def ddpm():
    pipeline = diffusers.DDPMPipeline(unet(), diffusers.DDPMScheduler())
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def test_a_ddpm_pipeline_becomes_a_function_of_one_latent(ddpm):
    tape = lsbe.generators.noise_tape(
        lambda: ddpm(num_inference_steps=3, output_type="np").images[0], name="ddpm"
    )
    # the image to begin with, and noise at every step but the last
    assert [part.shape for part in tape.parts] == [(1, 3, 8, 8)] * 3
    assert tape.latent_shape == (3 * 192,)
    assert all(part.combined and part.law == "Gaussian" for part in tape.parts)
    assert not any("torch_utils" in part.name for part in tape.parts)
    z = np.stack([tape.latent_from_random_seed(seed) for seed in (3, 4)])
    outputs = tape.generate(z)
    again = tape.generate(z)
    assert all(np.array_equal(a, b) for a, b in zip(outputs, again, strict=True))
    assert not np.array_equal(outputs[0], outputs[1])
    for seed, output in zip((3, 4), outputs, strict=True):
        unmodified = ddpm(
            num_inference_steps=3, output_type="np", generator=torch.Generator().manual_seed(seed)
        )
        assert np.array_equal(output, unmodified.images[0])
        torch.manual_seed(seed)
        assert np.array_equal(output, ddpm(num_inference_steps=3, output_type="np").images[0])


def test_noise_at_the_last_step_changes_less_than_noise_at_the_first(ddpm):
    tape = lsbe.generators.noise_tape(
        lambda: ddpm(num_inference_steps=3, output_type="np").images[0]
    )
    z = np.repeat(tape.recorded_latent[None], 3, axis=0)
    z[1, :192] += 0.5
    z[2, -192:] += 0.5
    base, first, last = tape.generate(z)
    assert np.abs(first - base).max() > np.abs(last - base).max() > 0.0


def test_an_ancestral_pipeline_for_class_labels():
    """DiT, whose pipeline has no latents= at all, with a scheduler that draws at every step."""
    torch.manual_seed(0)
    transformer = diffusers.DiTTransformer2DModel(
        sample_size=4,
        num_layers=1,
        patch_size=2,
        attention_head_dim=4,
        num_attention_heads=2,
        in_channels=4,
        out_channels=4,
        norm_type="ada_norm_zero",
        num_embeds_ada_norm=1000,
    )
    vae = diffusers.AutoencoderKL(block_out_channels=(4,), norm_num_groups=2, latent_channels=4)
    noisy = diffusers.EulerAncestralDiscreteScheduler()
    pipeline = diffusers.DiTPipeline(transformer, vae, noisy)
    pipeline.set_progress_bar_config(disable=True)

    def sampler():
        result = pipeline([7], num_inference_steps=4, output_type="np", guidance_scale=1.0)
        return result.images[0]

    tape = lsbe.generators.noise_tape(sampler)
    assert len(tape.parts) >= 4
    torch.manual_seed(9)
    assert np.array_equal(tape.generate(tape.latent_from_random_seed(9)[None])[0], sampler())
