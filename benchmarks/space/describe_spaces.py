"""Validity, uniqueness and stationarity of surrogate charts and of what people use instead.

    python benchmarks/space/describe_spaces.py

For both embedded generators, seed latents that are prior draws and inverted examples, K = 3 and 8:
`lsbe.describe` of ten sets of seed latents under each space; the same without a generator in
16,384 dimensions; latents of the right norm that are no prior draws; centroids. Takes about
ten minutes on an idle core and writes benchmarks/results/spaces.json and .md.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from baselines import LatentBox, LinearInterpolation, SphericalInterpolation, WeightBox
from seed_norms import Field, airfoil, digits

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.charts import AngularChart, KnotheRosenblattChart

OUT = Path(__file__).parents[1] / "results"
SETS, POINTS, DIMS = 10, 100, 16384
COLUMNS = {
    "norms_inside": "norm inside 99 %",
    "elements_rejected": "elements rejected",
    "outputs_valid": "valid",
    "nearest": "nearest real",
    "latent_ratio": "latent ratio",
    "output_ratio": "output ratio",
    "collapsed_faces": "faces",
    "by_u": "by u",
    "by_weights": "by w",
    "by_latents": "by latents",
    "latent_evenness": "latent unevenness",
    "output_evenness": "output unevenness",
}


def spaces(seeds: np.ndarray, *, latent_box: bool) -> dict[str, Callable[[], object]]:
    made = {
        "Knothe-Rosenblatt, shell": lambda: _chart(seeds, KnotheRosenblattChart(), "shell"),
        "Knothe-Rosenblatt, linear": lambda: _chart(seeds, KnotheRosenblattChart(), "linear"),
        "angular, shell": lambda: _chart(seeds, AngularChart(), "shell"),
        "straight lines": lambda: LinearInterpolation(seeds),
        "slerp": lambda: SphericalInterpolation(seeds),
        "box of weights": lambda: WeightBox(seeds),
    }
    if latent_box:
        made["box of latents"] = lambda: LatentBox(seeds.shape[1:])
    return made


def _chart(seeds: np.ndarray, weight_chart: object, combination: str) -> lsbe.SurrogateChart:
    return lsbe.SurrogateChart(seeds, weight_chart=weight_chart, combination=combination)


def figures_of(space: object, field: Field | None, *, random_seed: int) -> dict[str, float]:
    """The figures of one description, the rows of the space's own chart under plain names."""
    nearest: list[np.ndarray] = []

    def judged(outputs: np.ndarray) -> np.ndarray:
        found = field.judge(np.asarray(outputs))
        nearest.append(found["nearest"])
        return found["valid"] > 0.5

    description = lsbe.describe(
        space,
        None if field is None else field.generator,
        num_points=POINTS,
        random_seed=random_seed,
        output_features=None if field is None else lambda x: field.features(np.asarray(x)),
        output_valid=None if field is None else judged,
    )
    own = f"{description.stationarity[0].name}: "
    figures = {
        name.removeprefix(own): value
        for name, value in description.metrics().items()
        if ":" not in name or name.startswith(own)
    }
    if nearest:
        # the space's own points come first, then short steps from them and the other charts'
        figures["nearest"] = float(np.median(np.concatenate(nearest)[:POINTS]))
    return figures


def seed_sets(field: Field, *, num_seeds: int, kind: str) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(1)
    for _ in range(SETS):
        if kind == "prior draws":
            yield rng.standard_normal((num_seeds, *field.generator.latent_shape))
        else:
            chosen = rng.choice(len(field.examples), num_seeds, replace=False)
            yield field.generator.invert(field.examples[chosen])


def run_spaces(field: Field) -> list[dict]:
    cells = []
    for kind in ("prior draws", "examples"):
        for num_seeds in (3, 8):
            found: dict[str, list[dict]] = {}
            for number, seeds in enumerate(seed_sets(field, num_seeds=num_seeds, kind=kind)):
                # the box of latents has nothing to do with seeds: once is enough
                box = kind == "prior draws" and num_seeds == 3
                for name, make in spaces(seeds, latent_box=box).items():
                    found.setdefault(name, []).append(figures_of(make(), field, random_seed=number))
            cells.append({"seeds": kind, "K": num_seeds, "spaces": _summaries(found)})
            print(field.name, kind, num_seeds, time.strftime("%X"), flush=True)
    return cells


def run_without_generator() -> list[dict]:
    """Prior draws of many dimensions, with and without correlation between them."""
    cells = []
    rng = np.random.default_rng(2)
    for kind, correlation in (("prior draws", 0.0), ("correlation 0.3", 0.3)):
        found: dict[str, list[dict]] = {}
        for number in range(SETS):
            shared, own = rng.standard_normal((1, DIMS)), rng.standard_normal((8, DIMS))
            seeds = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own
            for name, make in spaces(seeds, latent_box=False).items():
                found.setdefault(name, []).append(figures_of(make(), None, random_seed=number))
        cells.append({"seeds": kind, "K": 8, "spaces": _summaries(found)})
    return cells


def _summaries(found: dict[str, list[dict]]) -> dict[str, dict]:
    result: dict[str, dict] = {}
    for name, rows in found.items():
        result[name] = {}
        for key in COLUMNS:
            values = np.array([row[key] for row in rows if key in row], dtype=float)
            if len(values):
                ends = np.isfinite(values).all()
                error = values.std(ddof=1) / np.sqrt(len(values)) if ends else float("nan")
                middle = values.mean() if ends else np.median(values)
                result[name][key] = [float(middle), float(error)]
    return result


def run_right_norms(field: Field) -> dict[str, dict]:
    """Latents of norm exactly sqrt(d) that differ in everything else."""
    shape = field.generator.latent_shape
    d = int(np.prod(shape))
    rng = np.random.default_rng(3)
    n = 500
    values = {
        "prior draws": rng.standard_normal((n, d)),
        "signs": rng.choice([-1.0, 1.0], size=(n, d)),
        "one element holds it all": np.eye(d)[rng.integers(d, size=n)]
        * rng.choice([-1.0, 1.0], size=(n, 1)),
        "one tenth of the elements holds it all": rng.standard_normal((n, d))
        * (rng.random((n, d)).argsort(axis=1) < max(2, d // 10)),
        "one value in all elements": np.ones((n, d)) * rng.choice([-1.0, 1.0], size=(n, 1)),
        "sorted prior draws": np.sort(rng.standard_normal((n, d)), axis=1),
        "neighbours alike (blurred prior draws)": _blurred(rng.standard_normal((n, d))),
    }
    return {name: _judged(field, _on_shell(z)) for name, z in values.items()}


def run_centroids(field: Field) -> dict[str, dict]:
    """The middle of K prior draws, by three formulas."""
    d = int(np.prod(field.generator.latent_shape))
    rng = np.random.default_rng(4)
    result = {}
    for num_seeds in (2, 8, 32):
        seeds = rng.standard_normal((300, num_seeds, d))
        mean = seeds.mean(axis=1)
        result[f"K = {num_seeds}, mean"] = _judged(field, mean)
        result[f"K = {num_seeds}, mean at norm sqrt(d)"] = _judged(field, _on_shell(mean))
        result[f"K = {num_seeds}, weights 1/sqrt(K)"] = _judged(field, np.sqrt(num_seeds) * mean)
    return result


def _blurred(z: np.ndarray) -> np.ndarray:
    return z + np.roll(z, 1, axis=1) + np.roll(z, -1, axis=1)


def _on_shell(z: np.ndarray) -> np.ndarray:
    return z * (np.sqrt(z.shape[1]) / np.linalg.norm(z, axis=1, keepdims=True))


def _judged(field: Field, flat: np.ndarray) -> dict[str, float]:
    outputs = np.asarray(field.generator.generate(flat.reshape(-1, *field.generator.latent_shape)))
    found = field.judge(outputs)
    rows = field.features(outputs)
    return {
        "relative norm": float(np.linalg.norm(flat, axis=1).mean() / np.sqrt(flat.shape[1])),
        "valid": float(found["valid"].mean()),
        "roughness": float(np.median(found["roughness"])),
        "nearest": float(np.median(found["nearest"])),
        "nearest q95": float(np.quantile(found["nearest"], 0.95)),
        "spread": float(np.sqrt(((rows - rows.mean(axis=0)) ** 2).sum(axis=1).mean())),
    }


def table(results: dict) -> str:
    lines = [
        "# What spaces are like",
        "",
        f"Means over {SETS} sets of seed latents, {POINTS} "
        "random points each, ± one standard error over the sets. `latent ratio` and `output "
        "ratio`: the smallest change per unit of u, see `lsbe.validity.Uniqueness`; "
        "`faces`: how many faces of the cube collapse; `by u`, `by w`, `by latents`: rank "
        "correlation with the distance of outputs (of latents where there is no generator); "
        "`unevenness`: 95 % over 5 % quantile of the change by a short step. Made by "
        "`python benchmarks/space/describe_spaces.py`.",
    ]
    for name, found in results.items():
        for cell in found["spaces"]:
            present = [key for key in COLUMNS if any(key in r for r in cell["spaces"].values())]
            lines += [
                "",
                f"## {name}, seed latents: {cell['seeds']}, K = {cell['K']}",
                "",
                "| space | " + " | ".join(COLUMNS[key] for key in present) + " |",
                "|---|" + "---|" * len(present),
            ]
            for space, row in cell["spaces"].items():
                cells = [_cell(row.get(key)) for key in present]
                lines.append(f"| {space} | " + " | ".join(cells) + " |")
        for title in ("right norm, wrong law", "centroids"):
            if title in found:
                columns = list(next(iter(found[title].values())))
                lines += [
                    "",
                    f"## {name}: {title}",
                    "",
                    "| latents | " + " | ".join(columns) + " |",
                    "|---|" + "---|" * len(columns),
                ]
                for label, row in found[title].items():
                    cells = [f"{row[column]:.3g}" for column in columns]
                    lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(value: list[float] | None) -> str:
    if value is None:
        return ""
    middle, error = value
    if not np.isfinite(error):
        return f"{middle:.3g}"
    return f"{middle:.3g} ± {error:.1g}"


def main() -> None:
    results: dict = {f"{DIMS:,} dimensions": {"spaces": run_without_generator()}}
    for field in (airfoil(), digits()):
        results[field.name] = {
            "spaces": run_spaces(field),
            "right norm, wrong law": run_right_norms(field),
            "centroids": run_centroids(field),
        }
    OUT.mkdir(exist_ok=True)
    (OUT / "spaces.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (OUT / "spaces.md").write_text(table(results), encoding="utf-8")


if __name__ == "__main__":
    main()
