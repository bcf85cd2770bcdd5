"""Measure how often ``diagnose`` is wrong: false alarms on true prior draws, and what it misses.

    python benchmarks/diagnostics/run.py false-alarms
    python benchmarks/diagnostics/run.py power
    python benchmarks/diagnostics/run.py report         # only the table again

Each part writes ``benchmarks/results/diagnostics/PART.json``, the report ``diagnostics.md``
beside it. Every set has a random generator of its own, so any line can be repeated alone.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import json  # noqa: E402
import platform  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import scipy  # noqa: E402
from scipy.ndimage import uniform_filter  # noqa: E402
from scipy.stats import beta  # noqa: E402

import latent_spaces_by_example as lsbe  # noqa: E402

RESULTS = Path(__file__).parents[1] / "results" / "diagnostics"
Array = np.ndarray
Effect = Callable[[Array, np.random.Generator], Array]

# latent shape, latents in a set, how many sets: 2,000 of the first table, shared out by cost
PRIOR = [
    *[(shape, k, 50) for shape in [(64,), (8, 8), (4, 4, 4)] for k in (1, 2, 8, 64)],
    *[(shape, k, 30) for shape in [(256,), (16, 16), (77, 8), (16, 8, 8)] for k in (1, 8, 32)],
    *[(shape, k, 40) for shape in [(1024,), (4, 16, 16), (64, 16)] for k in (1, 8, 32)],
    *[(shape, k, 40) for shape in [(4096,), (4, 32, 32), (64, 64), (16, 4, 8, 8)] for k in (1, 8)],
    *[(shape, k, 30) for shape in [(16384,), (4, 64, 64)] for k in (1, 8)],
    *[(shape, k, 30) for shape in [(65536,), (4, 128, 128)] for k in (1, 4)],
    *[(shape, k, 20) for shape in [(262144,), (4, 256, 256), (4096, 64)] for k in (1, 3)],
]
# and many more of the small ones, where laws are least like their limits
MORE = [
    *[(shape, k, 1200) for shape in [(64,), (8, 8)] for k in (1, 8)],
    *[(shape, k, 600) for shape in [(16, 16), (4, 16, 16)] for k in (1, 8)],
]


def blur(z: Array, _: np.random.Generator, *, share: float = 0.2) -> Array:
    """Each channel with so much of its own 3 x 3 blur mixed in, then of unit variance again."""
    size = (1,) * (z.ndim - 2) + (3, 3)
    mixed = (1 - share) * z + share * uniform_filter(z, size, mode="reflect")
    return mixed / np.sqrt(np.mean(mixed**2, axis=tuple(range(1, z.ndim)), keepdims=True))


def student(z: Array, rng: np.random.Generator, *, degrees: float = 5.0) -> Array:
    return rng.standard_t(degrees, z.shape) / np.sqrt(degrees / (degrees - 2))


def correlated(z: Array, _: np.random.Generator, *, by: float = 0.2) -> Array:
    z = z.copy()
    z[1] = by * z[0] + np.sqrt(1 - by**2) * z[1]
    return z


EFFECTS: dict[str, Effect] = {
    "scale 1.05": lambda z, _: 1.05 * z,
    "scale 0.95": lambda z, _: 0.95 * z,
    "shift 0.1": lambda z, _: z + 0.1,
    "Student t, 5 degrees": student,
    "3 x 3 blur at 20 %": blur,
    "correlation 0.2": correlated,
}
SMALLER: dict[str, Effect] = {
    "scale 1.02": lambda z, _: 1.02 * z,
    "shift 0.05": lambda z, _: z + 0.05,
    "Student t, 10 degrees": lambda z, rng: student(z, rng, degrees=10.0),
    "3 x 3 blur at 10 %": lambda z, rng: blur(z, rng, share=0.1),
    "correlation 0.1": lambda z, rng: correlated(z, rng, by=0.1),
}


def drawn(shape: tuple[int, ...], k: int, rng: np.random.Generator) -> Array:
    return rng.standard_normal((k, *shape))


def false_alarms() -> None:
    lines = [_false_alarms_of(*cell, part=0) for cell in PRIOR]
    more = [_false_alarms_of(*cell, part=1) for cell in MORE]
    uniform = _false_alarms_of((4, 16, 16), 4, 200, part=2)
    _write("false-alarms", {"sets": lines, "more": more, "uniform_float32": uniform})


def _false_alarms_of(shape: tuple[int, ...], k: int, sets: int, *, part: int) -> dict[str, object]:
    alarms, seconds, faults = 0, 0.0, []
    transport_map = lsbe.transport_maps.UniformTransportMap(resolution=2.0**-24)
    for number in range(sets):
        rng = np.random.default_rng([part, k, number, *shape])
        if part == 2:
            z, law = rng.random((k, *shape), dtype=np.float32), transport_map
        else:
            z, law = drawn(shape, k, rng), None
        start = time.process_time()
        found = lsbe.diagnose(z if number % 2 else z.astype(np.float32), transport_map=law)
        seconds += time.process_time() - start
        if not found.ok:
            alarms += 1
            faults.append([*found.failed, *(f for latent in found.latents for f in latent.failed)])
    line = {"shape": shape, "k": k, "sets": sets, "alarms": alarms, "faults": faults}
    print(line, flush=True)
    return {**line, "seconds_per_set": seconds / sets}


def power() -> None:
    lines = [_power_of(*cell) for cell in _power_cells()]
    _write("power", {"sets": lines})


def _power_cells() -> Iterator[tuple[str, tuple[int, ...], int, int, bool]]:
    """Effect, latent shape, latents in a set, sets, whether only one latent has the effect."""
    for name in EFFECTS:
        pair = name.startswith("correlation")
        for k in (2, 8) if pair else (1, 2, 8):
            yield name, (4, 32, 32), k, 1000 if k < 8 else 300, False
        if not pair:
            yield name, (4, 32, 32), 8, 300, True
        yield name, (4, 64, 64), 2 if pair else 1, 300, False
        yield name, (4, 256, 256), 2 if pair else 1, 20, False
        for shape in [(8, 8), (16, 16), (4, 16, 16)]:
            for k in (2, 8) if pair else (1, 8):
                yield name, shape, k, 100, False
    for name in SMALLER:
        for k in (2, 8) if name.startswith("correlation") else (1, 8):
            yield name, (4, 32, 32), k, 200, False


def _power_of(
    name: str, shape: tuple[int, ...], k: int, sets: int, only_one: bool
) -> dict[str, object]:
    caught = 0
    effect = {**EFFECTS, **SMALLER}[name]
    for number in range(sets):
        rng = np.random.default_rng([3, k, number, *name.encode(), *shape])
        z = drawn(shape, k, rng)
        if only_one:
            z[:1] = effect(z[:1], rng)
        else:
            z = effect(z, rng)
        caught += not lsbe.diagnose(z).ok
    which = "one latent" if only_one else "all latents"
    which = "a pair" if name.startswith("correlation") else which
    line = {"effect": name, "shape": shape, "k": k, "in": which, "sets": sets, "caught": caught}
    print(line, flush=True)
    return line


def report() -> None:
    lines = ["# How often `diagnose` is wrong", ""]
    alarms = json.loads((RESULTS / "false-alarms.json").read_text())
    lines += [_facts(alarms), "", *_alarm_tables(alarms)]
    caught = json.loads((RESULTS / "power.json").read_text())
    lines += ["## What it catches", "", _facts(caught), "", *_power_table(caught["sets"])]
    (RESULTS / "diagnostics.md").write_text("\n".join(lines) + "\n")


def _alarm_tables(found: dict[str, list[dict[str, object]]]) -> Iterator[str]:
    yield "## False alarms on true prior draws, at the default level of 0.005"
    yield ""
    titles = {
        "sets": "Sets of 1 to 64 latents, 64 to 262,144 dimensions, float32 and float64",
        "more": "More sets, of the small shapes",
    }
    for key, title in titles.items():
        cells = found[key]
        sets, alarms = (sum(cell[name] for cell in cells) for name in ("sets", "alarms"))
        yield f"{title}: **{alarms} of {sets} ({alarms / sets:.2%}; {_interval(alarms, sets)})**."
        yield ""
    uniform = found["uniform_float32"]
    yield (
        f"float32 draws uniform on [0, 1) through UniformTransportMap: "
        f"{uniform['alarms']} of {uniform['sets']}."
    )
    yield ""
    yield "| shape | latents | sets | alarms | seconds of CPU per set |"
    yield "|---|---|---|---|---|"
    for cell in [*found["sets"], *found["more"]]:
        shape = " x ".join(map(str, cell["shape"]))
        yield (
            f"| {shape} | {cell['k']} | {cell['sets']} | {cell['alarms']} | "
            f"{cell['seconds_per_set']:.3f} |"
        )
    yield ""


def _power_table(cells: list[dict[str, object]]) -> Iterator[str]:
    yield "| what is wrong | in | shape | latents | sets | caught | 95 % interval |"
    yield "|---|---|---|---|---|---|---|"
    for cell in cells:
        shape = " x ".join(map(str, cell["shape"]))
        yield (
            f"| {cell['effect']} | {cell['in']} | {shape} | {cell['k']} | {cell['sets']} | "
            f"{cell['caught'] / cell['sets']:.1%} | {_interval(cell['caught'], cell['sets'])} |"
        )


def _interval(hits: int, of: int) -> str:
    """Clopper and Pearson's 95 % interval."""
    low = beta.ppf(0.025, hits, of - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, of - hits) if hits < of else 1.0
    return f"{low:.2%} to {high:.2%}"


def _facts(found: dict[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in found["made_with"].items()) + "."


def _write(part: str, content: dict[str, object]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    made_with = {
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "SciPy": scipy.__version__,
        "latent-spaces-by-example": lsbe.__version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, one thread",
        "cpu": _cpu(),
    }
    text = json.dumps({"made_with": made_with, **content}, indent=1)
    (RESULTS / f"{part}.json").write_text(text + "\n")


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


if __name__ == "__main__":
    parts = {"false-alarms": false_alarms, "power": power, "report": report}
    if len(sys.argv) != 2 or sys.argv[1] not in parts:
        raise SystemExit(f"usage: python {sys.argv[0]} {'|'.join(parts)}")
    parts[sys.argv[1]]()
