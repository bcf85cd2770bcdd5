"""What every transport map must do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
import pytest
from jaxtyping import Float, Float64
from scipy.stats import ks_2samp, kstest

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps import TransportMap


class TransportMapContract(ABC):
    """Tests of shape, inverse, dtype, errors and law that every transport map passes.

    The law is tested from draws that do not come from the map itself: their inner latents must
    be standard Gaussian, and unit-norm combinations of them must follow the law again.

    Example:
        >>> from latent_spaces_by_example.transport_maps import IdentityTransportMap
        >>> class TestIdentityTransportMap(TransportMapContract):
        ...     def make_transport_map(self):
        ...         return IdentityTransportMap()
        ...     def draw_latents(self, n, rng):
        ...         return rng.standard_normal((n, 2, 3))
        >>> TestIdentityTransportMap().test_latents_round_trip()
    """

    #: Draws per statistical test.
    num_draws: ClassVar[int] = 4000
    #: Chance that a right map fails one of the statistical tests, over all seeds of randomness.
    error_rate: ClassVar[float] = 1e-6
    #: Largest error of z -> inner -> z, in ulps of the largest element of z.
    ulps: ClassVar[float] = 64.0

    @abstractmethod
    def make_transport_map(self) -> TransportMap:
        """Return the map to test."""

    @abstractmethod
    def draw_latents(self, n: int, rng: np.random.Generator) -> Float64[np.ndarray, "n ..."]:
        """Draw n latents of the law, shape (n, *latent_shape), by other means than the map."""

    def test_shapes(self) -> None:
        """Latents become a matrix of ``num_inner_dims`` columns, and come back in their shape."""
        transport_map, z = self._map_and_latents(5)
        d = transport_map.num_inner_dims(z.shape[1:])
        inner = transport_map.forward(z)
        assert inner.shape == (5, d)
        assert transport_map.inverse(inner, latent_shape=z.shape[1:]).shape == z.shape
        assert transport_map.forward(z[:0]).shape == (0, d)
        assert transport_map.inverse(inner[:0], latent_shape=z.shape[1:]).shape == z[:0].shape

    def test_latents_round_trip(self) -> None:
        """Z -> inner -> z is the identity to rounding, and both ways keep the dtype."""
        transport_map, latents = self._map_and_latents(50)
        for dtype in (np.float32, np.float64):
            z: Float[np.ndarray, "n ..."] = latents.astype(dtype)
            inner = transport_map.forward(z)
            back = transport_map.inverse(inner, latent_shape=z.shape[1:])
            assert inner.dtype == dtype
            assert back.dtype == dtype
            tolerance = self.ulps * float(np.finfo(dtype).eps) * float(np.abs(z).max())
            np.testing.assert_allclose(back, z, rtol=0.0, atol=tolerance)

    def test_arguments_are_left_alone(self) -> None:
        """Neither direction writes to its argument."""
        transport_map, z = self._map_and_latents(3)
        z_before = z.copy()
        inner = transport_map.forward(z).copy()
        inner_before = inner.copy()
        transport_map.inverse(inner, latent_shape=z.shape[1:])
        np.testing.assert_array_equal(z, z_before)
        np.testing.assert_array_equal(inner, inner_before)

    def test_bad_latents_are_an_error(self) -> None:
        """Integers, objects and a missing batch axis: the library's own error."""
        transport_map, z = self._map_and_latents(3)
        wrong: list[Any] = [np.ones(z.shape, dtype=int), z.ravel(), None, z.astype(complex)]
        for latents in wrong:
            with pytest.raises(ArgumentError, match="z"):
                transport_map.forward(latents)
        inner = transport_map.forward(z)
        wrong = [inner[:, :-1], inner[0], np.ones(inner.shape, dtype=int)]
        for inner_latents in wrong:
            with pytest.raises(ArgumentError, match="inner"):
                transport_map.inverse(inner_latents, latent_shape=z.shape[1:])

    def test_inner_latents_are_standard_gaussian(self) -> None:
        """Draws of the law become independent standard Gaussians."""
        transport_map, z = self._map_and_latents(self.num_draws)
        samples = _views(transport_map.forward(z))
        for sample in samples.T:
            assert kstest(sample, "norm").pvalue > self.error_rate / samples.shape[1]

    def test_prior_draws_follow_the_law(self) -> None:
        """The inverse of standard Gaussians follows the law."""
        transport_map, z = self._map_and_latents(self.num_draws)
        d = transport_map.num_inner_dims(z.shape[1:])
        inner = np.random.default_rng(1).standard_normal((len(z), d))
        self._assert_same_law(transport_map.inverse(inner, latent_shape=z.shape[1:]), z)

    def test_combinations_follow_the_law(self) -> None:
        """Unit-norm combinations of independent draws follow the law, for K = 2 and 8."""
        for num_seeds in (2, 8):
            transport_map, z = self._map_and_latents(self.num_draws)
            rng = np.random.default_rng(num_seeds)
            w = np.abs(rng.standard_normal((len(z), num_seeds)))
            w /= np.linalg.norm(w, axis=1, keepdims=True)
            seeds = [transport_map.forward(self.draw_latents(len(z), rng)) for _ in w.T]
            inner = np.einsum("nk,knd->nd", w, np.array(seeds))
            self._assert_same_law(transport_map.inverse(inner, latent_shape=z.shape[1:]), z)

    def _map_and_latents(self, n: int) -> tuple[TransportMap, Float64[np.ndarray, "n ..."]]:
        return self.make_transport_map(), self.draw_latents(n, np.random.default_rng(0))

    def _assert_same_law(
        self, z: Float[np.ndarray, "n ..."], reference: Float[np.ndarray, "n ..."]
    ) -> None:
        ours = _views(z.reshape(len(z), -1))
        theirs = _views(reference.reshape(len(reference), -1))
        for mine, other in zip(ours.T, theirs.T, strict=True):
            assert ks_2samp(mine, other).pvalue > self.error_rate / ours.shape[1]


def _views(x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n views"]:
    """Up to 32 columns, and 32 projections on unit vectors, in which a dependence would show."""
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((x.shape[1], 32))
    directions /= np.linalg.norm(directions, axis=0)
    columns = rng.permutation(x.shape[1])[:32]
    return np.hstack([x[:, columns], x @ directions])
