"""What an image costs on a GPU, alone and in a batch, and how much of a study is not images.

    python benchmarks/diffusers_pipelines/run.py [--device cuda] [--layers 19 38]

The pipeline is of the size of FLUX.1-schnell (4 steps), with random weights, which take as long as
trained ones; what its images look like is of no interest here. Its text encoders are left out,
since a prompt is encoded anew for each call: the embeddings are given. Writes
``benchmarks/results/diffusers_pipelines.*``.
"""

import argparse
import json
import platform
import time
from pathlib import Path

import diffusers
import numpy as np
import torch

import latent_spaces_by_example as lsbe

RESULTS = Path(__file__).parents[1] / "results" / "diffusers_pipelines"
BATCHES = (1, 2, 4, 8)
ROUNDS = 2
BUDGET = 48


def flux(device: str, dtype: torch.dtype, layers: tuple[int, int]):
    """A FLUX of the published shape, or of fewer layers."""
    torch.manual_seed(0)
    torch.set_default_dtype(dtype)
    with torch.device(device):
        transformer = diffusers.FluxTransformer2DModel(
            num_layers=layers[0], num_single_layers=layers[1], guidance_embeds=False
        )
        vae = diffusers.AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
            latent_channels=16,
            use_quant_conv=False,
            use_post_quant_conv=False,
            scaling_factor=0.3611,
            shift_factor=0.1159,
        )
    torch.set_default_dtype(torch.float32)
    pipeline = diffusers.FluxPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=None,
        tokenizer=None,
        text_encoder_2=None,
        tokenizer_2=None,
        transformer=transformer,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def synchronised(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def generator_of(pipeline, *, size: int, batch_size: int, device: str, dtype: torch.dtype):
    noise = torch.Generator().manual_seed(1)
    return lsbe.generators.diffusers(
        pipeline,
        prompt_embeds=torch.randn(1, 256, 4096, generator=noise).to(device, dtype),
        pooled_prompt_embeds=torch.randn(1, 768, generator=noise).to(device, dtype),
        height=size,
        width=size,
        steps=4,
        guidance=0.0,
        batch_size=batch_size,
    )


def batches(pipeline, *, size: int, device: str, dtype: torch.dtype) -> list[dict]:
    rows, alone = [], None
    for batch_size in BATCHES:
        generator = generator_of(
            pipeline, size=size, batch_size=batch_size, device=device, dtype=dtype
        )
        z = np.stack([generator.latent_from_random_seed(seed) for seed in range(max(BATCHES))])
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        best, images = np.inf, generator.generate(z)
        for _ in range(ROUNDS):
            start = synchronised(device)
            images = generator.generate(z)
            best = min(best, synchronised(device) - start)
        alone = images if alone is None else alone
        difference = np.abs(images - alone)
        rows.append(
            {
                "pixels": size,
                "batch_size": batch_size,
                "seconds_per_image": best / len(z),
                "peak_gigabytes": (
                    torch.cuda.max_memory_allocated() / 1e9 if device == "cuda" else None
                ),
                "largest_difference": float(difference.max()),
                "mean_difference": float(difference.mean()),
            }
        )
        print(rows[-1], flush=True)
    return rows


class Timed:
    """A generator, and the time that it took."""

    def __init__(self, generator, device: str) -> None:
        self.latent_shape, self.name = generator.latent_shape, generator.name
        self.latent_from_random_seed = generator.latent_from_random_seed
        self.seconds, self._generator, self._device = 0.0, generator, device

    def generate(self, z):
        start = synchronised(self._device)
        images = self._generator.generate(z)
        self.seconds += synchronised(self._device) - start
        return images


def brightness(images):
    return [float(np.mean(image)) for image in images]


def study(pipeline, *, size: int, batch_size: int, device: str, dtype: torch.dtype) -> dict:
    timed = Timed(
        generator_of(pipeline, size=size, batch_size=batch_size, device=device, dtype=dtype), device
    )
    start = time.perf_counter()
    lsbe.optimise(
        timed,
        brightness,
        budget=BUDGET,
        batch_size=batch_size,
        random_seed=0,
        check_generator=False,
    )
    seconds = time.perf_counter() - start
    row = {
        "pixels": size,
        "batch_size": batch_size,
        "seconds": seconds,
        "share_of_generation": timed.seconds / seconds,
    }
    print(row, flush=True)
    return row


def table(results: dict) -> str:
    lines = [
        "# Images of a pipeline of FLUX's size",
        "",
        f"{results['parameters'] / 1e9:.1f} billion random weights, {results['dtype']}, 4 steps; "
        f"least of {ROUNDS} rounds of {max(BATCHES)} images; {results['machine']}.",
        "",
        "    python benchmarks/diffusers_pipelines/run.py --device " + results["device"],
        "",
        "| pixels | batch_size | s an image | of one alone | peak memory, GB "
        "| largest difference to one alone | mean |",
        "|---|---|---|---|---|---|---|",
    ]
    alone = {row["pixels"]: row["seconds_per_image"] for row in results["batches"][::-1]}
    for row in results["batches"]:
        share = row["seconds_per_image"] / alone[row["pixels"]]
        memory = row["peak_gigabytes"]
        lines.append(
            f"| {row['pixels']} | {row['batch_size']} | {row['seconds_per_image']:.3f} "
            f"| {share:.0%} | {'' if memory is None else f'{memory:.1f}'} "
            f"| {row['largest_difference']:.2g} | {row['mean_difference']:.2g} |"
        )
    lines += [
        "",
        f"A study of {BUDGET} evaluations with the default search, from the first latent to the "
        "last score:",
        "",
        "| pixels | batch_size | s | in the pipeline |",
        "|---|---|---|---|",
    ]
    for row in results["studies"]:
        lines.append(
            f"| {row['pixels']} | {row['batch_size']} | {row['seconds']:.1f} "
            f"| {row['share_of_generation']:.1%} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument("--layers", type=int, nargs=2, default=(19, 38))
    parser.add_argument("--pixels", type=int, nargs="+", default=(512, 1024))
    arguments = parser.parse_args()
    device, dtype = arguments.device, torch.bfloat16
    pipeline = flux(device, dtype, tuple(arguments.layers))
    options = {"device": device, "dtype": dtype}
    results = {
        "machine": torch.cuda.get_device_name() if device == "cuda" else platform.processor(),
        "device": device,
        "dtype": str(dtype).removeprefix("torch."),
        "parameters": sum(p.numel() for p in pipeline.transformer.parameters()),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
        },
        "batches": [
            row for size in arguments.pixels for row in batches(pipeline, size=size, **options)
        ],
        "studies": [
            study(pipeline, size=min(arguments.pixels), batch_size=batch_size, **options)
            for batch_size in (1, 8)
        ],
    }
    RESULTS.with_suffix(".json").write_text(json.dumps(results, indent=2) + "\n")
    RESULTS.with_suffix(".md").write_text(table(results))
    print(table(results))


if __name__ == "__main__":
    main()
