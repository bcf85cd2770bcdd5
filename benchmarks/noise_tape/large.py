"""Measure a study of a sampler that draws 16 million numbers: 12 evaluations, time and memory.

    python benchmarks/noise_tape/large.py

The sampler itself only draws and adds up, so that the time is the tape's and the study's. Writes
``benchmarks/results/noise_tape_large.md``; exits with 1 if a figure is missed.
"""

import resource
import sys
import time
from pathlib import Path

import torch

import latent_spaces_by_example as lsbe

RESULT = Path(__file__).parents[1] / "results" / "noise_tape_large.md"
NUM_DRAWS, SIZE = 16, 1_000_000
BUDGET = 12
MOST_SECONDS, MOST_BYTES = 25.0, 1e9


def sampler():
    total = torch.zeros(SIZE)
    for _ in range(NUM_DRAWS):
        total += torch.randn(SIZE)
    return total.reshape(1000, 1000)[::100, ::100].clone()


def main():
    torch.set_num_threads(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    start, used = time.perf_counter(), time.process_time()
    tape = lsbe.generators.noise_tape(sampler, name="sixteen million")
    recorded = time.process_time() - used
    lsbe.optimise(tape, lambda outputs: [float(x.max()) for x in outputs], budget=BUDGET)
    used, wall = time.process_time() - used, time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    met = used <= MOST_SECONDS and peak <= MOST_BYTES
    RESULT.write_text(
        "# Noise tape: 16 million numbers\n\n"
        f"{NUM_DRAWS} draws of {SIZE:,} numbers, a study of {BUDGET} evaluations, one thread, "
        f"torch {torch.__version__}. `python benchmarks/noise_tape/large.py`\n\n"
        "| | measured | wanted |\n|---|---|---|\n"
        f"| process time, s | {used:.1f}, of which recording and check {recorded:.1f} | at most "
        f"{MOST_SECONDS:.0f} |\n"
        f"| elapsed on a busy machine, s | {wall:.1f} | |\n"
        f"| largest memory, GB | {peak / 1e9:.2f}, of which imports {before / 1e9:.2f} | at most "
        f"{MOST_BYTES / 1e9:.0f} |\n"
    )
    print(RESULT.read_text())
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
