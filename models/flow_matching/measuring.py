"""What a shipped generator costs, for the cards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import latent_spaces_by_example
from latent_spaces_by_example.generators import Generator

_NUM, _NUM_SINGLE, _NUM_LOADS = 500, 20, 5
_LOAD = """
import sys, time
begun = time.perf_counter()
from latent_spaces_by_example import generators
generators.load(sys.argv[1])
print(time.perf_counter() - begun)
"""


def package_of(name: str) -> Path:
    """The folder in which a generator is shipped."""
    return Path(latent_spaces_by_example.__file__).parent / "zoo" / name


def significant(value: float, digits: int = 3) -> float:
    """``value`` to so many significant digits."""
    return float(f"{value:.{digits}g}")


def costs(name: str, generator: Generator, *, one: str) -> dict[str, float]:
    """Size, time to load and speed of the generator of a name; ``one`` is what it makes."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    loads = [
        float(subprocess.check_output([sys.executable, "-c", _LOAD, name], env=environment))
        for _ in range(_NUM_LOADS)
    ]
    z = np.random.default_rng(0).standard_normal((_NUM, *generator.latent_shape))
    begun = time.perf_counter()
    outputs = generator.generate(z)
    middle = time.perf_counter()
    generator.invert(outputs)
    end = time.perf_counter()
    for i in range(_NUM_SINGLE):
        generator.generate(z[i : i + 1])
    last = time.perf_counter()
    return {
        "files in bytes": sum(p.stat().st_size for p in package_of(name).iterdir() if p.is_file()),
        "load in seconds, median of 5 processes": significant(float(np.median(loads))),
        f"{one}s a second, one thread, batch of 500": significant(_NUM / (middle - begun)),
        "inverted a second, one thread, batch of 500": significant(_NUM / (end - middle)),
        f"one {one} in milliseconds": significant(1e3 * (last - end) / _NUM_SINGLE),
    }
