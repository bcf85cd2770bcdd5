"""Trains a velocity field by flow matching: one thread, resumable, stopped by likelihood.

Every random number is keyed by the seed and the step, so a run that was cut in two gives the same
weights as an uncut one (on the same machine and versions of packages).
"""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from models.flow_matching.likelihood import negative_log_likelihood
from models.flow_matching.network import VelocityField

Batch = Callable[[int, np.random.Generator], np.ndarray]
log = logging.getLogger("train")


@dataclass(frozen=True)
class FlowSettings:
    """Everything that a training run depends on, besides its examples."""

    num_dims: int
    random_seed: int = 0
    width: int = 192
    depth: int = 4
    dropout: float = 0.2
    steps: int = 4000
    batch_size: int = 512
    learning_rate: float = 1e-3
    warm_up: int = 200
    weight_decay: float = 0.01
    average: float = 0.998
    check_every: int = 250
    steps_of_heun: int = 20


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

    def save(self, path: Path, settings: FlowSettings) -> None:
        """Write everything to ``path``, or leave what is there if interrupted."""
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {
            name: value.state_dict() if hasattr(value, "state_dict") else value
            for name, value in vars(self).items()
        }
        torch.save({"settings": asdict(settings), **state}, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def restore(self, path: Path, settings: FlowSettings) -> None:
        """Take over the checkpoint if there is one and it was made with the same settings."""
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
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


def begin(settings: FlowSettings) -> Progress:
    """A net that has learnt nothing, and its optimiser."""
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


def train_step(progress: Progress, batch: Batch, settings: FlowSettings) -> float:
    """One step of conditional flow matching (Lipman et al. 2023, equation 23, sigma_min = 0)."""
    step = progress.step
    warm = min(1.0, (step + 1) / settings.warm_up)
    rate = settings.learning_rate * warm * 0.5 * (1.0 + math.cos(math.pi * step / settings.steps))
    for group in progress.optimiser.param_groups:
        group["lr"] = rate
    rng = np.random.default_rng([settings.random_seed, step])
    torch.manual_seed(int(rng.integers(2**62)))
    y = torch.tensor(batch(settings.batch_size, rng), dtype=torch.float32)
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
    settings: FlowSettings,
    batch: Batch,
    *,
    validation: np.ndarray,
    checkpoint: Path,
    fresh: bool,
) -> Progress:
    """Train to the last step; ``best`` is the averaged net of highest validation likelihood.

    ``batch(size, rng)`` gives examples of shape (size, d); ``validation`` has shape (n, d).
    """
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    progress = begin(settings)
    if not fresh:
        progress.restore(checkpoint, settings)
    y = torch.tensor(validation, dtype=torch.float32)
    begun, before, losses = time.perf_counter(), progress.seconds, []
    while progress.step < settings.steps:
        losses.append(train_step(progress, batch, settings))
        if progress.step % settings.check_every and progress.step != settings.steps:
            continue
        likelihood = float(negative_log_likelihood(progress.averaged, y).mean())
        if likelihood < progress.best_likelihood:
            progress.best.load_state_dict(progress.averaged.state_dict())
            progress.best_likelihood, progress.best_step = likelihood, progress.step
        progress.seconds = before + time.perf_counter() - begun
        progress.save(checkpoint, settings)
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
