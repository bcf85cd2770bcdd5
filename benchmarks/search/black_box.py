"""What every method gets: prior draws, and a score for a latent, until the budget is spent."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from tasks import Task


class BudgetSpentError(Exception):
    """No evaluations are left."""


@dataclass
class BlackBox:
    """One task in one repeat: draws and noise depend on nothing else, so methods are paired.

    Attributes:
        task: what is scored.
        repeat: which repeat.
        budget: evaluations allowed.
        observed: the score of each evaluation, noise included.
        true: the same without the noise.
    """

    task: Task
    repeat: int
    budget: int
    observed: list[float] = field(default_factory=list)
    true: list[float] = field(default_factory=list)

    @property
    def dims(self) -> int:
        return self.task.dims

    def draw(self, index: int) -> np.ndarray:
        """Prior draw number ``index``: the same for every method."""
        return np.random.default_rng([self.repeat, 1, index]).standard_normal(self.dims)

    def rng(self, *keys: int) -> np.random.Generator:
        return np.random.default_rng([self.repeat, 2, *keys])

    def __call__(self, latent: np.ndarray) -> float:
        """Score a latent of shape (d,)."""
        if len(self.observed) >= self.budget:
            raise BudgetSpentError
        true = float(self.task.score(latent))
        noise = np.random.default_rng([self.repeat, 3, len(self.observed)]).standard_normal()
        self.true.append(true)
        self.observed.append(true + self.task.noise * float(noise))
        return self.observed[-1]

    def curve(self) -> np.ndarray:
        """After each evaluation the true score of the best one observed so far."""
        observed = np.where(np.isfinite(self.observed), self.observed, -np.inf)
        leaders = np.maximum.accumulate(observed)
        index = np.array(
            [int(np.argmax(observed[: i + 1] == top)) for i, top in enumerate(leaders)]
        )
        return np.array(self.true)[index]


@dataclass
class Recorder(BlackBox):
    """A black box that keeps the latent of each evaluation."""

    latents: list[np.ndarray] = field(default_factory=list)

    def __call__(self, latent: np.ndarray) -> float:
        score = super().__call__(latent)
        self.latents.append(latent.copy())
        return score


def on_shell(latent: np.ndarray) -> np.ndarray:
    """Scale a direction to the norm sqrt(d) of the model's shell."""
    return latent * (np.sqrt(latent.size) / np.linalg.norm(latent))
