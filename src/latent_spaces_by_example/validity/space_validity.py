"""Measure a space's validity: are its random points latents that the model would draw?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.special import ndtr
from scipy.stats import ks_1samp

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.space.typicality import norm_interval
from latent_spaces_by_example.validity.spaces import Points, Space

# One prior draw in a hundred is outside by chance, in norm and in the test of its elements.
LEVEL = 0.01
_MOST_TESTED = 64
_ROWS_AT_ONCE = 8


@dataclass(frozen=True)
class Validity:
    """The latents at random points of a space, beside the model's own draws.

    Attributes:
        relative_norms: \\|inner\\| / sqrt(d) at each point, shape (n,).
        norm_interval: the range of 99 % of prior draws, by the exact law (chi, d degrees).
        norms_inside: share of the points inside it; of prior draws, 0.99.
        elements_rejected: share of the points (of the first 64) whose elements fail the
            Kolmogorov-Smirnov test against a standard Gaussian at the level 1 %; of prior draws,
            0.01. The points of one space share their seed latents, so the share varies more from
            space to space than the same number of prior draws would.
        outputs_valid: share of the outputs that passed the caller's own check; None without one.
    """

    relative_norms: Float64[np.ndarray, " n"]
    norm_interval: tuple[float, float]
    norms_inside: float
    elements_rejected: float
    outputs_valid: float | None = None


def validity_of(space: Space, u: Points, *, outputs_valid: float | None = None) -> Validity:
    """Compare the latents at the points u with the model's law."""
    norms = np.linalg.norm(space.positions(u), axis=1) / np.sqrt(space.num_latent_dims)
    low, high = norm_interval(space.num_latent_dims, level=LEVEL)
    tested = u[:_MOST_TESTED]
    p_values: list[float] = []
    for start in range(0, len(tested), _ROWS_AT_ONCE):
        inner = space.transport_map.forward(
            space.from_u_to_z(tested[start : start + _ROWS_AT_ONCE])
        )
        rows = library_of(inner).on_host(inner).astype(np.float64)
        p_values += [ks_1samp(row, ndtr).pvalue for row in rows]
    return Validity(
        relative_norms=norms,
        norm_interval=(low, high),
        norms_inside=float(((norms >= low) & (norms <= high)).mean()),
        elements_rejected=float((np.array(p_values) < LEVEL).mean()),
        outputs_valid=outputs_valid,
    )
