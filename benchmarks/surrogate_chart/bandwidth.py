"""Chart and combination, u -> z, against the floor that memory bandwidth sets in the same run.

    python benchmarks/surrogate_chart/bandwidth.py [--device cuda]

The floor is the time in which a copy of the same memory moves as many bytes as combining must: the
seed latents read once, the latents written once. On the host there is a second floor: the time of
reading the seed latents alone, and that of filling new memory of the latents' size, one after the
other. A copy reads half of its bytes, where combining reads three quarters, and it writes to memory
that is there already, where a result needs new memory, which the system clears first.

On the host everything runs on one thread, NumPy and PyTorch, and times are of the processor, since
others may be at work on the machine; on a device, PyTorch, and times are of the clock. Writes
``benchmarks/results/surrogate_chart_bandwidth_*``.
"""

import argparse
import json
import os
import platform
import time
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits

import latent_spaces_by_example as lsbe

RESULTS = Path(__file__).parents[1] / "results"
NUM_SEEDS, BATCH, ROUNDS = 24, 8, 40
SIZES = (262_144, 2_000_000)
TARGET = 0.7


def timed(function, device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    clock = time.perf_counter if device == "cuda" else time.process_time
    start = clock()
    function()
    if device == "cuda":
        torch.cuda.synchronize()
    return clock() - start


def measure(seeds, *, device: str) -> dict:
    """Copy, chart and u -> z in turns, so that a slow spell of the machine falls on all three."""
    chart = lsbe.knothe_rosenblatt_surrogate_chart(seeds)
    u = np.random.default_rng(0).random((BATCH, NUM_SEEDS - 1))
    is_tensor = isinstance(seeds, torch.Tensor)
    target = torch.empty_like(seeds) if is_tensor else np.empty_like(seeds)
    if is_tensor and device == "cpu":
        # as bytes, by the C library's copy: PyTorch's own is slower, and would set a lower floor
        source, sink = (tensor.view(torch.uint8).numpy() for tensor in (seeds, target))
    else:
        source, sink = seeds, target

    result = seeds.nbytes * BATCH // NUM_SEEDS // 8
    words = None if device == "cuda" else source.reshape(-1).view(np.int64)

    def copy():
        sink.copy_(source) if device == "cuda" else np.copyto(sink, source)

    parts = {
        "copy": copy,
        "read": lambda: None if device == "cuda" else words.max(),
        "fill": lambda: None if device == "cuda" else np.empty(result, words.dtype).fill(1),
        "chart": lambda: chart.from_u_to_w(u),
        "map": lambda: chart.from_u_to_z(u),
    }
    # the least of many: other work on the machine only ever adds time
    best = dict.fromkeys(parts, float("inf"))
    for _ in range(ROUNDS):
        for name, function in parts.items():
            best[name] = min(best[name], timed(function, device))
    bandwidth = 2 * seeds.nbytes / best["copy"]
    floor = seeds.nbytes * (1 + BATCH / NUM_SEEDS) / bandwidth
    return {
        "dimensions": int(seeds.shape[1]),
        "library": "torch" if is_tensor else "numpy",
        "dtype": str(seeds.dtype).removeprefix("torch."),
        "copy_gigabytes_per_second": bandwidth / 1e9,
        "floor_seconds": floor,
        "chart_seconds": best["chart"],
        "map_seconds": best["map"],
        "share_of_bandwidth": floor / best["map"],
        "read_and_fill_seconds": None if device == "cuda" else best["read"] + best["fill"],
    }


def every_kind(device: str):
    generator = torch.Generator().manual_seed(0)
    for size in SIZES:
        seeds = torch.randn(NUM_SEEDS, size, generator=generator)
        if device == "cpu":
            yield seeds.numpy()
            yield seeds.numpy().astype(np.float64)
        for dtype in (torch.float32, torch.bfloat16):
            yield seeds.to(device, dtype)


def machine(device: str) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name()
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{models[0] if models else 'unknown'} ({os.cpu_count()} cores), one thread"


def table(results: dict) -> str:
    lines = [
        "# Chart and combination, against the memory-bandwidth floor",
        "",
        f"{NUM_SEEDS} seed latents, batch of {BATCH}, u to z; least of {ROUNDS} rounds in turns; "
        f"{results['machine']}. Wanted: {TARGET:.0%} of a copy's bandwidth at 2,000,000.",
        "",
        f"    python benchmarks/surrogate_chart/bandwidth.py --device {results['device']}",
        "",
        "| dimensions | library | dtype | copy GB/s | floor, ms | read and fill, ms "
        "| chart, ms | u to z, ms | share of bandwidth | of read and fill |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in results["rows"]:
        reading = row["read_and_fill_seconds"]
        cells = [
            f"{row['dimensions']:,}",
            row["library"],
            row["dtype"],
            f"{row['copy_gigabytes_per_second']:.1f}",
            f"{1e3 * row['floor_seconds']:.2f}",
            "" if reading is None else f"{1e3 * reading:.2f}",
            f"{1e3 * row['chart_seconds']:.2f}",
            f"{1e3 * row['map_seconds']:.2f}",
            f"{row['share_of_bandwidth']:.0%}",
            "" if reading is None else f"{reading / row['map_seconds']:.0%}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    device = parser.parse_args().device
    torch.set_num_threads(1)
    threadpool_limits(limits=1)
    results = {
        "machine": machine(device),
        "device": device,
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
        },
        "rows": [measure(seeds, device=device) for seeds in every_kind(device)],
    }
    path = RESULTS / f"surrogate_chart_bandwidth_{device}"
    path.with_suffix(".json").write_text(json.dumps(results, indent=2) + "\n")
    path.with_suffix(".md").write_text(table(results))
    print(table(results))


if __name__ == "__main__":
    main()
