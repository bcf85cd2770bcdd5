"""Repair seed latents that are off the model's law, and measure how far that moves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64
from scipy.special import ndtri

from latent_spaces_by_example.arguments import ArrayLike, check_finite, check_has, check_instance
from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space.distances import (
    distances_between,
    output_rows,
    root_mean_square,
)
from latent_spaces_by_example.space.draws import transport_map_of
from latent_spaces_by_example.space.seed_array import checked_seed_latents
from latent_spaces_by_example.transport_maps import TransportMap

__all__ = ["METHODS", "Repair", "gaussianise", "rescale", "whiten"]

Rows = Float64[np.ndarray, "K d"]
# Below this, undoing correlation multiplies what rounding of float32 left by more than a thousand.
_LEAST_EIGENVALUE = 1e-6


@dataclass(frozen=True)
class Repair:
    """Repaired latents, and how far the repair moved each of the K.

    Attributes:
        method: "rescale", "gaussianise" or "whiten".
        latents: shape (K, *latent_shape), of the array library, dtype and device of those given.
        distance: how far each inner latent was moved over its norm before, shape (K,).
        cosine: between each inner latent before and after, shape (K,).
        relative_norm: norm of each repaired inner latent over sqrt(d), shape (K,).
        output_change: root mean square difference between what each latent generates before and
            after, shape (K,); None without a generator.
        output_spread: the median of the same between two of the outputs before, to compare with;
            None without a generator, NaN for a single latent.
    """

    method: str
    latents: Float[Any, "K ..."]
    distance: Float64[np.ndarray, " K"]
    cosine: Float64[np.ndarray, " K"]
    relative_norm: Float64[np.ndarray, " K"]
    output_change: Float64[np.ndarray, " K"] | None = None
    output_spread: float | None = None

    def __str__(self) -> str:
        """Return a table of one line a latent."""
        head = f"{'latent':>6}  {'moved by':>8}  {'cosine':>6}  {'norm':>5}"
        lines = [head + ("" if self.output_change is None else "  output changed by")]
        for k in range(len(self.distance)):
            line = f"{k:>6}  {self.distance[k]:>8.3f}  {self.cosine[k]:>6.3f}"
            line += f"  {self.relative_norm[k]:>5.2f}"
            if self.output_change is not None:
                line += f"  {self.output_change[k]:>17.4g}"
            lines.append(line)
        if self.output_spread is not None and np.isfinite(self.output_spread):
            lines.append(f"two of the outputs differ by {self.output_spread:.4g} (median)")
        return "\n".join(lines)


def rescale(
    latents: ArrayLike, *, transport_map: TransportMap | None = None, generator: Any = None
) -> Repair:
    """Bring every latent to the norm that the model expects; directions stay.

    inner_k <- sqrt(d) inner_k / \\|inner_k\\|.

    Args:
        latents: shape (K, *latent_shape), floating point; NumPy, PyTorch or JAX.
        transport_map: the law of the latents; default: the generator's, or independent standard
            Gaussians.
        generator: if given, each latent's output before is compared with that after; its outputs
            must be arrays of one shape.

    Returns:
        The repaired latents, and how far each was moved.

    Raises:
        ArgumentError: if ``latents`` cannot be seed latents, or outputs cannot be compared.

    Source: that seed latents have to follow the model's law, Bodin et al. 2024
    (arXiv 2408.08558).

    Example:
        >>> import numpy as np
        >>> repair = rescale(np.array([[3.0, 4.0], [0.6, 0.8]]))
        >>> repair.latents.round(3)
        array([[0.849, 1.131],
               [0.849, 1.131]])
        >>> repair.distance.round(3), repair.cosine
        (array([0.717, 0.414]), array([1., 1.]))
    """
    return _repaired(
        latents, _rescaled, method="rescale", transport_map=transport_map, generator=generator
    )


def gaussianise(
    latents: ArrayLike, *, transport_map: TransportMap | None = None, generator: Any = None
) -> Repair:
    """Give each latent the values of an ideal Gaussian sample, in the order of its own.

    inner_i <- c Phi^-1((rank_i - 1/2) / d), with c such that the norm is sqrt(d).

    Mends heavy tails, offsets and clipped values; the order of the elements stays, and so does
    whatever structure is in that order. Equal values stay equal.

    Args:
        latents: as for :func:`rescale`; of at least two different values each.
        transport_map: as for :func:`rescale`.
        generator: as for :func:`rescale`.

    Raises:
        ArgumentError: as :func:`rescale` does, or all values of a latent are equal.

    Source: the rank-based inverse normal transform with offset 1/2, Bliss, "Statistics in
    Biology" (1967).

    Example:
        >>> import numpy as np
        >>> heavy_tailed = np.random.default_rng(0).standard_t(2, size=(1, 1000))
        >>> repair = gaussianise(heavy_tailed)
        >>> float(np.abs(heavy_tailed).max().round(1)), float(np.abs(repair.latents).max().round(1))
        (39.8, 3.3)
    """
    return _repaired(
        latents,
        _gaussianised,
        method="gaussianise",
        transport_map=transport_map,
        generator=generator,
    )


def whiten(
    latents: ArrayLike, *, transport_map: TransportMap | None = None, generator: Any = None
) -> Repair:
    """Undo the correlation between the latents of a set, moving their directions the least.

    E <- C^(-1/2) E over the rows e_k = inner_k / \\|inner_k\\|, C = E E^T; norms stay.

    Of all sets of orthogonal directions this is the nearest to the latents' own (Löwdin). The
    more alike the examples, the farther they are moved, and prior draws have some correlation
    too, about 1/sqrt(d): the combination rule "shell" takes care of norms without moving
    anything. It does nothing about structure within one latent.

    Args:
        latents: as for :func:`rescale`; linearly independent.
        transport_map: as for :func:`rescale`.
        generator: as for :func:`rescale`.

    Raises:
        ArgumentError: as :func:`rescale` does, or the latents are (nearly) linearly dependent.

    Source: Löwdin, "On the non-orthogonality problem", J. Chem. Phys. 18 (1950); that it moves
    the least, Carlson and Keller, Phys. Rev. 105 (1957).

    Example:
        >>> import numpy as np
        >>> repair = whiten(np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0]]))
        >>> repair.latents.round(3)
        array([[ 0.949, -0.316,  0.   ],
               [ 0.316,  0.949,  0.   ]])
        >>> repair.cosine.round(3)
        array([0.949, 0.949])
    """
    return _repaired(
        latents, _decorrelated, method="whiten", transport_map=transport_map, generator=generator
    )


#: The repairs by name.
METHODS: dict[str, Callable[..., Repair]] = {
    "rescale": rescale,
    "gaussianise": gaussianise,
    "whiten": whiten,
}


def _rescaled(inner: Rows) -> Rows:
    norms = np.linalg.norm(inner, axis=1, keepdims=True)
    if not norms.all():
        raise ArgumentError(
            f"latents[{int(np.argmin(norms))}] has an inner latent of norm zero, so it has no "
            "direction to keep; leave it out"
        )
    scaled: Rows = inner * (np.sqrt(inner.shape[1]) / norms)
    return scaled


def _gaussianised(inner: Rows) -> Rows:
    flat = np.ptp(inner, axis=1) == 0.0
    if flat.any():
        raise ArgumentError(
            f"latents[{int(np.argmax(flat))}] has one value in all of its elements, so they have "
            "no order to keep; leave it out"
        )
    from scipy.stats import rankdata  # scipy.stats takes longer to import than most studies

    scores: Rows = ndtri((rankdata(inner, axis=1) - 0.5) / inner.shape[1])
    return _rescaled(scores)


def _decorrelated(inner: Rows) -> Rows:
    norms = np.linalg.norm(inner, axis=1, keepdims=True)
    directions = inner / np.where(norms > 0.0, norms, 1.0)
    eigenvalues, vectors = np.linalg.eigh(directions @ directions.T)
    if eigenvalues[0] < _LEAST_EIGENVALUE:
        raise ArgumentError(
            f"the {len(inner)} latents are linearly dependent (smallest eigenvalue of their "
            f"cosines {max(eigenvalues[0], 0.0):.2g}), so they cannot all be made orthogonal; "
            "leave out those that combine others"
        )
    root = (vectors / np.sqrt(eigenvalues)) @ vectors.T
    apart: Rows = (root @ directions) * norms
    return apart


def _repaired(
    latents: Any,
    change: Callable[[Rows], Rows],
    *,
    method: str,
    transport_map: TransportMap | None,
    generator: Any,
) -> Repair:
    """Change inner latents, carry them back, and measure what that did.

    Raises:
        ArgumentError: the latents are no seed latents, the generator's outputs are no arrays of
            one shape, or ``change`` cannot be done.
    """
    before = checked_seed_latents(latents)
    library = library_of(before)
    if generator is not None:
        check_has(generator, "generate", argument="generator")
    if transport_map is None:
        transport_map = transport_map_of(generator)
    check_instance(
        transport_map, TransportMap, argument="transport_map", example="UniformTransportMap()"
    )
    inner = library.on_host(transport_map.forward(before)).astype(np.float64)
    check_finite(inner, name="the transport map's image of the latents")
    with np.errstate(over="ignore"):
        old = np.linalg.norm(inner, axis=1)
    if not np.isfinite(old).all():
        raise ArgumentError(
            f"latents[{int(np.argmax(~np.isfinite(old)))}] is so large that its norm overflows "
            "float64; expected latents of a reasonable scale"
        )
    changed = change(inner)
    there = library.from_host(changed, like=before)
    after = transport_map.inverse(there, latent_shape=tuple(before.shape[1:]))
    if isinstance(after, np.ndarray):
        after = after.astype(before.dtype, copy=False)
    # what counts is where the latents are after rounding to their dtype
    reached = library.on_host(transport_map.forward(after)).astype(np.float64)
    new = np.linalg.norm(reached, axis=1)
    output_change, output_spread = _outputs_compared(generator, before, after)
    return Repair(
        method=method,
        latents=after,
        distance=np.linalg.norm(reached - inner, axis=1) / old,
        cosine=np.clip((reached * inner).sum(axis=1) / (old * new), -1.0, 1.0),
        relative_norm=new / np.sqrt(inner.shape[1]),
        output_change=output_change,
        output_spread=output_spread,
    )


def _outputs_compared(
    generator: Any, before: Any, after: Any
) -> tuple[Float64[np.ndarray, " K"] | None, float | None]:
    if generator is None:
        return None, None
    outputs = [*generator.generate(before), *generator.generate(after)]
    num = len(outputs) // 2
    rows = output_rows(outputs)
    between = distances_between(rows[:num])[np.triu_indices(num, k=1)]
    spread = float(np.median(between)) if num > 1 else float("nan")
    return root_mean_square(rows[num:] - rows[:num]), spread
