"""Trains the embedded generator ``airfoil`` from AeroSandbox's sections, and ships its weights.

    python models/airfoil/train.py            # from the start, or on from the last checkpoint
    python models/airfoil/train.py --fresh    # forget the checkpoint

One thread; every random number is keyed by the seed and the step, so a run that was cut in two
gives the same weights as an uncut one (on the same machine and versions of packages).
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import math
import platform
import time
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from augment import Blur, Examples, spread_closed_gaps
from dataset import SPLIT_SEED, Sections, load_sections, split
from export import export
from fit_representation import fit_representation
from likelihood import negative_log_likelihood
from network import VelocityField

from latent_spaces_by_example.generators.airfoil.representation import (
    SectionRepresentation,
    features,
)

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "src" / "latent_spaces_by_example" / "generators" / "airfoil"
CHECKPOINT = ROOT / ".cache" / "airfoil" / "checkpoint.pt"
PACKAGES = ("AeroSandbox", "numpy", "onnx", "scipy", "torch")
log = logging.getLogger("train")


@dataclass(frozen=True)
class Settings:
    """Everything that a training run depends on."""

    random_seed: int = 0
    num_dims: int = 28
    width: int = 192
    depth: int = 4
    dropout: float = 0.1
    steps: int = 5000
    batch_size: int = 512
    learning_rate: float = 1e-3
    warm_up: int = 200
    weight_decay: float = 0.01
    average: float = 0.998
    check_every: int = 250
    steps_of_heun: int = 20
    blur: Blur = field(default_factory=Blur)


@dataclass
class Progress:
    """What a checkpoint holds."""

    net: VelocityField
    averaged: VelocityField
    best: VelocityField
    optimiser: torch.optim.AdamW
    step: int = 0
    best_step: int = 0
    best_likelihood: float = float("inf")
    seconds: float = 0.0

    def save(self, settings: Settings) -> None:
        CHECKPOINT.parent.mkdir(parents=True, exist_ok=True)
        state = {
            name: value.state_dict() if hasattr(value, "state_dict") else value
            for name, value in vars(self).items()
        }
        torch.save({"settings": asdict(settings), **state}, CHECKPOINT.with_suffix(".new"))
        CHECKPOINT.with_suffix(".new").replace(CHECKPOINT)

    def restore(self, settings: Settings) -> None:
        """Take over the checkpoint if there is one and it was made with the same settings."""
        if not CHECKPOINT.exists():
            return
        state = torch.load(CHECKPOINT, weights_only=True)
        if state.pop("settings") != asdict(settings):
            log.info("the checkpoint was made with other settings: starting afresh")
            return
        for name, value in state.items():
            current = getattr(self, name)
            if hasattr(current, "load_state_dict"):
                current.load_state_dict(value)
            else:
                setattr(self, name, value)
        log.info("going on from step %d", self.step)


def begin(settings: Settings) -> Progress:
    torch.manual_seed(settings.random_seed)
    net = VelocityField(
        settings.num_dims, width=settings.width, depth=settings.depth, dropout=settings.dropout
    )
    optimiser = torch.optim.AdamW(
        net.parameters(),
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        betas=(0.9, 0.99),
    )
    averaged = copy.deepcopy(net).eval()
    return Progress(net, averaged, copy.deepcopy(averaged), optimiser)


def train_step(progress: Progress, examples: Examples, settings: Settings) -> float:
    """One step of conditional flow matching (Lipman et al. 2023, equation 23, sigma_min = 0)."""
    step = progress.step
    warm = min(1.0, (step + 1) / settings.warm_up)
    rate = settings.learning_rate * warm * 0.5 * (1.0 + math.cos(math.pi * step / settings.steps))
    for group in progress.optimiser.param_groups:
        group["lr"] = rate
    rng = np.random.default_rng([settings.random_seed, step])
    torch.manual_seed(int(rng.integers(2**62)))
    y = torch.tensor(examples.batch(settings.batch_size, rng), dtype=torch.float32)
    z, t = torch.randn(y.shape), torch.rand(len(y), 1)
    loss = ((progress.net((1.0 - t) * z + t * y, t) - (y - z)) ** 2).mean()
    progress.optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(progress.net.parameters(), 1.0)
    progress.optimiser.step()
    keep = min(settings.average, (1.0 + step) / (10.0 + step))
    with torch.no_grad():
        for mean, now in zip(
            progress.averaged.parameters(), progress.net.parameters(), strict=True
        ):
            mean.lerp_(now, 1.0 - keep)
    progress.step += 1
    return loss.item()


def train(
    settings: Settings, examples: Examples, validation: torch.Tensor, *, fresh: bool
) -> Progress:
    """Train to the last step; ``best`` is the averaged net of highest validation likelihood."""
    progress = begin(settings)
    if not fresh:
        progress.restore(settings)
    begun, before, losses = time.perf_counter(), progress.seconds, []
    while progress.step < settings.steps:
        losses.append(train_step(progress, examples, settings))
        if progress.step % settings.check_every and progress.step != settings.steps:
            continue
        likelihood = float(negative_log_likelihood(progress.averaged, validation).mean())
        if likelihood < progress.best_likelihood:
            progress.best.load_state_dict(progress.averaged.state_dict())
            progress.best_likelihood, progress.best_step = likelihood, progress.step
        progress.seconds = before + time.perf_counter() - begun
        progress.save(settings)
        log.info(
            "step %5d  loss %.4f  validation -log p %.3f  best %.3f at %d  %.0f s",
            progress.step,
            np.mean(losses),
            likelihood,
            progress.best_likelihood,
            progress.best_step,
            progress.seconds,
        )
        losses.clear()
    return progress


def ship(
    progress: Progress,
    settings: Settings,
    representation: SectionRepresentation,
    sections: Sections,
) -> None:
    """Write the weights, the representation and the record of this run into the package."""
    export(progress.best, SHIPPED / "velocity.onnx")
    arrays = {name: getattr(representation, name) for name in representation.field_names()}
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
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
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
    y = representation.encode(sections.coordinates[validation])
    progress = train(
        settings, examples, torch.tensor(y, dtype=torch.float32), fresh=arguments.fresh
    )
    ship(progress, settings, representation, sections)


if __name__ == "__main__":
    main()
