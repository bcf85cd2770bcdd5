"""Find the weights behind a latent of the space; refuse any other latent, and project none."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError, OutsideSpaceError
from latent_spaces_by_example.space.combination import CombinationRule
from latent_spaces_by_example.space.span import LeastSquares, SeedSpan
from latent_spaces_by_example.transport_maps import IdentityTransportMap, TransportMap
from latent_spaces_by_example.transport_maps.layout import Layout

# Beyond this, rounding of the latents leaves not one digit of the weights certain.
_MOST_UNCERTAIN = 0.1
_FIX = "chart.project(z) returns the nearest weights and how far they are"


def check_independent(span: SeedSpan) -> None:
    """Raise ArgumentError if rounding of the latents' dtype would swamp the weights."""
    smallest = span.smallest_singular_value
    if _combining_error(span) > _MOST_UNCERTAIN * smallest:
        raise ArgumentError(
            f"the {span.num_seeds} seed latents are linearly dependent to within the rounding of "
            f"{span.dtype_name} (smallest singular value of their unit vectors "
            f"{smallest:.3g}), so the weights behind a latent are not determined; leave out seed "
            "latents that combine others, or keep to the direction from weights to latents"
        )


def check_norms(norms: Float64[np.ndarray, " n"]) -> None:
    """Raise OutsideSpaceError for an inner latent that has no direction in float64."""
    lost = ~((norms > 0.0) & np.isfinite(norms))
    if lost.any():
        row = int(np.argmax(lost))
        raise OutsideSpaceError(
            f"z[{row}] has an inner latent of norm {norms[row]:.3g}, so it has no direction and no "
            "weights; expected a latent of the space"
        )


def explained_by_rounding(
    latents: Float[Any, "n ..."],
    *,
    inner: Float[Any, "n d"],
    transport_map: TransportMap,
    layout: Layout,
) -> Float64[np.ndarray, " n"]:
    """Return the relative change of inner latents that one ulp of their latents makes."""
    library = library_of(latents)
    eps = np.full(len(latents), library.eps(latents))
    if isinstance(transport_map, IdentityTransportMap):
        return eps
    # A map may stretch rounding (a mean far larger than the spread): see by how much.
    before = library.on_host(latents)
    signs = np.random.default_rng(0).choice([-1, 1], size=before.shape).astype(before.dtype)
    # bfloat16 is float32 on the host, with fewer digits
    ulps = np.spacing(before) * before.dtype.type(library.eps(latents) / np.finfo(before.dtype).eps)
    with np.errstate(all="ignore"):
        shaken = layout.unpack(library.from_host(before + signs * ulps, like=latents))
        moved = transport_map.forward(shaken)
    inner_on_host = library.on_host(inner).astype(np.float64)
    norms = np.linalg.norm(inner_on_host, axis=1)
    shift = np.linalg.norm(library.on_host(moved).astype(np.float64) - inner_on_host, axis=1)
    stretched = shift / np.where(norms > 0.0, norms, 1.0)
    # At the edge of a law's support the moved latent may have no image.
    larger: Float64[np.ndarray, " n"] = np.fmax(eps, np.where(np.isfinite(shift), stretched, 0.0))
    return larger


def weights_of(
    problem: LeastSquares,
    *,
    span: SeedSpan,
    rule: CombinationRule,
    rounding: Float64[np.ndarray, " n"],
) -> Float64[np.ndarray, "n K"]:
    """Return the weights of latents that lie in the space, up to rounding.

    Args:
        problem: the latents' least-squares problem; no latent is at the origin.
        span: the seeds.
        rule: how weights combine the seeds.
        rounding: what :func:`explained_by_rounding` says of the latents.

    Raises:
        OutsideSpaceError: if a latent is outside the span, on the wrong side of the orthant, or
            nearer to or farther from the origin than the space is.
    """
    size = np.linalg.norm(problem.solution, axis=1)
    # Combining rounds relative to the terms, which are larger than y where they cancel.
    terms = np.maximum(size / problem.norms, 1.0)
    tolerance = (np.maximum(rounding, span.eps) + _combining_error(span)) * terms
    _check_in_span(problem.outside / problem.norms, tolerance=tolerance)

    error = tolerance * problem.norms / span.smallest_singular_value
    _check_certain(error / size)
    directions = rule.directions(problem.solution, span)
    slack = error[:, None] * rule.directions(np.ones((1, span.num_seeds)), span)
    _check_in_orthant(directions, slack=slack)
    w: Float64[np.ndarray, "n K"] = np.maximum(directions, 0.0)
    w /= np.linalg.norm(w, axis=1, keepdims=True)

    candidate_size = np.linalg.norm(rule.coefficients(w, span) * span.norms, axis=1)
    _check_norm(size / candidate_size, slack=2.0 * error / size)
    return w


def _combining_error(span: SeedSpan) -> float:
    """Return the relative error that summing K terms in the seeds' dtype may leave."""
    if span.eps > np.finfo(np.float16).eps:
        # bfloat16 adds up in float32 and rounds once; it has no digits to be generous with
        return span.eps
    return float(span.eps * (4.0 + np.sqrt(span.num_seeds)))


def _check_certain(uncertainty: Float64[np.ndarray, " n"]) -> None:
    if not (uncertainty <= _MOST_UNCERTAIN).all():
        row = int(np.argmax(uncertainty))
        raise ArgumentError(
            f"the weights of z[{row}] are not determined: rounding of its dtype may change them by "
            f"{uncertainty[row]:.2g}, because the seed latents are nearly linearly dependent or "
            "the law's spread is tiny beside its mean; use latents of a wider dtype, or "
            "seed latents that differ more"
        )


def _check_in_span(
    residual: Float64[np.ndarray, " n"], *, tolerance: Float64[np.ndarray, " n"]
) -> None:
    far = ~(residual <= tolerance)
    if far.any():
        row = int(np.argmax(np.where(far, residual, -1.0)))
        raise OutsideSpaceError(
            f"z[{row}] lies outside the span of the seed latents: relative residual "
            f"{residual[row]:.3g}, where rounding explains {tolerance[row]:.3g}; {_FIX}"
        )


def _check_in_orthant(
    directions: Float64[np.ndarray, "n K"], *, slack: Float64[np.ndarray, "n K"]
) -> None:
    negative = directions < -slack
    if negative.any():
        row = int(np.argmax(negative.any(axis=1)))
        weights = directions[row] / np.linalg.norm(directions[row])
        share = float(np.linalg.norm(np.minimum(weights, 0.0)))
        raise OutsideSpaceError(
            f"z[{row}] is on the wrong side of the orthant: the weight of seed "
            f"{int(np.argmin(weights))} is {weights.min():.3g}, and the negative weights have "
            f"norm {share:.3g}; expected none below 0; {_FIX}"
        )


def _check_norm(ratio: Float64[np.ndarray, " n"], *, slack: Float64[np.ndarray, " n"]) -> None:
    off = ~(np.abs(ratio - 1.0) <= slack)
    if off.any():
        row = int(np.argmax(off))
        raise OutsideSpaceError(
            f"z[{row}] has the direction of a latent of the space, but its inner latent is "
            f"{ratio[row]:.6g} times as long; expected the same length; {_FIX}"
        )
