"""Functions of a few projections of the latent, in any latent dimension, whose best is known.

A prior draw's projections p are independent standard Gaussians whatever the dimension, so that
a function is as hard to sample well from in 64 dimensions as in 262,144.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Function:
    """Score of projections p, shape (r,); of all directions where r is None."""

    num_projections: int | None
    of: Callable[[np.ndarray], float]
    noise: float = 0.0


def _trend(p: np.ndarray) -> float:
    """A trend that saturates, with two directions that interact."""
    straight = p[0] + 0.6 * np.tanh(p[1]) + 0.7 * p[2] + 0.3 * p[3] * p[4]
    return float(straight - 0.08 * (p**2).sum())


def _bowl(p: np.ndarray) -> float:
    """A quadratic of unequal curvatures; best at 1.2 standard deviations in each of ten."""
    goal = 1.2 * np.sign(np.arange(10) - 4.5)
    return -float((np.linspace(0.3, 1.5, 10) * (p - goal) ** 2).sum())


_rng = np.random.default_rng(11)
_WAVES = 2.0 * _rng.standard_normal((60, 24)) / np.sqrt(24)
_PHASES, _HEIGHTS = _rng.uniform(0, 2 * np.pi, 60), _rng.standard_normal(60) / 5


def _rugged(p: np.ndarray) -> float:
    """Sixty cosines of random directions, lengths and phases."""
    return float(_HEIGHTS @ np.cos(_WAVES @ p + _PHASES))


def _peak(p: np.ndarray) -> float:
    """A narrow peak on a wide one, 2.8 standard deviations off along three directions."""
    square = ((p - np.array([1.6, -1.6, 1.6])) ** 2).sum()
    return float(np.exp(-square / 3) + 0.5 * np.exp(-square / 20))


def _worst(p: np.ndarray) -> float:
    """The worst of eight requirements: smooth nowhere that matters."""
    return float(min(p[:4].min(), 2.0 - np.abs(p[4:]).max()))


_LAYERS = (
    1.2 * _rng.standard_normal((48, 32)) / np.sqrt(32),
    1.5 * _rng.standard_normal((48, 48)) / np.sqrt(48),
    3.0 * _rng.standard_normal(48) / np.sqrt(48),
)


def _network(p: np.ndarray) -> float:
    """A random network of two hidden layers, as a decoder and a score might be."""
    first, second, last = _LAYERS
    return float(last @ np.tanh(second @ np.tanh(first @ p)))


_FEW_WAVES = 1.5 * _rng.standard_normal((60, 16))
_FEW_PHASES, _FEW_HEIGHTS = _rng.uniform(0, 2 * np.pi, 60), _rng.standard_normal(60) / 5


def _hills(p: np.ndarray) -> float:
    """Sixty cosines over a latent of few numbers, where the law is no thin shell."""
    waves = _FEW_WAVES[:, : len(p)] / np.sqrt(len(p))
    return float(_FEW_HEIGHTS @ np.cos(waves @ p + _FEW_PHASES))


FUNCTIONS = {
    "trend": Function(5, _trend),
    "noisy-trend": Function(5, _trend, noise=0.7),
    "bowl": Function(10, _bowl),
    "rugged": Function(24, _rugged),
    "peak": Function(3, _peak),
    "worst-of-8": Function(8, _worst),
    "network": Function(32, _network),
    "hills": Function(None, _hills),
}
GRID = [
    ("hills", 2),
    ("hills", 6),
    ("trend", 64),
    ("trend", 262_144),
    ("noisy-trend", 4096),
    ("bowl", 64),
    ("bowl", 262_144),
    ("rugged", 64),
    ("rugged", 4096),
    ("peak", 4096),
    ("worst-of-8", 4096),
    ("network", 64),
    ("network", 4096),
]


def on_projections(function: Function, dims: int) -> Callable[[np.ndarray], float]:
    """The function of a latent: its projections on orthonormal directions, the same each time."""
    count = function.num_projections or dims
    draws = np.random.default_rng(dims).standard_normal((dims, count))
    frame = np.linalg.qr(draws)[0].T.copy()
    return lambda latent: function.of(frame @ latent)
