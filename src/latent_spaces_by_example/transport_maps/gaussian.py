"""Gaussian latents of any mean and covariance."""

from __future__ import annotations

from math import prod
from typing import Any, final

import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.arguments import ArrayLike
from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps.base import TransportMap, finite_parameter
from latent_spaces_by_example.transport_maps.layout import sizes_of


@final
class GaussianTransportMap(TransportMap):
    """The map for latents that are Gaussian, N(mean, Sigma).

    T(z) = L^-1 (z - mean) with Sigma = L L^T: L is diagonal for ``scale`` and ``variance``, the
    Cholesky factor for ``covariance``.

    Args:
        mean: a number, or an array of the latents' shape (flat also).
        scale: standard deviations, all positive: a number, or an array of the latents' shape.
        variance: variances, all positive, likewise.
        covariance: symmetric positive definite matrix over the flattened latent, (D, D).
            At most one of ``scale``, ``variance`` and ``covariance``; none means unit variance.

    Raises:
        ArgumentError: if more than one spread is given, a value is not finite, a scale or
            variance is not positive, or the covariance is not symmetric or is singular.

    Source: Bodin et al. 2024 (arXiv 2408.08558), section 3.

    Example:
        >>> import numpy as np
        >>> transport_map = GaussianTransportMap(mean=5.0, scale=2.0)
        >>> transport_map.forward(np.array([[5.0, 9.0]]))
        array([[0., 2.]])
        >>> transport_map.inverse(np.array([[0.0, 2.0]]))
        array([[5., 9.]])
    """

    def __init__(
        self,
        mean: ArrayLike = 0.0,
        *,
        scale: ArrayLike | None = None,
        variance: ArrayLike | None = None,
        covariance: ArrayLike | None = None,
    ) -> None:
        """Check the law's parameters; the class says what they are."""
        if sum(spread is not None for spread in (scale, variance, covariance)) > 1:
            raise ArgumentError("give only one of scale, variance and covariance")
        self._mean = finite_parameter(mean, name="mean")
        self._scale = np.ones(())
        self._factor: Float64[np.ndarray, "D D"] | None = None
        if covariance is not None:
            self._factor = _cholesky(finite_parameter(covariance, name="covariance"))
        elif variance is not None:
            self._scale = np.sqrt(_positive(variance, name="variance"))
        elif scale is not None:
            self._scale = _positive(scale, name="scale")

    def __repr__(self) -> str:
        """Say which parameters the law has."""
        spread = "covariance" if self._factor is not None else "scale"
        shape = self._factor.shape if self._factor is not None else self._scale.shape
        return f"GaussianTransportMap(mean of shape {self._mean.shape}, {spread} of shape {shape})"

    def num_inner_dims(self, latent_shape: tuple[int, ...]) -> int:
        """Return the number of elements of a latent, which must fit the law's parameters."""
        num_dims = prod(sizes_of(latent_shape))
        for name, parameter in (("mean", self._mean), ("scale", self._scale)):
            if parameter.shape not in ((), (num_dims,), tuple(latent_shape)):
                raise ArgumentError(
                    f"latents have shape {latent_shape}, but this law's {name} has shape "
                    f"{parameter.shape}; expected the same shape, or a single number"
                )
        if self._factor is not None and len(self._factor) != num_dims:
            raise ArgumentError(
                f"latents have shape {latent_shape}, {num_dims} numbers, but this law's "
                f"covariance has shape {self._factor.shape}; expected ({num_dims}, {num_dims})"
            )
        return num_dims

    def _to_inner(self, z: Float[Any, "n D"], latent_shape: tuple[int, ...]) -> Float[Any, "n D"]:
        library = library_of(z)
        with np.errstate(over="ignore"):
            inner = library.inverse_affine(z, factor=self._spread, mean=self._mean.ravel())
        # in operators that every array library has, so that tensors keep their gradient
        if ((abs(inner) == np.inf) & (abs(z) != np.inf)).any():
            raise ArgumentError(
                f"inner latents overflow {library.dtype_name(z)}: the law's spread is too small "
                "for z, or for its dtype; expected latents of this law: check mean and scale, or "
                "use a wider dtype"
            )
        return inner

    def _to_latent(
        self, inner: Float[Any, "n d"], latent_shape: tuple[int, ...]
    ) -> Float[Any, "n d"]:
        return library_of(inner).affine(inner, factor=self._spread, mean=self._mean.ravel())

    @property
    def _spread(self) -> np.ndarray:
        """L, or its diagonal."""
        return self._scale.ravel() if self._factor is None else self._factor


def _positive(value: ArrayLike, *, name: str) -> np.ndarray:
    array = finite_parameter(value, name=name)
    if (array <= 0.0).any():
        raise ArgumentError(
            f"{name} has values that are not positive, the smallest {float(array.min())!r}: the "
            "law would be singular; expected positive numbers"
        )
    if (array < np.finfo(np.float64).tiny).any():
        raise ArgumentError(
            f"{name} has values too small to divide by, the smallest {float(array.min())!r}; "
            f"expected at least {np.finfo(np.float64).tiny:.2g}: use other units"
        )
    return array


def _cholesky(covariance: np.ndarray) -> Float64[np.ndarray, "D D"]:
    if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1]:
        raise ArgumentError(
            f"covariance has shape {covariance.shape}; expected a square matrix (D, D) over the "
            "flattened latent; give a diagonal one as variance"
        )
    if np.abs(covariance - covariance.T).max() > 1e-10 * np.abs(covariance).max():
        raise ArgumentError("covariance is not symmetric; expected a symmetric matrix")
    deviations = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    singular = ArgumentError(
        "covariance is singular or not positive definite: some direction has no variance, so the "
        "map cannot be one-to-one; drop the redundant dimensions or add a small variance"
    )
    try:
        factor = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError as error:
        raise singular from error
    # Cholesky lets a singular matrix through when rounding leaves a pivot barely positive.
    if (np.diag(factor) < 1e-7 * deviations).any():
        raise singular
    return factor
