"""Hold a test statistic with its p-value, and all those of one latent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from latent_spaces_by_example.errors import ArgumentError

LEAST_P = 1e-300


@dataclass(frozen=True)
class Statistic:
    """A statistic with its p-value.

    Attributes:
        name: such as "norm" or "kurtosis".
        value: in its own units; the table of ``docs/explanation/checking.md`` explains each.
        p_value: the share of true prior draws with a value at least as odd.
        z: signed, for a statistic that can be too small as well as too large: standard Gaussian
            under the null. None for a statistic that is odd only when large.
        adjusted: the p-value corrected for all the tests of the report: below ``level``, it
            counts against the latents. Until it is corrected, 1.
    """

    name: str
    value: float
    p_value: float
    z: float | None = None
    adjusted: float = 1.0


@dataclass(frozen=True)
class LatentDiagnosis:
    """The tests of one latent, and their verdict.

    Attributes:
        name: the user's name for it.
        relative_norm: norm of the inner latent over the sqrt(d) that the law expects.
        statistics: every statistic with its p-value.
        failed: names of the statistics that count against it.
        verdict: the same in words.
    """

    name: str
    relative_norm: float
    statistics: tuple[Statistic, ...]
    failed: tuple[str, ...]
    verdict: str

    @property
    def ok(self) -> bool:
        """Return True if the latent passed every test."""
        return not self.failed


def checked_names(names: Any, default: list[str]) -> list[str]:
    """Return the caller's names of latents, or the default ones.

    Raises:
        ArgumentError: they are no sequence with one name for each.
    """
    if names is None:
        return default
    if isinstance(names, str) or not isinstance(names, Sequence) or len(names) != len(default):
        raise ArgumentError(f"names={names!r:.60}; expected one for each of {len(default)} latents")
    return [str(name) for name in names]


def one_sided(name: str, value: float, *, p_value: float) -> Statistic:
    """Return a statistic that is odd only when large."""
    return Statistic(name, float(value), p_value=min(1.0, max(float(p_value), LEAST_P)))


def from_z(name: str, value: float, *, z: float) -> Statistic:
    """Return a statistic that is odd on either side, given its z."""
    return Statistic(name, value, p_value=max(float(2.0 * ndtr(-abs(z))), LEAST_P), z=z)


def from_tails(name: str, value: float, *, below: float, above: float) -> Statistic:
    """Return a statistic that is odd on either side, given its two tail probabilities."""
    tail = min(float(below), float(above))
    z = float(np.sign(below - above) * -ndtri(min(max(tail, LEAST_P), 0.5)))
    return Statistic(name, value, p_value=float(min(1.0, max(2.0 * tail, LEAST_P))), z=z)


def pooled(name: str, value: float, *, zs: list[float]) -> Statistic:
    """Return the tendency that latents share: sum z_k / sqrt(K) of their independent z-scores.

    Source: Stouffer et al. 1949.
    """
    return from_z(name, value, z=float(np.sum(zs) / np.sqrt(len(zs))))
