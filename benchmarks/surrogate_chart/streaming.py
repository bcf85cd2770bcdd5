"""Memory and time of a study's seed latents that are drawn anew when needed, and of small ones.

    python benchmarks/surrogate_chart/streaming.py

Large: 500 prior draws of 2,000,000 numbers in float32, 4 GB if they were all in memory: their Gram
matrix, and one combination of all of them. Small: what a proposal costs for 500 draws of 4,096
numbers, which are kept. Everything on one thread; times are of
the clock, so other work on the machine makes them longer. Linux only: the peak is the kernel's.
Writes ``benchmarks/results/streaming.json`` and ``.md``.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from latent_spaces_by_example.space import spanned_by

RESULTS = Path(__file__).parents[1] / "results"


class Model:
    """Draws as a model of float32 latents does; generates nothing."""

    def __init__(self, num_dims: int) -> None:
        self.latent_shape = (num_dims,)

    def latent_from_random_seed(self, random_seed: int) -> np.ndarray:
        rng = np.random.default_rng(random_seed)
        return rng.standard_normal(self.latent_shape, dtype=np.float32)


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def seconds(function, rounds: int = 1) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def unit_weights(num_seeds: int) -> np.ndarray:
    weights = np.random.default_rng(0).standard_normal((1, num_seeds))
    return weights / np.linalg.norm(weights)


def measure(num_seeds: int, num_dims: int, *, rounds: int) -> dict:
    before = peak_megabytes()
    start = time.perf_counter()
    space = spanned_by(Model(num_dims), num_prior_seeds=num_seeds)
    gram = time.perf_counter() - start
    weights = unit_weights(num_seeds)
    combination = seconds(lambda: space.from_w_to_z(weights), rounds)
    correlation = seconds(lambda: space.correlation_of(num_seeds), rounds)
    grown = seconds(lambda: space.seeds.extend_to(space.num_seeds + 1), rounds)
    return {
        "seed_latents": num_seeds,
        "dimensions": num_dims,
        "all_of_them_megabytes": num_seeds * num_dims * 4 / 2**20,
        "peak_megabytes_over_start": peak_megabytes() - before,
        "gram_seconds": gram,
        "combination_seconds": combination,
        "correlation_seconds": correlation,
        "one_more_draw_seconds": grown,
    }


def table(rows: list[dict]) -> str:
    lines = [
        "# Seed latents that are drawn anew when needed",
        "",
        "float32, one thread, times of the clock: other work on the machine makes them longer. "
        "At most 256 MB of seed latents are kept, and at most 320 MB are in memory besides while "
        "they are added up.",
        "",
        "    python benchmarks/surrogate_chart/streaming.py",
        "",
        "| seed latents | dimensions | all of them, MB | peak over start, MB | drawn, and Gram "
        "matrix, s | one combination, s | cosines, ms | one more draw, s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['seed_latents']} | {row['dimensions']:,} "
            f"| {row['all_of_them_megabytes']:,.0f} | {row['peak_megabytes_over_start']:,.0f} "
            f"| {row['gram_seconds']:.3g} | {row['combination_seconds']:.3g} "
            f"| {1e3 * row['correlation_seconds']:.3g} | {row['one_more_draw_seconds']:.3g} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed-latents", type=int, default=500)
    parser.add_argument("--dimensions", type=int, default=2_000_000)
    asked = parser.parse_args()
    threadpool_limits(limits=1)
    rows = [
        measure(500, 4096, rounds=20),
        measure(24, 262_144, rounds=20),
        measure(asked.seed_latents, asked.dimensions, rounds=1),
    ]
    (RESULTS / "streaming.json").write_text(json.dumps(rows, indent=2) + "\n")
    (RESULTS / "streaming.md").write_text(table(rows))
    print(table(rows))


if __name__ == "__main__":
    main()
