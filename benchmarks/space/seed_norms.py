"""How long should a candidate's latent be, given the norms of its seed latents?

    python benchmarks/space/seed_norms.py

Inverts every real example of both embedded generators, combines random groups of them under five
rules for the norm of a combination, and judges what is generated. Takes about five minutes on one
core and writes benchmarks/results/seed_norms.json and .md.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import chi2

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.zoo.airfoil import list_sections
from latent_spaces_by_example.zoo.digits.scans import load_scans

sys.path.insert(0, str(Path(__file__).parents[2]))  # where the models are

from models.airfoil.roughness import roughness
from models.airfoil.section_check import check_all

OUT = Path(__file__).parents[1] / "results"
GROUPS, POINTS = 150, 10
RULES = ("interpolate", "fade", "mean", "model", "linear")
POOLS = ("any", "short", "long", "short and long", "look-alikes")
WORDS = {
    "interpolate": 'norms interpolated: r^2 = sum w_k^2 r_k^2 (`combination="shell"`)',
    "fade": "r^2 = d + sum w_k^4 (r_k^2 - d)",
    "mean": "the seeds' root mean square norm everywhere, corners too",
    "model": "the model's sqrt(d) everywhere, corners too",
    "linear": 'plain sum of w_k z_k (`combination="linear"`)',
}


@dataclass(frozen=True)
class Field:
    """A generator with real examples, and what is asked of its outputs."""

    name: str
    generator: lsbe.generators.Generator
    examples: np.ndarray
    judge: Callable[[np.ndarray], dict[str, np.ndarray]]
    features: Callable[[np.ndarray], np.ndarray]


def airfoil() -> Field:
    generator = lsbe.generators.load("airfoil")
    sections = []
    for name in list_sections():
        try:
            sections.append(generator.example(name))
        except ArgumentError:  # ten of the database's sections are none that it can make
            continue
    tree = cKDTree(np.array(sections)[:, :, 1] / np.sqrt(127))

    def judge(outputs: np.ndarray) -> dict[str, np.ndarray]:
        return {
            "valid": np.array([found.valid for found in check_all(outputs)], dtype=float),
            "roughness": roughness(outputs),
            "nearest": tree.query(features(outputs))[0],
        }

    def features(outputs: np.ndarray) -> np.ndarray:
        return outputs[:, :, 1] / np.sqrt(127)

    return Field("airfoil", generator, np.array(sections), judge, features)


def digits() -> Field:
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import SVC

    generator = lsbe.generators.load("digits")
    images, classes = load_scans()
    flat = images.reshape(len(images), -1)
    # the one behind the objective digit-margin
    classifier = OneVsRestClassifier(SVC(C=10.0, gamma=0.001)).fit(flat, classes)
    tree = cKDTree(flat / 8.0)

    def judge(outputs: np.ndarray) -> dict[str, np.ndarray]:
        values = np.sort(classifier.decision_function(outputs.reshape(len(outputs), -1)), axis=1)
        return {
            "valid": (values[:, -1] > 0.0).astype(float),
            "roughness": np.abs(np.diff(outputs, axis=2)).mean(axis=(1, 2)),
            "nearest": tree.query(features(outputs))[0],
        }

    def features(outputs: np.ndarray) -> np.ndarray:
        return outputs.reshape(len(outputs), -1) / 8.0

    return Field("digits", generator, images, judge, features)


def combine(seeds: np.ndarray, w: np.ndarray, *, rule: str) -> np.ndarray:
    """Latents at weights w over flat seeds, by one of RULES."""
    d = seeds.shape[1]
    if rule == "linear":
        return w @ seeds
    norms = np.linalg.norm(seeds, axis=1)
    directions = w @ (seeds / norms[:, None])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = {
        "interpolate": np.sqrt(w**2 @ norms**2),
        "fade": np.sqrt(d + w**4 @ (norms**2 - d)),
        "mean": np.full(len(w), np.sqrt((norms**2).mean())),
        "model": np.full(len(w), np.sqrt(d)),
    }
    return directions * lengths[rule][:, None]


def groups_of(
    latents: np.ndarray, *, pool: str, num_seeds: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """GROUPS groups of examples, by what their latents are like."""
    norms = np.linalg.norm(latents, axis=1)
    low, high = np.quantile(norms, [0.1, 0.9])
    members = {
        "any": np.arange(len(norms)),
        "short": np.flatnonzero(norms <= low),
        "long": np.flatnonzero(norms >= high),
    }
    if pool in members:
        return [rng.choice(members[pool], num_seeds, replace=False) for _ in range(GROUPS)]
    if pool == "short and long":
        half = num_seeds // 2
        pairs = [("short", half), ("long", num_seeds - half)]
        return [
            np.concatenate([rng.choice(members[name], n, replace=False) for name, n in pairs])
            for _ in range(GROUPS)
        ]
    # look-alikes: an example and those with the most similar latents
    directions = latents / norms[:, None]
    first = rng.choice(len(norms), GROUPS, replace=False)
    return list(np.argsort(-directions[first] @ directions.T, axis=1)[:, :num_seeds])


def run(field: Field) -> dict:
    examples, generator = field.examples, field.generator
    latents = generator.invert(examples).reshape(len(examples), -1)
    d = latents.shape[1]
    norms = np.linalg.norm(latents, axis=1)
    relative = norms / np.sqrt(d)
    rng = np.random.default_rng(0)

    def generate(flat: np.ndarray) -> np.ndarray:
        return np.asarray(generator.generate(flat.reshape(-1, *generator.latent_shape)))

    prior = generate(rng.standard_normal((1500, d)))
    shuffled = field.features(examples)[rng.permutation(len(examples))]
    spread = float(np.median(np.linalg.norm(np.diff(shuffled, axis=0), axis=1)))
    tails = 2.0 * np.minimum(chi2.cdf(norms**2, d), chi2.sf(norms**2, d))
    result = {
        "examples": len(examples),
        "d": d,
        "relative norms, quantiles 0 5 25 50 75 95 100 %": np.quantile(
            relative, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]
        ).tolist(),
        "examples with a norm outside the law's 99.99 %": float((tails < 1e-4).mean()),
        "median distance between examples": spread,
        "prior draws": {k: _summary(v[None]) for k, v in field.judge(prior).items()},
        "cells": [],
        "corners": {},
    }
    for rule, moved in {
        "as inverted": latents,
        "model": latents * (np.sqrt(d) / norms)[:, None],
        "mean": latents * (np.sqrt((norms**2).mean()) / norms)[:, None],
    }.items():
        error = np.linalg.norm(field.features(generate(moved)) - field.features(examples), axis=1)
        result["corners"][rule] = np.quantile(error / spread, [0.5, 0.95]).tolist()
    for pool in POOLS:
        for num_seeds in (3, 8):
            cell = {"pool": pool, "K": num_seeds, "rules": {}}
            groups = groups_of(latents, pool=pool, num_seeds=num_seeds, rng=rng)
            weights = np.abs(rng.standard_normal((GROUPS, POINTS, num_seeds)))
            weights /= np.linalg.norm(weights, axis=2, keepdims=True)
            for rule in RULES:
                z = [
                    combine(latents[group], w, rule=rule)
                    for group, w in zip(groups, weights, strict=True)
                ]
                flat = np.concatenate(z)
                judged = field.judge(generate(flat))
                figures = {k: _summary(v.reshape(GROUPS, POINTS)) for k, v in judged.items()}
                size = np.linalg.norm(flat, axis=1).reshape(GROUPS, POINTS) / np.sqrt(d)
                cell["rules"][rule] = {**figures, "relative norm": _summary(size)}
            result["cells"].append(cell)
            print(field.name, pool, num_seeds, flush=True)
    return result


def _summary(values: np.ndarray) -> dict[str, float]:
    """Mean, its standard error over groups, median and 95 % quantile."""
    means = values.mean(axis=1)
    error = means.std(ddof=1) / np.sqrt(len(means)) if len(means) > 1 else float("nan")
    return {
        "mean": float(values.mean()),
        "error": float(error),
        "median": float(np.median(values)),
        "q95": float(np.quantile(values, 0.95)),
    }


def table(results: dict[str, dict]) -> str:
    lines = [
        "# The norm of a combination of inverted examples",
        "",
        f"{GROUPS} random groups of K examples, {POINTS} points uniform on the sphere of "
        "weights in each; `short` and `long` are the tenths of the examples with the shortest and "
        "the longest latents, `look-alikes` one example and those with the most similar "
        "latents. ± is one standard error over groups. Made by "
        "`python benchmarks/space/seed_norms.py`.",
        "",
    ]
    lines += [f"- `{rule}`: {words}" for rule, words in WORDS.items()]
    for name, result in results.items():
        prior = result["prior draws"]
        quantiles = ", ".join(
            f"{v:.2f}" for v in result["relative norms, quantiles 0 5 25 50 75 95 100 %"]
        )
        share = result["examples with a norm outside the law's 99.99 %"]
        lines += [
            "",
            f"## {name}",
            "",
            f"{result['examples']} examples, d = {result['d']}. Norms over sqrt(d), quantiles "
            f"0, 5, 25, 50, 75, 95, 100 %: {quantiles}; {share:.1%} of the examples are "
            "outside the interval that holds 99.99 % of prior draws.",
            "",
            f"Prior draws of the model: valid {prior['valid']['mean']:.3f}, roughness "
            f"(median) {prior['roughness']['median']:.3f}, distance to the nearest real "
            f"example (median) {prior['nearest']['median']:.4f}, 95 % quantile "
            f"{prior['nearest']['q95']:.4f}.",
            "",
            "| seeds | K | rule | norm / sqrt(d) | valid | roughness, median | "
            "nearest example, median | 95 % |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for cell in result["cells"]:
            for rule, found in cell["rules"].items():
                valid = found["valid"]
                lines.append(
                    f"| {cell['pool']} | {cell['K']} | `{rule}` | "
                    f"{found['relative norm']['mean']:.2f} | {valid['mean']:.3f} ± "
                    f"{valid['error']:.3f} | {found['roughness']['median']:.3f} | "
                    f"{found['nearest']['median']:.4f} | {found['nearest']['q95']:.4f} |"
                )
        lines += [
            "",
            "Error at the corners, over the median distance between two examples (`mean` is that "
            "of all examples here):",
            "",
            "| corner's norm | median | 95 % |",
            "|---|---|---|",
        ]
        lines += [f"| {rule} | {q[0]:.4f} | {q[1]:.4f} |" for rule, q in result["corners"].items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    results = {field.name: run(field) for field in (airfoil(), digits())}
    OUT.mkdir(exist_ok=True)
    (OUT / "seed_norms.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (OUT / "seed_norms.md").write_text(table(results), encoding="utf-8")


if __name__ == "__main__":
    main()
