"""Validity: whether random points of a space are latents that the model would draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.special import kolmogorov, ndtr

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.space.typicality import norm_interval
from latent_spaces_by_example.validity.description.spaces import Space

# Of prior draws, one in a hundred is outside by chance, in norm and in the test of its elements.
LEVEL = 0.01
_MOST_TESTED = 64
_ROWS_AT_ONCE = 8


@dataclass(frozen=True)
class Validity:
    """How the latents at random points of a space compare with the model's own draws.

    Attributes:
        relative_norms: \\|inner\\| / sqrt(d) at each point, shape (n,).
        norm_interval: what 99 % of prior draws keep to, by the exact law (chi, d degrees).
        norms_inside: share of the points inside it; of prior draws, 0.99.
        elements_rejected: share of the points (of the first 64) whose elements fail the
            Kolmogorov-Smirnov test against a standard Gaussian at the level 1 %; of prior draws,
            0.01. The points of one space share their seed latents, so the share varies more from
            space to space than the same number of prior draws would.
        outputs_valid: share of the outputs that the caller's own check passed; None without one.
    """

    relative_norms: Float64[np.ndarray, " n"]
    norm_interval: tuple[float, float]
    norms_inside: float
    elements_rejected: float
    outputs_valid: float | None = None


def validity_of(
    space: Space, u: Float64[np.ndarray, "n m"], *, outputs_valid: float | None = None
) -> Validity:
    """Compare the latents at the points u with the model's law."""
    norms = np.linalg.norm(space.positions(u), axis=1) / np.sqrt(space.num_latent_dims)
    low, high = norm_interval(space.num_latent_dims, level=LEVEL)
    tested = u[:_MOST_TESTED]
    levels = [
        ks_level(_inner_latents(space, tested[i : i + _ROWS_AT_ONCE]))
        for i in range(0, len(tested), _ROWS_AT_ONCE)
    ]
    return Validity(
        relative_norms=norms,
        norm_interval=(low, high),
        norms_inside=float(((norms >= low) & (norms <= high)).mean()),
        elements_rejected=float((np.concatenate(levels) < LEVEL).mean()),
        outputs_valid=outputs_valid,
    )


def ks_level(rows: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
    """Level at which each row's elements are told from d standard Gaussians.

    D = max_i max(i/d - Phi(x_(i)), Phi(x_(i)) - (i - 1)/d), through Kolmogorov's limit with
    Stephens's correction, which is good to a few per cent of the level for d >= 8.

    Source: Stephens, "EDF statistics for goodness of fit", J. Am. Stat. Assoc. 69 (1974).

    >>> rng = np.random.default_rng(0)
    >>> ks_level(np.stack([rng.standard_normal(500), rng.standard_t(2, 500)])) > 0.01
    array([ True, False])
    """
    d = rows.shape[1]
    probabilities = ndtr(np.sort(rows, axis=1))
    above = np.arange(1, d + 1) / d - probabilities
    below = probabilities - np.arange(d) / d
    statistic = np.maximum(above, below).max(axis=1)
    root = np.sqrt(d)
    levels: Float64[np.ndarray, " n"] = kolmogorov((root + 0.12 + 0.11 / root) * statistic)
    return levels


def _inner_latents(space: Space, u: Float64[np.ndarray, "n m"]) -> Float64[np.ndarray, "n d"]:
    inner = space.transport_map.forward(space.from_u_to_z(u))
    return library_of(inner).on_host(inner).astype(np.float64)
