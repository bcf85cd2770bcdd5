"""Compare the surrogate chart with that of the published package 0.1.2.

    python benchmarks/surrogate_chart/run.py --reference-python path/to/python

The reference interpreter is one of an environment in which ``latent-spaces-by-example==0.1.2`` is
installed. Both run on one thread, in turns, in processes of their own. Writes
``benchmarks/results/surrogate_chart.json`` and ``.md``; exits with 1 if a figure is missed.
Linux only: the peak of memory is the kernel's.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RESULTS = HERE.parent / "results"
DTYPES = ("float64", "float32")
ROUNDS = 5
# Two equal times come out this far apart.
RESOLUTION = 0.03
SIZE = {"seeds": 24, "dimensions": 2_000_000, "batch": 8}
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


def measure(python: str, *, dtype: str, builds: int, source: Path | None) -> dict:
    environment = {**os.environ, **ONE_THREAD}
    environment.pop("PYTHONPATH", None)
    if source is not None:
        environment["PYTHONPATH"] = str(source)
    options = {**SIZE, "dtype": dtype, "builds": builds, "maps": 25}
    flags = [f"--{name}={value}" for name, value in options.items()]
    command = [python, str(HERE / "worker.py"), *flags]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


def compare(reference_python: str, *, dtype: str) -> dict:
    runs: dict[str, list[dict]] = {"reference": [], "ours": []}
    for number in range(ROUNDS):
        # In turns, so that a slow spell of the machine falls on both.
        print(f"{dtype}: round {number + 1} of {ROUNDS}", file=sys.stderr)
        runs["reference"].append(measure(reference_python, dtype=dtype, builds=1, source=None))
        runs["ours"].append(measure(sys.executable, dtype=dtype, builds=5, source=ROOT / "src"))
    # Other work on the machine only ever adds time, so the least is nearest to the truth; of
    # memory, the most.
    result = {
        side: {
            "build_seconds": min(run["build_seconds"] for run in runs[side]),
            "map_seconds": min(run["map_seconds"] for run in runs[side]),
            "peak_over_seeds_and_result": max(
                run["peak_over_seeds_and_result"] for run in runs[side]
            ),
            "result_dtype": runs[side][0]["result_dtype"],
            "versions": runs[side][0]["versions"],
        }
        for side in runs
    }
    for figure in ("build", "map"):
        name = f"{figure}_seconds"
        result[f"{figure}_speedup"] = result["reference"][name] / result["ours"][name]
    return result


def checks(results: dict) -> list[tuple[str, float, str, float, bool]]:
    rows = []
    for dtype in DTYPES:
        result = results[dtype]
        floor = {"float64": 1.0, "float32": 1.6}[dtype]
        rows += [
            (f"{dtype}: build, times faster", result["build_speedup"], "at least", 40.0),
            (f"{dtype}: u -> z, times faster", result["map_speedup"], "at least", floor),
            (
                f"{dtype}: peak memory / (seeds + result)",
                result["ours"]["peak_over_seeds_and_result"],
                "at most",
                1.2,
            ),
        ]
    return [
        (
            what,
            value,
            bound,
            limit,
            value >= limit * (1.0 - RESOLUTION) if bound == "at least" else value <= limit,
        )
        for what, value, bound, limit in rows
    ]


def machine() -> dict:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {"cpu": models[0] if models else "unknown", "cores": os.cpu_count(), "threads used": 1}


def table(results: dict, rows: list) -> str:
    size = f"{SIZE['seeds']} seed latents of {SIZE['dimensions']:,} dimensions"
    where = results["machine"]
    lines = [
        "# Surrogate chart, against the published package 0.1.2",
        "",
        f"{size}, batch of {SIZE['batch']}; best of {ROUNDS} rounds in turns, one thread, "
        f"{where['cpu']} ({where['cores']} cores). Equal times come out within {RESOLUTION:.0%} of "
        "one another.",
        "",
        "    python benchmarks/surrogate_chart/run.py --reference-python path/to/python",
        "",
        "| figure | value | wanted | met |",
        "|---|---|---|---|",
    ]
    for what, value, bound, limit, met in rows:
        lines.append(f"| {what} | {value:.3g} | {bound} {limit:g} | {'yes' if met else '**no**'} |")
    lines += [
        "",
        "| | build, s | u -> z, s | peak / (seeds + result) | dtype of z | numpy | scipy |",
        "|---|---|---|---|---|---|---|",
    ]
    for dtype in DTYPES:
        for side, name in (("reference", "0.1.2"), ("ours", "this")):
            figures, versions = results[dtype][side], results[dtype][side]["versions"]
            lines.append(
                f"| {dtype}, {name} | {figures['build_seconds']:.4f} | "
                f"{figures['map_seconds']:.4f} | {figures['peak_over_seeds_and_result']:.2f} | "
                f"{figures['result_dtype']} | {versions['numpy']} | {versions['scipy']} |"
            )
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference-python", required=True)
    reference_python = parser.parse_args().reference_python
    results: dict = {"machine": machine(), "size": SIZE, "rounds": ROUNDS}
    for dtype in DTYPES:
        results[dtype] = compare(reference_python, dtype=dtype)
    rows = checks(results)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "surrogate_chart.json").write_text(json.dumps(results, indent=2) + "\n")
    text = table(results, rows)
    (RESULTS / "surrogate_chart.md").write_text(text)
    print(text)
    return 0 if all(met for *_, met in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
