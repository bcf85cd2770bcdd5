"""Trains the embedded generator ``digits`` from scikit-learn's scans, and ships its weights.

    python -m models.digits.train            # from the start, or on from the last checkpoint
    python -m models.digits.train --fresh    # forget the checkpoint

Run it in the repository's root.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np

from latent_spaces_by_example.zoo.digits.levels import NUM_PIXELS, LevelRepresentation
from models.digits.dataset import HELD_OUT_SEED, Digits, load_digits, split
from models.digits.fit_levels import fit_levels
from models.flow_matching.export import export
from models.flow_matching.training import FlowSettings, Progress, train

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "src" / "latent_spaces_by_example" / "zoo" / "digits"
CHECKPOINT = ROOT / ".cache" / "digits" / "checkpoint.pt"
PACKAGES = ("numpy", "onnx", "scikit-learn", "scipy", "torch")
SETTINGS = FlowSettings(
    num_dims=NUM_PIXELS, dropout=0.1, steps=8000, batch_size=256, check_every=500
)
log = logging.getLogger("train")


class Examples:
    """Batches of digits, every time with other places within their levels."""

    def __init__(self, digits: Digits, representation: LevelRepresentation) -> None:
        self._levels, self._representation = digits.levels, representation

    def batch(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """``size`` examples, shape (size, 64)."""
        levels = self._levels[rng.integers(len(self._levels), size=size)]
        return dithered(levels, self._representation, rng)


def dithered(
    levels: np.ndarray, representation: LevelRepresentation, rng: np.random.Generator
) -> np.ndarray:
    """The representation's numbers, each at a random place within its level."""
    return representation.encode(levels, within=rng.uniform(1e-9, 1.0 - 1e-9, levels.shape))


def ship(progress: Progress, representation: LevelRepresentation, parts: list[Digits]) -> None:
    """Write the weights, the representation and the record of this run into the package."""
    export(progress.best, SHIPPED / "velocity.onnx")
    np.save(SHIPPED / "borders.npy", representation.borders)
    training, validation, held_out = parts
    record = {
        "steps_of_heun": SETTINGS.steps_of_heun,
        "settings": asdict(SETTINGS),
        "best_step": progress.best_step,
        "validation_negative_log_likelihood": round(progress.best_likelihood, 4),
        "parameters": sum(p.numel() for p in progress.best.parameters()),
        "seconds_on_one_thread": round(progress.seconds),
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
        "split_seed": HELD_OUT_SEED,
        "num_training": len(training.names),
        "num_validation": len(validation.names),
        "num_held_out": len(held_out.names),
    }
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (SHIPPED / "training.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fresh", action="store_true", help="forget the checkpoint")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    training, validation, held_out = split(load_digits())
    log.info("%d digits to train on", len(training.names))
    representation = fit_levels(training.levels)
    rng = np.random.default_rng(SETTINGS.random_seed)
    y = dithered(validation.levels, representation, rng)
    progress = train(
        SETTINGS,
        Examples(training, representation).batch,
        validation=y,
        checkpoint=CHECKPOINT,
        fresh=arguments.fresh,
    )
    ship(progress, representation, [training, validation, held_out])


if __name__ == "__main__":
    main()
