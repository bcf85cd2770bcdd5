"""The real digits, and which of them are trained on, chosen by, and held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latent_spaces_by_example.zoo.digits.levels import NUM_PIXELS
from latent_spaces_by_example.zoo.digits.scans import load_scans

HELD_OUT_SEED = 20240811


@dataclass(frozen=True)
class Digits:
    """Levels of shape (n, 64), classes of shape (n,), and names such as "3:17"."""

    levels: np.ndarray
    classes: np.ndarray
    names: list[str]

    def pick(self, indices: np.ndarray) -> Digits:
        return Digits(self.levels[indices], self.classes[indices], [self.names[i] for i in indices])


def load_digits() -> Digits:
    """All digits in scikit-learn's order."""
    images, classes = load_scans()
    count = np.zeros(10, dtype=int)
    names = []
    for c in classes:
        names.append(f"{c}:{count[c]}")
        count[c] += 1
    return Digits(images.reshape(-1, NUM_PIXELS).astype(np.int64), classes, names)


def split(digits: Digits) -> tuple[Digits, Digits, Digits]:
    """Training, validation (a twentieth, to stop by) and held-out (a tenth) digits."""
    count = len(digits.classes)
    order = np.random.default_rng(HELD_OUT_SEED).permutation(count)
    held_out, validation = round(count / 10), round(count / 20)
    return (
        digits.pick(np.sort(order[held_out + validation :])),
        digits.pick(np.sort(order[held_out : held_out + validation])),
        digits.pick(np.sort(order[:held_out])),
    )
