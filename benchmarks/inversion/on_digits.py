"""How well trained pipelines invert: two small ones, trained here on scikit-learn's digits.

A DDIM UNet of 8 x 8 pixels, and a Stable Diffusion 3 pipeline (autoencoder, text encoders of
random weights, a transformer trained by flow matching on ten prompts, with guidance) of 16 x 16.
Held-out scans are inverted. About ten minutes on one core:

    python benchmarks/inversion/on_digits.py FOLDER
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from sklearn.datasets import load_digits

from latent_spaces_by_example import generators
from latent_spaces_by_example.testing import tiny_images

BATCH = 64
HELD_OUT = 10


def scans() -> tuple[torch.Tensor, torch.Tensor, np.ndarray, np.ndarray]:
    """Training images (n, 1, 8, 8) in [-1, 1] and classes; held-out images (m, 8, 8) in [0, 1]."""
    digits = load_digits()
    held = np.arange(len(digits.images)) % 10 == 0
    train = torch.tensor(digits.images[~held] / 8.0 - 1.0, dtype=torch.float32)[:, None]
    classes = torch.tensor(digits.target[~held])
    return train, classes, digits.images[held] / 16.0, digits.target[held]


def fit(module: torch.nn.Module, loss: Any, *, steps: int, rate: float) -> None:
    """Adam with the rate falling to zero along a cosine."""
    module.train()
    optimiser = torch.optim.Adam(module.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    begun, total = time.time(), 0.0
    for step in range(1, steps + 1):
        value = loss()
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        schedule.step()
        total += value.item()
        if step % 200 == 0:
            print(f"  step {step}: {total / 200:.4f}, {time.time() - begun:.0f} s", flush=True)
            total = 0.0
    module.eval()


def train_ddim(*, steps: int) -> Any:
    """A pixel UNet that predicts the noise."""
    images = scans()[0]
    unet = diffusers.UNet2DModel(
        sample_size=8,
        in_channels=1,
        out_channels=1,
        block_out_channels=(32, 64),
        layers_per_block=1,
        norm_num_groups=8,
        attention_head_dim=16,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    )
    scheduler = diffusers.DDIMScheduler(clip_sample=False)

    def loss() -> torch.Tensor:
        x = images[torch.randint(len(images), (BATCH,))]
        noise = torch.randn_like(x)
        t = torch.randint(1000, (BATCH,))
        found = unet(scheduler.add_noise(x, noise, t), t).sample
        return torch.nn.functional.mse_loss(found, noise)

    fit(unet, loss, steps=steps, rate=1e-3)
    return diffusers.DDIMPipeline(unet=unet, scheduler=scheduler)


def prompt_of(digit: int) -> str:
    """What a digit is asked for by."""
    return f"a handwritten {digit}"


def train_flow(*, steps: int, autoencoder_steps: int) -> Any:
    """Stable Diffusion 3 in small: an autoencoder first, then the transformer in its latents."""
    images, classes, _, _ = scans()
    images = images.repeat_interleave(2, 2).repeat_interleave(2, 3).repeat(1, 3, 1, 1)
    pipeline = tiny_images.stable_diffusion_3()
    vae = diffusers.AutoencoderKL(
        block_out_channels=(16, 32),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=8,
        use_quant_conv=False,
        use_post_quant_conv=False,
        shift_factor=0.0,
    )

    def reconstruction() -> torch.Tensor:
        x = images[torch.randint(len(images), (32,))]
        law = vae.encode(x).latent_dist
        difference = torch.nn.functional.mse_loss(vae.decode(law.sample()).sample, x)
        return difference + 1e-5 * law.kl().mean()

    fit(vae, reconstruction, steps=autoencoder_steps, rate=2e-3)
    with torch.no_grad():
        latents = torch.cat([vae.encode(part).latent_dist.mode() for part in images.split(200)])
        spoken = [pipeline.encode_prompt(prompt_of(d), None, None)[::2] for d in range(10)]
        spoken.append(pipeline.encode_prompt("", None, None)[::2])
    embeds, pooled = (torch.cat(parts) for parts in zip(*spoken, strict=True))
    vae.register_to_config(
        shift_factor=float(latents.mean()), scaling_factor=1.0 / float(latents.std())
    )
    latents = (latents - latents.mean()) / latents.std()
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=3,
        attention_head_dim=16,
        num_attention_heads=4,
        caption_projection_dim=64,
        joint_attention_dim=embeds.shape[2],
        pooled_projection_dim=pooled.shape[1],
    )
    short = embeds[:, :4]  # the encoders are random, so the pooled embedding says it all

    def loss() -> torch.Tensor:
        rows = torch.randint(len(latents), (BATCH,))
        said = torch.where(torch.rand(BATCH) < 0.1, 10, classes[rows])
        x, noise = latents[rows], torch.randn_like(latents[rows])
        sigma = torch.sigmoid(torch.randn(BATCH))
        wide = sigma.view(-1, 1, 1, 1)
        found = transformer(
            hidden_states=(1 - wide) * x + wide * noise,
            timestep=1000 * sigma,
            encoder_hidden_states=short[said],
            pooled_projections=pooled[said],
        ).sample
        return torch.nn.functional.mse_loss(found, noise - x)

    fit(transformer, loss, steps=steps, rate=2e-3)
    pipeline.register_modules(vae=vae, transformer=transformer)
    pipeline.scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=1.0)
    return pipeline


def show(label: str, generator: Any, images: list[np.ndarray]) -> None:
    """Invert images and print what is lost, in medians and at worst."""
    begun = time.time()
    found = [generator.inversion(image) for image in images]
    rows = [(f.rms_error_of_autoencoder, f.rms_error_of_steps, f.rms_error) for f in found]
    middle, worst = np.median(rows, axis=0), np.max(rows, axis=0)
    parts = " ".join(f"{a:.2g} ({b:.2g})" for a, b in zip(middle, worst, strict=True))
    norm = np.median([f.relative_norm for f in found])
    evaluations = np.mean([f.evaluations / len(f.steps) for f in found])
    stuck = sum(len(f.unconverged) for f in found)
    print(
        f"{label}: VAE, steps, total: {parts}; norm {norm:.2f}; {evaluations:.1f} evaluations a "
        f"step; {stuck} of {sum(len(f.steps) for f in found)} steps unconverged; "
        f"{(time.time() - begun) / len(found):.2f} s an image",
        flush=True,
    )


def measure_ddim(folder: Path) -> None:
    """By steps, and by iterations at 20 steps."""
    images = [image[..., None].astype(np.float32) for image in scans()[2][:HELD_OUT]]
    for steps in (5, 10, 20, 40):
        show(f"ddim, {steps} steps", _loaded(folder / "ddim", steps=steps), images)
    for iterations in (1, 2, 3, 5):
        made = _loaded(folder / "ddim", steps=20, inversion_iterations=iterations)
        show(f"ddim, 20 steps, {iterations} iterations", made, images)


def measure_flow(folder: Path) -> None:
    """By steps and guidance, and by iterations."""
    _, _, held, classes = scans()
    whole = held.repeat(2, axis=1).repeat(2, axis=2)[..., None].repeat(3, axis=3)
    images = [image.astype(np.float32) for image in whole[classes == 3][:10]]
    size = {"prompt": prompt_of(3), "height": 16, "width": 16, "max_sequence_length": 4}
    for steps, guidance in ((10, 1.0), (28, 1.0), (10, 4.0), (28, 4.0), (28, 7.0), (56, 7.0)):
        made = _loaded(folder / "flow", steps=steps, guidance=guidance, **size)
        show(f"flow, {steps} steps, guidance {guidance}", made, images)
    for iterations in (1, 2, 3, 5):
        made = _loaded(
            folder / "flow", steps=28, guidance=4.0, inversion_iterations=iterations, **size
        )
        show(f"flow, 28 steps, guidance 4.0, {iterations} iterations", made, images)


def _loaded(folder: Path, **arguments: Any) -> Any:
    return generators.diffusers(str(folder), device="cpu", **arguments)


def main() -> None:
    """Train what is not in the folder yet, then measure."""
    warnings.simplefilter("ignore")
    diffusers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    folder = Path(sys.argv[1])
    if not (folder / "ddim").exists():
        train_ddim(steps=1200).save_pretrained(folder / "ddim")
    measure_ddim(folder)
    if not (folder / "flow").exists():
        train_flow(steps=2000, autoencoder_steps=600).save_pretrained(folder / "flow")
    measure_flow(folder)


if __name__ == "__main__":
    main()
