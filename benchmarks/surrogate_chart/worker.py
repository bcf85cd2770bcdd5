"""Time, or measure the memory of, whichever version of the package this interpreter imports."""

import argparse
import json
import platform
import resource
import time
from importlib.metadata import version

import numpy as np
import scipy

from latent_spaces_by_example import knothe_rosenblatt_surrogate_chart


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def timed(function, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
        del result
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dtype", required=True)
    parser.add_argument("--seeds", type=int, required=True)
    parser.add_argument("--dimensions", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--builds", type=int, required=True)
    parser.add_argument("--maps", type=int, required=True)
    arguments = parser.parse_args()

    before = resident_bytes()
    rng = np.random.default_rng(0)
    shape = (arguments.seeds, arguments.dimensions)
    seeds = rng.standard_normal(shape, dtype=np.dtype(arguments.dtype))
    u = rng.random((arguments.batch, arguments.seeds - 1))

    # Memory first: the peak of one build and one map is the process's peak so far.
    chart = knothe_rosenblatt_surrogate_chart(seeds)
    z = chart.from_u_to_z(u)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    result = {
        "peak_over_seeds_and_result": (peak - before) / (seeds.nbytes + z.nbytes),
        "result_dtype": str(z.dtype),
        "map_seconds": timed(lambda: chart.from_u_to_z(u), arguments.maps),
        "build_seconds": timed(lambda: knothe_rosenblatt_surrogate_chart(seeds), arguments.builds),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
        },
    }
    try:
        result["versions"]["latent-spaces-by-example"] = version("latent-spaces-by-example")
    except ModuleNotFoundError:
        result["versions"]["latent-spaces-by-example"] = "source tree"
    print(json.dumps(result))


if __name__ == "__main__":
    main()
