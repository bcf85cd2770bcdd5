"""Three repairs, from the gentlest to the most thorough; each says in its result what it moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.special import ndtri
from scipy.stats import rankdata

from latent_spaces_by_example.arguments import ArrayLike
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space.repairs.repair import Repair, repaired
from latent_spaces_by_example.transport_maps import TransportMap

# Below this, undoing correlation multiplies what rounding of float32 left by more than a thousand.
_LEAST_EIGENVALUE = 1e-6


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
    return repaired(
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
    return repaired(
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
    return repaired(
        latents, _decorrelated, method="whiten", transport_map=transport_map, generator=generator
    )


#: The repairs by name.
METHODS: dict[str, Callable[..., Repair]] = {
    "rescale": rescale,
    "gaussianise": gaussianise,
    "whiten": whiten,
}


def _rescaled(inner: Float64[np.ndarray, "K d"]) -> Float64[np.ndarray, "K d"]:
    norms = np.linalg.norm(inner, axis=1, keepdims=True)
    if not norms.all():
        raise ArgumentError(
            f"latents[{int(np.argmin(norms))}] has an inner latent of norm zero, so it has no "
            "direction to keep; leave it out"
        )
    scaled: Float64[np.ndarray, "K d"] = inner * (np.sqrt(inner.shape[1]) / norms)
    return scaled


def _gaussianised(inner: Float64[np.ndarray, "K d"]) -> Float64[np.ndarray, "K d"]:
    flat = np.ptp(inner, axis=1) == 0.0
    if flat.any():
        raise ArgumentError(
            f"latents[{int(np.argmax(flat))}] has one value in all of its elements, so they have "
            "no order to keep; leave it out"
        )
    scores: Float64[np.ndarray, "K d"] = ndtri((rankdata(inner, axis=1) - 0.5) / inner.shape[1])
    return _rescaled(scores)


def _decorrelated(inner: Float64[np.ndarray, "K d"]) -> Float64[np.ndarray, "K d"]:
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
    apart: Float64[np.ndarray, "K d"] = (root @ directions) * norms
    return apart
