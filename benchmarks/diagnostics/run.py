"""Measure how often ``diagnose`` is wrong: false alarms on true prior draws, and what it misses.

    python benchmarks/diagnostics/run.py false-alarms
    python benchmarks/diagnostics/run.py channels       # faults of a quarter of the channels
    python benchmarks/diagnostics/run.py power          # all other faults
    python benchmarks/diagnostics/run.py report         # only the table again

Each part writes ``benchmarks/results/diagnostics/PART.json`` line by line, and leaves out what is
there already; the report is ``diagnostics.md`` beside it. Every set has a random generator of its
own, so any line can be repeated alone.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import json  # noqa: E402
import platform  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Iterable, Iterator  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import scipy  # noqa: E402
from scipy.ndimage import uniform_filter  # noqa: E402
from scipy.stats import beta, chi2  # noqa: E402

import latent_spaces_by_example as lsbe  # noqa: E402

RESULTS = Path(__file__).parents[1] / "results" / "diagnostics"
Array = np.ndarray
Line = dict[str, Any]
Effect = Callable[[Array, np.random.Generator], Array]
# effect, latent shape, latents in a set, sets, whether only one latent has the effect
Cell = tuple[str, tuple[int, ...], int, int, bool]

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


def in_channels(z: Array, _: np.random.Generator, *, shift: float = 0.0, by: float = 1.0) -> Array:
    """Shift and scale the first quarter of the channels."""
    z = z.copy()
    z[:, : z.shape[1] // 4] = by * z[:, : z.shape[1] // 4] + shift
    return z


def of_channels(shift: float, by: float) -> Effect:
    return lambda z, rng: in_channels(z, rng, shift=shift, by=by)


OF_CHANNELS: dict[str, Effect] = {
    **{f"shift {s} of 4 of 16 channels": of_channels(s, 1.0) for s in (0.12, 0.16, 0.2, 0.25)},
    **{f"scale {b} of 4 of 16 channels": of_channels(0.0, b) for b in (1.1, 1.15)},
}


def chi_square_finds(z: Array) -> bool:
    """The plainest test of channels: a chi-square of their means over all latents, at 0.1 %."""
    means = z.mean(axis=(0, *range(2, z.ndim)))
    return bool(chi2.sf(z[:, 0].size * (means**2).sum(), len(means)) < 1e-3)


def drawn(shape: tuple[int, ...], k: int, rng: np.random.Generator) -> Array:
    return rng.standard_normal((k, *shape))


def false_alarms(part: str = "false-alarms") -> None:
    cells = [(*cell, "sets") for cell in PRIOR]
    cells += [((4, 16, 16), 4, 40, "uniform float32"), *((*cell, "more") for cell in MORE)]
    for shape, k, sets, table in cells:
        key = {"shape": list(shape), "k": k, "table": table}
        if not _is_done(part, key):
            _add(part, {**key, "sets": sets, **_false_alarms_of(shape, k, sets, table=table)})


def _false_alarms_of(shape: tuple[int, ...], k: int, sets: int, *, table: str) -> Line:
    seconds, faults = 0.0, []
    uniform = lsbe.transport_maps.UniformTransportMap(resolution=2.0**-24)
    for number in range(sets):
        rng = np.random.default_rng([k, number, *table.encode(), *shape])
        if table == "uniform float32":
            z, law = rng.random((k, *shape), dtype=np.float32), uniform
        else:
            z, law = drawn(shape, k, rng), None
        start = time.process_time()
        found = lsbe.diagnose(z if number % 2 else z.astype(np.float32), transport_map=law)
        seconds += time.process_time() - start
        if not found.ok:
            faults.append([*found.failed, *(f for latent in found.latents for f in latent.failed)])
    return {"alarms": len(faults), "faults": faults, "seconds_per_set": seconds / sets}


def channels() -> None:
    _measure("channels", ((name, (16, 16, 16), 2, 400, False) for name in OF_CHANNELS))


def power() -> None:
    _measure("power", _power_cells())


def _measure(part: str, cells: Iterable[Cell]) -> None:
    for name, shape, k, sets, only_one in cells:
        which = "one latent" if only_one else "all latents"
        which = "a pair" if name.startswith("correlation") else which
        key = {"effect": name, "shape": list(shape), "k": k, "in": which}
        if not _is_done(part, key):
            caught, by_chi_square = _caught(name, shape, k, sets, only_one)
            beside = {"by chi-square": by_chi_square} if name in OF_CHANNELS else {}
            _add(part, {**key, "sets": sets, "caught": caught, **beside})


def _power_cells() -> Iterator[Cell]:
    for name in EFFECTS:
        pair = name.startswith("correlation")
        for k in (2, 8) if pair else (1, 2, 8):
            yield name, (4, 32, 32), k, 400 if k == 1 else 100, False
        if not pair:
            yield name, (4, 32, 32), 8, 150, True
        yield name, (4, 64, 64), 2 if pair else 1, 100, False
        yield name, (4, 256, 256), 2 if pair else 1, 20, False
        for shape in [(8, 8), (16, 16), (4, 16, 16)]:
            for k in (2, 8) if pair else (1, 8):
                yield name, shape, k, 50, False
    for name in SMALLER:
        for k in (2, 8) if name.startswith("correlation") else (1, 8):
            yield name, (4, 32, 32), k, 100, False


def _caught(
    name: str, shape: tuple[int, ...], k: int, sets: int, only_one: bool
) -> tuple[int, int]:
    caught = by_chi_square = 0
    effect = {**EFFECTS, **SMALLER, **OF_CHANNELS}[name]
    for number in range(sets):
        rng = np.random.default_rng([3, k, number, *name.encode(), *shape])
        z = drawn(shape, k, rng)
        if only_one:
            z[:1] = effect(z[:1], rng)
        else:
            z = effect(z, rng)
        caught += not lsbe.diagnose(z).ok
        by_chi_square += name in OF_CHANNELS and chi_square_finds(z)
    return caught, by_chi_square


def report() -> None:
    lines = ["# How often `diagnose` is wrong", ""]
    alarms = json.loads((RESULTS / "false-alarms.json").read_text())
    lines += [_facts(alarms), "", *_alarm_tables(alarms["sets"])]
    caught = json.loads((RESULTS / "power.json").read_text())
    lines += ["## What it catches", "", _facts(caught), "", *_power_table(caught["sets"])]
    caught = json.loads((RESULTS / "channels.json").read_text())
    lines += ["", "## Faults of channels", "", _facts(caught), "", *_channel_table(caught["sets"])]
    (RESULTS / "diagnostics.md").write_text("\n".join(lines) + "\n")


def _alarm_tables(cells: list[Line]) -> Iterator[str]:
    yield "## False alarms on true prior draws, at the default level"
    yield ""
    titles = {
        "sets": "Sets of 1 to 64 latents, 64 to 262,144 dimensions, float32 and float64",
        "more": "More sets, of the small shapes",
        "uniform float32": "float32 draws uniform on [0, 1), through UniformTransportMap",
    }
    for table, title in titles.items():
        of_table = [cell for cell in cells if cell["table"] == table]
        if of_table:
            sets, alarms = (sum(cell[name] for cell in of_table) for name in ("sets", "alarms"))
            share = f"{alarms / sets:.2%}; 95 % interval {_interval(alarms, sets)}"
            yield f"{title}: **{alarms} of {sets}** ({share})."
            yield ""
    yield "| shape | latents | sets | alarms | seconds of CPU per set |"
    yield "|---|---|---|---|---|"
    for cell in cells:
        shape = " x ".join(map(str, cell["shape"]))
        yield (
            f"| {shape} | {cell['k']} | {cell['sets']} | {cell['alarms']} | "
            f"{cell['seconds_per_set']:.3f} |"
        )
    yield ""


def _power_table(cells: list[Line]) -> Iterator[str]:
    yield "| what is wrong | in | shape | latents | sets | caught | 95 % interval |"
    yield "|---|---|---|---|---|---|---|"
    for cell in cells:
        shape = " x ".join(map(str, cell["shape"]))
        yield (
            f"| {cell['effect']} | {cell['in']} | {shape} | {cell['k']} | {cell['sets']} | "
            f"{cell['caught'] / cell['sets']:.1%} | {_interval(cell['caught'], cell['sets'])} |"
        )


def _channel_table(cells: list[Line]) -> Iterator[str]:
    yield "Two latents of shape 16 x 16 x 16, beside a chi-square of the channels' means at 0.1 %."
    yield ""
    yield "| what is wrong | sets | caught | by the chi-square of means |"
    yield "|---|---|---|---|"
    for cell in cells:
        sets = cell["sets"]
        caught, plain = (f"{cell[key] / sets:.1%}" for key in ("caught", "by chi-square"))
        yield f"| {cell['effect']} | {sets} | {caught} | {plain} |"


def _interval(hits: int, of: int) -> str:
    """Clopper and Pearson's 95 % interval."""
    low = beta.ppf(0.025, hits, of - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, of - hits) if hits < of else 1.0
    return f"{low:.2%} to {high:.2%}"


def _facts(found: Line) -> str:
    return ", ".join(f"{key} {value}" for key, value in found["made_with"].items()) + "."


def _lines(part: str) -> list[Line]:
    path = RESULTS / f"{part}.json"
    return json.loads(path.read_text())["sets"] if path.is_file() else []


def _is_done(part: str, key: Line) -> bool:
    return any(all(line[name] == key[name] for name in key) for line in _lines(part))


def _add(part: str, line: Line) -> None:
    print(line, flush=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    made_with = {
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "SciPy": scipy.__version__,
        "latent-spaces-by-example": lsbe.__version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, one thread",
        "CPU": _cpu(),
    }
    lines = [json.dumps(found) for found in [*_lines(part), line]]
    body = ",\n  ".join(lines)
    text = f'{{"made_with": {json.dumps(made_with)},\n "sets": [\n  {body}\n]}}\n'
    (RESULTS / f"{part}.json").write_text(text)


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


if __name__ == "__main__":
    parts = {
        "false-alarms": false_alarms,
        "channels": channels,
        "power": power,
        "report": report,
    }
    if len(sys.argv) != 2 or sys.argv[1] not in parts:
        raise SystemExit(f"usage: python {sys.argv[0]} {'|'.join(parts)}")
    parts[sys.argv[1]]()
