"""What one proposal of the default search costs, by the number of scored points.

    python benchmarks/search/proposal.py

First: the model is fitted anew, as after a restart. Next: it was fitted for the proposal before,
as for most. Of no failed trials, and with every fifth one failed. Writes ``proposal.md``;
processor time of one thread, medians of five.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import argparse  # noqa: E402
import platform  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from black_box import BlackBox  # noqa: E402
from default import SeedLatents  # noqa: E402
from tasks import load as load_task  # noqa: E402

from latent_spaces_by_example.search import History, SearchSpace, load  # noqa: E402
from latent_spaces_by_example.search.latent_gp import process  # noqa: E402

TASK = "rugged-4096"
SIZES = (20, 50, 100, 200, 500, 1000)


def history(num_trials: int, seeds: SeedLatents, box: BlackBox, *, failing: bool) -> History:
    """A history of a climb: each trial is a step from the one before, and has a seed of its own."""
    failed = failing & (np.arange(num_trials) % 5 == 4)
    weights = np.eye(num_trials)
    for row in range(8, num_trials):
        weights[row] = 0.95 * weights[row - 1] + 0.3 * np.eye(num_trials)[row]
        weights[row] /= np.linalg.norm(weights[row])
    seeds.correlation(num_trials)
    scores = np.array([box(seeds.latent(w)) for w in weights])
    return History(
        space=SearchSpace(
            correlation=seeds.correlation(num_trials),
            num_given=0,
            num_latent_dims=box.dims,
            within_span=False,
            draw=lambda m: seeds.correlation(num_trials + m),
        ),
        weights=weights,
        scores=np.where(failed, np.nan, scores),
        finished=~failed,
        failed=failed,
    )


def seconds(past: History) -> tuple[float, float]:
    """Of a first proposal and of the next one."""
    first, following = [], []
    search = load("latent-gp")
    for repeat in range(5):
        process._most_probable.cache_clear()
        for found in (first, following):
            start = time.process_time()
            search.propose(past, 1, np.random.default_rng(repeat))
            found.append(time.process_time() - start)
    return statistics.median(first), statistics.median(following)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    out = Path(__file__).parents[1] / "results" / "search" / "proposal.md"
    parser.add_argument("--out", type=Path, default=out)
    arguments = parser.parse_args()
    lines = [
        f"One proposal of the default search, processor seconds of one thread; Python "
        f"{platform.python_version()}, numpy {np.__version__}; {platform.machine()}. First: the "
        "model is fitted anew. Next: it was fitted before.",
        "",
        "| trials | first | next | first, a fifth failed | next, a fifth failed |",
        "|---|---|---|---|---|",
    ]
    for size in SIZES:
        cells = []
        for failing in (False, True):
            box = BlackBox(load_task(TASK), 0, size)
            # of an odd number, since after an even one the proposal is blind, and costs less
            cells += seconds(history(size - 1, SeedLatents(box), box, failing=failing))
        lines.append(f"| {size} | {' | '.join(f'{cell:.3f}' for cell in cells)} |")
    arguments.out.write_text("\n".join(lines) + "\n")
    print(arguments.out.read_text())


if __name__ == "__main__":
    main()
