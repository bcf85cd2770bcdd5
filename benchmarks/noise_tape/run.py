"""Measure what replaying a sampler from a noise tape costs over running it.

    python benchmarks/noise_tape/run.py

Three 50-step samplers: DDPM with a UNet of realistic cost, DDPM with a small one, and a sampler
without any network. Each is run and replayed in turns, in one process, on one thread; times are
those of the process, so that other work on the machine counts little. Writes
``benchmarks/results/noise_tape.json`` and ``.md``; exits with 1 if the figure is missed.
"""

import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path

import diffusers
import torch

import latent_spaces_by_example as lsbe

RESULTS = Path(__file__).parents[1] / "results"
STEPS = 50
MOST_OVERHEAD = 0.05
ROUNDS = {"realistic": 5, "small": 15, "none": 60}


def ddpm(unet):
    torch.manual_seed(0)
    pipeline = diffusers.DDPMPipeline(unet.eval(), diffusers.DDPMScheduler())
    pipeline.set_progress_bar_config(disable=True)
    return lambda: pipeline(num_inference_steps=STEPS, output_type="np").images[0]


def realistic():
    """The UNet of the published CIFAR-10 model of DDPM, 35.7 million weights, random here."""
    return ddpm(
        diffusers.UNet2DModel(
            sample_size=32,
            block_out_channels=(128, 256, 256, 256),
            down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
            attention_head_dim=None,
        )
    )


def small():
    """A UNet of 0.2 million weights on 16 x 16 pixels: Python takes as long as arithmetic."""
    return ddpm(
        diffusers.UNet2DModel(
            sample_size=16,
            layers_per_block=1,
            block_out_channels=(16, 32),
            norm_num_groups=8,
            attention_head_dim=8,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        )
    )


def none():
    """Langevin dynamics of a Gaussian in 1000 dimensions: four operations a step, and a draw."""

    def sampler():
        x = torch.randn(1000)
        for _ in range(STEPS - 1):
            x = x - 0.05 * x + 0.1**0.5 * torch.randn_like(x)
        return x

    return sampler


def seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(sampler, *, rounds):
    tape = lsbe.generators.noise_tape(sampler, check=False)
    z = tape.latent_from_random_seed(0)[None]
    sampler()
    tape.generate(z)
    pairs = []
    for number in range(rounds):
        # In turns, and each first as often, so that a slow spell of the machine falls on both.
        if number % 2:
            replayed = seconds(lambda: tape.generate(z))
            pairs.append((seconds(sampler), replayed))
        else:
            ran = seconds(sampler)
            pairs.append((ran, seconds(lambda: tape.generate(z))))
    ran, replayed = (min(times) for times in zip(*pairs, strict=True))
    ratios = sorted(replay / run for run, replay in pairs)
    return {
        "run_seconds": ran,
        "replay_seconds": replayed,
        "overhead": replayed / ran - 1.0,
        "median_overhead": statistics.median(ratios) - 1.0,
        "overhead_range": [ratios[0] - 1.0, ratios[-1] - 1.0],
        "latent_numbers": tape.latent_shape[0],
        "rounds": rounds,
    }


def table(results):
    lines = [
        "# Noise tape: a replay against the sampler itself",
        "",
        f"{STEPS} steps; the least process time of each, run and replayed in turns, one thread, "
        f"{results['machine']['cpu']} ({results['machine']['cores']} cores), torch "
        f"{results['machine']['torch']}, diffusers {results['machine']['diffusers']}. The median "
        "and the range are of the ratios of the single rounds.",
        "",
        "    python benchmarks/noise_tape/run.py",
        "",
        "| sampler | run, s | replay, s | overhead | median | range | wanted |",
        "|---|---|---|---|---|---|---|",
    ]
    names = {
        "realistic": "DDPM, UNet of 35.7 M weights, 32 x 32",
        "small": "DDPM, UNet of 0.2 M weights, 16 x 16",
        "none": "Langevin, no network, 1000 numbers",
    }
    for key, name in names.items():
        figures = results[key]
        low, high = figures["overhead_range"]
        wanted = f"at most {MOST_OVERHEAD:.0%}" if key == "realistic" else "none set"
        lines.append(
            f"| {name} | {figures['run_seconds']:.4g} | {figures['replay_seconds']:.4g} | "
            f"{figures['overhead']:+.1%} | {figures['median_overhead']:+.1%} | "
            f"{low:+.1%} to {high:+.1%} | {wanted} |"
        )
    return "\n".join(lines) + "\n"


def cpu():
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown"


def main():
    torch.set_num_threads(1)
    results = {
        "machine": {
            "cpu": cpu(),
            "cores": os.cpu_count(),
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
        },
        "steps": STEPS,
    }
    for name, make in {"none": none, "small": small, "realistic": realistic}.items():
        print(name, file=sys.stderr)
        results[name] = measure(make(), rounds=ROUNDS[name])
    met = results["realistic"]["overhead"] <= MOST_OVERHEAD
    results["met"] = met
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "noise_tape.json").write_text(json.dumps(results, indent=2) + "\n")
    text = table(results)
    (RESULTS / "noise_tape.md").write_text(text)
    print(text)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
