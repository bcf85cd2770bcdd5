"""Trains the embedded generator ``airfoil`` from AeroSandbox's sections, and ships its weights.

    python -m models.airfoil.train            # from the start, or on from the last checkpoint
    python -m models.airfoil.train --fresh    # forget the checkpoint

Run it in the repository's root.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np

from latent_spaces_by_example.zoo.airfoil.representation import (
    SectionRepresentation,
    features,
)
from models.airfoil.augment import Blur, Examples, spread_closed_gaps
from models.airfoil.dataset import SPLIT_SEED, Sections, load_sections, split
from models.airfoil.fit_representation import fit_representation
from models.flow_matching.export import export
from models.flow_matching.training import FlowSettings, Progress, train

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "src" / "latent_spaces_by_example" / "zoo" / "airfoil"
CHECKPOINT = ROOT / ".cache" / "airfoil" / "checkpoint.pt"
PACKAGES = ("AeroSandbox", "numpy", "onnx", "scipy", "torch")
log = logging.getLogger("train")


@dataclass(frozen=True)
class Settings(FlowSettings):
    """Everything that a training run depends on."""

    num_dims: int = 28
    dropout: float = 0.1
    steps: int = 5000
    blur: Blur = field(default_factory=Blur)


def ship(
    progress: Progress,
    settings: Settings,
    representation: SectionRepresentation,
    sections: Sections,
) -> None:
    """Write the weights, the representation and the record of this run into the package."""
    export(progress.best, SHIPPED / "velocity.onnx")
    arrays = vars(representation)
    np.savez(SHIPPED / "representation.npz", **arrays)
    training, validation, held_out = split(len(sections.names))
    record = {
        "steps_of_heun": settings.steps_of_heun,
        "settings": asdict(settings),
        "best_step": progress.best_step,
        "validation_negative_log_likelihood": round(progress.best_likelihood, 4),
        "parameters": sum(p.numel() for p in progress.best.parameters()),
        "seconds_on_one_thread": round(progress.seconds),
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
        "split_seed": SPLIT_SEED,
        "num_training": len(training),
        "num_validation": len(validation),
        "num_held_out": len(held_out),
        "left_out": sections.left_out,
    }
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (SHIPPED / "training.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fresh", action="store_true", help="forget the checkpoint")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = Settings()
    sections = load_sections()
    log.info("%d sections, %d left out", len(sections.names), len(sections.left_out))
    training, validation, _ = split(len(sections.names))
    rng = np.random.default_rng(settings.random_seed)
    f = features(sections.coordinates[training])
    representation = fit_representation(
        spread_closed_gaps(f, blur=settings.blur, rng=rng), settings.num_dims
    )
    examples = Examples(
        sections.coordinates[training], representation=representation, blur=settings.blur
    )
    progress = train(
        settings,
        examples.batch,
        validation=representation.encode(sections.coordinates[validation]),
        checkpoint=CHECKPOINT,
        fresh=arguments.fresh,
    )
    ship(progress, settings, representation, sections)


if __name__ == "__main__":
    main()
