"""Chart and combination, as a share of one generation of a complete Stable Diffusion 1.5.

    python benchmarks/surrogate_chart/share.py

The pipeline has its real size (860 million weights in the UNet), random weights in float32, and
runs on one thread of the host; the fewer the steps, the larger the share. Times are of the
processor, since others may be at work on the machine. Needs 6 GB of memory. Writes
``benchmarks/results/surrogate_chart_share.json`` and ``.md``.
"""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers

import latent_spaces_by_example as lsbe

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

from tiny_models import clip_tokenizer

RESULTS = Path(__file__).parents[1] / "results"
NUM_SEEDS, ROUNDS, TARGET = 24, 50, 0.005


def stable_diffusion() -> diffusers.StableDiffusionPipeline:
    tokenizer = clip_tokenizer()
    text = transformers.CLIPTextConfig(
        hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12
    )
    vae = diffusers.AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        latent_channels=4,
    )
    return diffusers.StableDiffusionPipeline(
        vae=vae.eval(),
        text_encoder=transformers.CLIPTextModel(text).eval(),
        tokenizer=tokenizer,
        unet=diffusers.UNet2DConditionModel(sample_size=64, cross_attention_dim=768).eval(),
        scheduler=diffusers.DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def least_seconds(function, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--size", type=int, default=512)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    generator = lsbe.generators.diffusers(
        stable_diffusion(),
        prompt="a red car",
        height=asked.size,
        width=asked.size,
        steps=asked.steps,
        device="cpu",
    )
    seeds = lsbe.seeds.latents_from_random_seeds(generator, list(range(NUM_SEEDS)))
    chart = lsbe.knothe_rosenblatt_surrogate_chart(seeds)
    u = np.random.default_rng(0).random((1, NUM_SEEDS - 1))
    mapping = least_seconds(lambda: chart.from_u_to_z(u), ROUNDS)
    z = chart.from_u_to_z(u)
    generation = least_seconds(lambda: generator.generate(z), 1)
    weights = sum(
        parameter.numel()
        for part in (generator.pipeline.unet, generator.pipeline.vae)
        for parameter in part.parameters()
    )
    result = {
        "weights": weights,
        "seed_latents": NUM_SEEDS,
        "latent_shape": generator.latent_shape,
        "steps": asked.steps,
        "size": asked.size,
        "chart_and_combination_seconds": mapping,
        "generation_seconds": generation,
        "share": mapping / generation,
        "cores": os.cpu_count(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
        },
    }
    text = (
        "# Chart and combination, as a share of one generation\n\n"
        f"A complete Stable Diffusion 1.5 of its real size ({weights / 1e9:.2f} billion weights in "
        f"UNet and VAE), random weights in float32, {asked.size} x {asked.size} pixels, "
        f"{asked.steps} step(s) with guidance, one thread of the host, processor time. "
        f"{NUM_SEEDS} seed latents of {int(np.prod(generator.latent_shape)):,} numbers, one point; "
        f"least of {ROUNDS} rounds for u to z. No GPU was at hand, so FLUX was not run.\n\n"
        "    python benchmarks/surrogate_chart/share.py\n\n"
        "| u to z, ms | one generation, s | share | wanted |\n|---|---|---|---|\n"
        f"| {1e3 * mapping:.2f} | {generation:.1f} | {result['share']:.5%} | under {TARGET:.1%} |\n"
    )
    (RESULTS / "surrogate_chart_share.json").write_text(json.dumps(result, indent=2) + "\n")
    (RESULTS / "surrogate_chart_share.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
