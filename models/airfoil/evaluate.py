"""Measures the shipped generator ``airfoil``: every figure of CARD.md, and its pictures.

python -m models.airfoil.evaluate         # writes figures.json, figures/*.png, CARD.md's tables
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import neuralfoil
import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import ks_2samp, kstest

from latent_spaces_by_example.zoo.airfoil import measure
from latent_spaces_by_example.zoo.airfoil.generator import AirfoilGenerator, load
from models.airfoil import card, pictures
from models.airfoil.dataset import load_sections, split
from models.airfoil.roughness import roughness
from models.airfoil.section_check import check_all
from models.flow_matching.measuring import costs, package_of, significant

HERE = Path(__file__).resolve().parent
NUM_SAMPLES = 10_000
SAMPLE_SEED = 1
EXAMPLES = ("naca2412", "s1223", "rae2822", "naca0012", "clarky", "e387", "naca23012", "dae11")


def summary(values: np.ndarray, **quantiles: float) -> dict[str, float]:
    return {name: significant(np.quantile(values, q)) for name, q in quantiles.items()}


def shape_figures(sections: np.ndarray) -> dict[str, np.ndarray]:
    measures = measure(sections)
    return {
        "maximum thickness": measures.max_thickness,
        "position of maximum thickness": measures.max_thickness_at,
        "camber, signed": measures.max_camber,
        "camber, absolute": np.abs(measures.max_camber),
        "leading-edge radius": measures.leading_edge_radius,
    }


def of_samples(samples: np.ndarray, database: np.ndarray) -> dict[str, object]:
    validity = check_all(samples)
    reasons = Counter(reason.split(":")[0] for each in validity for reason in each.reasons)
    made, real = shape_figures(samples), shape_figures(database)
    rough = np.median(roughness(samples)) / np.median(roughness(database))
    return {
        "valid share": float(np.mean([each.valid for each in validity])),
        "reasons": dict(reasons),
        "roughness over that of the database, medians": significant(rough),
        "ks distance to the database": {
            name: significant(ks_2samp(made[name], real[name]).statistic) for name in made
        },
    }


def nearest(sections: np.ndarray, training: np.ndarray, *, rank: int = 1) -> np.ndarray:
    """RMS distance in ordinates to the ``rank``-th nearest training section, in chords."""
    scale = np.sqrt(training.shape[1])
    tree = cKDTree(training[:, :, 1] / scale)
    distances, _ = tree.query(sections[:, :, 1] / scale, k=[rank])
    return distances[:, 0]


def of_latents(z: np.ndarray) -> dict[str, float]:
    norms = np.linalg.norm(z, axis=1) / np.sqrt(z.shape[1])
    p = np.array([kstest(row, "norm").pvalue for row in z])
    return {
        "norm over sqrt(d)": summary(norms, median=0.5, low5=0.05, high95=0.95),
        "ks pass share at 1 %": significant(np.mean(p > 0.01)),
    }


def round_trip(generator: AirfoilGenerator, sections: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latents of real sections, and the RMS error in chords of what they give back."""
    z = generator.invert(sections)
    difference = (generator.generate(z) - sections)[:, :, 1]
    return z, np.sqrt(np.mean(difference**2, axis=1))


def outliers(names: list[str], z: np.ndarray, errors: np.ndarray) -> list[dict[str, object]]:
    """Held-out sections that fail at 1 %, or come back worse than 5e-4 chord."""
    rows = []
    for name, row, error in zip(names, z, errors, strict=True):
        p = kstest(row, "norm").pvalue
        if p > 0.01 and error <= 5e-4:
            continue
        norm = np.linalg.norm(row) / np.sqrt(len(row))
        rows.append(
            {
                "name": name,
                "ks p": significant(p, 2),
                "norm over sqrt(d)": significant(norm),
                "round trip": significant(error, 2),
            }
        )
    return sorted(rows, key=lambda row: -row["norm over sqrt(d)"])


def aerodynamics(sections: np.ndarray) -> dict[str, float]:
    """NeuralFoil's confidence, and lift over drag, at 5 degrees and a Reynolds number of 1e6."""
    results = [
        neuralfoil.get_aero_from_coordinates(s, alpha=5.0, Re=1e6, model_size="large")
        for s in sections
    ]
    confidence = np.array([float(np.squeeze(r["analysis_confidence"])) for r in results])
    ratio = np.array([float(np.squeeze(r["CL"]) / np.squeeze(r["CD"])) for r in results])
    return {
        "confidence": summary(confidence, median=0.5, low5=0.05),
        "lift over drag": summary(ratio, median=0.5, low5=0.05, high95=0.95),
    }


def step_error(generator: AirfoilGenerator, z: np.ndarray) -> float:
    """Median RMS between the shipped number of Heun steps and eight times as many."""
    fine = AirfoilGenerator(
        generator._velocity, representation=generator.representation, steps=8 * generator._steps
    )
    difference = (generator.generate(z) - fine.generate(z))[:, :, 1]
    return significant(np.median(np.sqrt(np.mean(difference**2, axis=1))))


def main() -> None:
    generator = load()
    (d,) = generator.latent_shape
    data = load_sections()
    training, _, held_out = (data.coordinates[i] for i in split(len(data.names)))
    held_out_names = [data.names[i] for i in split(len(data.names))[2]]
    prior = np.random.default_rng(SAMPLE_SEED).standard_normal((NUM_SAMPLES, d))
    samples = generator.generate(prior)
    z, errors = round_trip(generator, held_out)
    z_training, errors_training = round_trip(generator, training)
    distances = {
        "samples": nearest(samples, training),
        "held-out sections": nearest(held_out, training),
        "training sections, themselves left out": nearest(training, training, rank=2),
    }
    quartiles = {"low5": 0.05, "median": 0.5, "high95": 0.95}
    named = np.stack([generator.example(name) for name in EXAMPLES])
    z_named, errors_named = round_trip(generator, named)
    record = json.loads((package_of("airfoil") / "training.json").read_text())
    figures = {
        "latent dimensions": d,
        "parameters": record["parameters"],
        "costs": costs("airfoil", generator, one="section"),
        "prior samples": of_samples(samples, data.coordinates),
        "distance to the nearest training section": {
            name: summary(values, **quartiles) for name, values in distances.items()
        },
        "held-out round trip": summary(errors, median=0.5, high95=0.95, worst=1.0),
        "held-out latents": of_latents(z),
        "held-out outliers": outliers(held_out_names, z, errors),
        "training round trip": summary(errors_training, median=0.5, high95=0.95, worst=1.0),
        "training latents": of_latents(z_training),
        "named sections": {
            name: {
                "round trip": significant(error, 2),
                "norm over sqrt(d)": significant(np.linalg.norm(row) / np.sqrt(d)),
            }
            for name, row, error in zip(EXAMPLES, z_named, errors_named, strict=True)
        },
        "error of the Heun steps": step_error(generator, prior[:500]),
        "neuralfoil, 300 samples": aerodynamics(samples[:300]),
        "neuralfoil, 300 held-out and training sections": aerodynamics(data.coordinates[::7][:300]),
    }
    text = json.dumps(figures, indent=1, ensure_ascii=False)
    (HERE / "figures.json").write_text(text + "\n", encoding="utf-8")
    print(text)
    card.write_figures(figures, HERE / "CARD.md")
    folder = HERE / "figures"
    folder.mkdir(exist_ok=True)
    pictures.draw_samples(samples[:96], folder / "samples.png")
    pictures.draw_shapes(
        shape_figures(samples), shape_figures(data.coordinates), folder / "shapes.png"
    )
    pictures.draw_latents(z, z_training, folder / "latents.png")
    pictures.draw_distances(distances, folder / "distances.png")


if __name__ == "__main__":
    main()
