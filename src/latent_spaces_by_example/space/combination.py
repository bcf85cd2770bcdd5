"""The rules by which weights combine seed latents: the coefficients c(w) in z = c Z."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, final

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space.span import SeedSpan

Weights = Float64[np.ndarray, "n K"]


class CombinationRule(ABC):
    """Turns unit-norm weights into coefficients over the inner seed latents, and back."""

    name: ClassVar[str]

    @abstractmethod
    def coefficients(self, w: Weights, span: SeedSpan) -> Weights:
        """Return c(w); the weights may have any sign.

        Raises:
            ArgumentError: if the rule divides by a combination that nearly cancels.
        """

    @abstractmethod
    def pull_back(self, w: Weights, gradient: Weights, *, span: SeedSpan) -> Weights:
        """Return dL/dw from ``gradient`` = dL/dc, where c(w) is differentiated as it stands."""

    @abstractmethod
    def directions(self, unit_coefficients: Weights, span: SeedSpan) -> Weights:
        """Return weights, up to a positive factor, from coefficients over the unit seeds."""


@final
class LinearCombination(CombinationRule):
    """The published rule: inner = sum_k w_k z_k.

    Exact in law if the seeds are independent draws: a unit-norm combination of independent
    standard Gaussians is one.

    Source: Willis et al. 2025 (arXiv 2509.23800).
    """

    name = "linear"

    def coefficients(self, w: Weights, span: SeedSpan) -> Weights:
        """Return c_k = w_k."""
        return w

    def pull_back(self, w: Weights, gradient: Weights, *, span: SeedSpan) -> Weights:
        """Return dL/dw_k = dL/dc_k."""
        return gradient

    def directions(self, unit_coefficients: Weights, span: SeedSpan) -> Weights:
        """Return w_k proportional to a_k / |z_k|, a over the unit seeds."""
        directions: Weights = unit_coefficients / span.norms
        return directions


@final
class ShellCombination(CombinationRule):
    """The shell rule: directions and norms apart, so that every candidate is on the seeds' shell.

    inner = sqrt(sum_k w_k^2 |z_k|^2) * (sum_k w_k e_k) / sqrt(w^T C w), with e_k = z_k / |z_k|
    and C their cosines. For given seeds that are correlated, as inverted look-alikes are,
    the linear rule makes |inner|^2 up to the largest eigenvalue of C times what the model
    expects; this rule does not. The corners are the seeds, exactly.
    """

    name = "shell"

    def coefficients(self, w: Weights, span: SeedSpan) -> Weights:
        """Return c_k = (w_k / |z_k|) sqrt(sum_j w_j^2 |z_j|^2 / w^T C w)."""
        squares = np.einsum("nj,jk,nk->n", w, span.correlation, w, optimize=True)
        lengths = np.sqrt(np.maximum(squares, 0.0))
        # Below this, rounding of the seeds' dtype would decide the direction. The cosines
        # themselves are good to about 1e-15, so a length below 1e-6 would be noise.
        floor = max(32.0 * span.eps, 1e-6)
        if (lengths < floor).any():
            row = int(np.argmin(lengths))
            raise ArgumentError(
                f"w[{row}] makes the seed directions cancel: their combination has length "
                f"{lengths[row]:.3g}, so it points nowhere; expected at least {floor:.3g}: choose "
                'other weights, or combination="linear"'
            )
        shell = np.sqrt((w**2) @ span.norms**2)
        coefficients = w * (shell / lengths)[:, None] / span.norms
        # Through two roundings of |z_k| a corner would miss its seed by an ulp.
        at_corner = np.count_nonzero(w, axis=1) == 1
        coefficients[at_corner] = w[at_corner]
        return coefficients

    def pull_back(self, w: Weights, gradient: Weights, *, span: SeedSpan) -> Weights:
        """Return the gradient in w from g = dL/dc.

        dL/dw_j = (g_j / |z_j|) sqrt(A / B) + (g . c) (w_j |z_j|^2 / A - (C w)_j / B),
        A = sum_k w_k^2 |z_k|^2 and B = w^T C w, which ``coefficients`` keeps away from 0.
        """
        images = w @ span.correlation
        squares = (images * w).sum(axis=1, keepdims=True)
        shell = ((w * span.norms) ** 2).sum(axis=1, keepdims=True)
        stretch = np.sqrt(shell / squares) / span.norms
        along = (gradient * w * stretch).sum(axis=1, keepdims=True)
        pulled: Weights = gradient * stretch + along * (
            w * span.norms**2 / shell - images / squares
        )
        return pulled

    def directions(self, unit_coefficients: Weights, span: SeedSpan) -> Weights:
        """Return w_k proportional to a_k, the coefficient over the unit seeds."""
        return unit_coefficients


_RULES: dict[str, CombinationRule] = {
    rule.name: rule for rule in (LinearCombination(), ShellCombination())
}


def combination_rule(name: str) -> CombinationRule:
    """Return the rule of that name.

    Raises:
        ArgumentError: if there is none.
    """
    if not isinstance(name, str) or name not in _RULES:
        raise ArgumentError(
            f"combination is {name!r:.60}; expected one of {', '.join(map(repr, _RULES))}"
        )
    return _RULES[name]
