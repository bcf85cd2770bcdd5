"""Measures the shipped generator ``digits``: every figure of CARD.md, and its picture.

    python -m models.digits.evaluate    # writes figures.json, samples.png and CARD.md's tables

Run it in the repository's root.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree
from scipy.stats import ks_2samp, kstest
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from latent_spaces_by_example.zoo.digits import DigitsGenerator, load
from models.digits.dataset import Digits, load_digits, split
from models.flow_matching.measuring import costs, significant

HERE = Path(__file__).resolve().parent
NUM_SAMPLES = 5000
SAMPLE_SEED = 1


def recognition(training: Digits, pictures: np.ndarray) -> dict[str, float]:
    """How sure classifiers are, that were trained on the real training digits alone.

    Clear: exactly one of ten support vector machines (each digit against the rest) says yes.
    """
    machines = OneVsRestClassifier(SVC(C=10.0, gamma=0.001)).fit(training.levels, training.classes)
    neighbours = KNeighborsClassifier(3).fit(training.levels, training.classes)
    values = machines.decision_function(pictures)
    ordered = np.sort(values, axis=1)
    seen = machines.predict(pictures)
    shares = np.bincount(seen, minlength=10) / len(seen)
    return {
        "clear": significant(np.mean((values > 0.0).sum(axis=1) == 1)),
        "3 nearest neighbours agree": significant(np.mean(seen == neighbours.predict(pictures))),
        "margin, median": significant(float(np.median(ordered[:, -1] - ordered[:, -2]))),
        "margin, 10 % quantile": significant(
            float(np.quantile(ordered[:, -1] - ordered[:, -2], 0.1))
        ),
        "rarest digit's share": significant(shares.min()),
        "commonest digit's share": significant(shares.max()),
    }


def accuracy(training: Digits, held_out: Digits) -> float:
    machines = OneVsRestClassifier(SVC(C=10.0, gamma=0.001)).fit(training.levels, training.classes)
    return significant(machines.score(held_out.levels, held_out.classes))


def novelty(training: Digits, pictures: np.ndarray) -> dict[str, float]:
    """Euclidean distance, in levels, to the nearest training digit."""
    distance, _ = cKDTree(training.levels.astype(float)).query(pictures.astype(float))
    return {
        "5 % quantile": significant(float(np.quantile(distance, 0.05))),
        "median": significant(float(np.median(distance))),
        "95 % quantile": significant(float(np.quantile(distance, 0.95))),
        "copies": int((distance == 0.0).sum()),
    }


def pixels(real: np.ndarray, pictures: np.ndarray) -> dict[str, float]:
    """Pixel by pixel, against real digits."""
    ks = [ks_2samp(pictures[:, j], real[:, j]).statistic for j in range(real.shape[1])]
    spread = np.abs(pictures.std(axis=0) - real.std(axis=0))
    return {
        "mean level, largest difference": significant(
            np.abs(pictures.mean(axis=0) - real.mean(axis=0)).max()
        ),
        "standard deviation, largest difference": significant(spread.max()),
        "KS distance, largest": significant(max(ks)),
        "KS distance, median": significant(float(np.median(ks))),
    }


def latents(generator: DigitsGenerator, pictures: np.ndarray) -> dict[str, float]:
    images = pictures.reshape(-1, 8, 8).astype(float)
    z = generator.invert(images)
    again = generator.generate(z)
    flat = z.reshape(len(z), -1)
    norms = np.linalg.norm(flat, axis=1) / np.sqrt(flat.shape[1])
    passed = [kstest(row, "norm").pvalue > 0.01 for row in flat]
    return {
        "come back exactly": significant(np.mean((again == images).all(axis=(1, 2)))),
        "largest difference, levels": float(np.abs(again - images).max()),
        "norm over sqrt(d), 5 % quantile": significant(float(np.quantile(norms, 0.05))),
        "norm over sqrt(d), median": significant(float(np.median(norms))),
        "norm over sqrt(d), 95 % quantile": significant(float(np.quantile(norms, 0.95))),
        "pass KS at 1 %": significant(float(np.mean(passed))),
    }


def picture(samples: np.ndarray, real: np.ndarray) -> Image.Image:
    """A hundred samples on the left, a hundred held-out digits on the right."""

    def sheet(levels: np.ndarray) -> np.ndarray:
        tiles = np.pad(levels.reshape(10, 10, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)))
        return np.vstack([np.hstack(list(row)) for row in tiles])

    ink = np.hstack([sheet(samples[:100]), np.full((100, 2), 8), sheet(real[:100])])
    grey = Image.fromarray(np.rint(255.0 * (1.0 - ink / 16.0)).astype(np.uint8))
    return grey.resize((4 * grey.width, 4 * grey.height), Image.Resampling.NEAREST)


def table(columns: dict[str, dict[str, float]]) -> str:
    """Markdown, one column for each set of pictures."""
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for row in next(iter(columns.values())):
        cells = " | ".join(f"{column[row]:g}" for column in columns.values())
        lines.append(f"| {row} | {cells} |")
    return "\n".join(lines)


def write_card(tables: dict[str, str]) -> None:
    """Put each table between its two marks in CARD.md."""
    path = HERE / "CARD.md"
    text = path.read_text(encoding="utf-8")
    for name, content in tables.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{content}\n{end}{after}"
    path.write_text(text, encoding="utf-8")


def main() -> None:
    generator = load()
    training, validation, held_out = split(load_digits())
    z = np.random.default_rng(SAMPLE_SEED).standard_normal((NUM_SAMPLES, *generator.latent_shape))
    samples = generator.generate(z).reshape(NUM_SAMPLES, -1).astype(np.int64)
    sets = {"samples": samples, "held-out": held_out.levels}
    three = {"training": training.levels, "validation": validation.levels, **sets}
    figures = {
        "recognition": {n: recognition(training, x) for n, x in sets.items()},
        "novelty": {n: novelty(training, x) for n, x in sets.items()},
        "pixels": {n: pixels(training.levels, x) for n, x in sets.items()},
        "latents": {n: latents(generator, x) for n, x in three.items() if n != "samples"},
        "costs": {"": costs("digits", generator, one="digit")},
    }
    tables = {name: table(columns) for name, columns in figures.items()}
    write_card(tables)
    figures["accuracy on held-out digits"] = accuracy(training, held_out)
    figures["held-out digits"] = held_out.names
    (HERE / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    picture(samples, held_out.levels).save(HERE / "samples.png")
    print("\n\n".join(tables.values()))
    print("accuracy on held-out digits:", figures["accuracy on held-out digits"])


if __name__ == "__main__":
    main()
