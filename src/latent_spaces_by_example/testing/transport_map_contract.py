"""Tests that any transport map passes, to inherit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pytest
from jaxtyping import Float, Float64
from scipy.stats import chi2, ks_2samp, kstest, norm

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space import SurrogateChart
from latent_spaces_by_example.transport_maps import TransportMap
from latent_spaces_by_example.transport_maps.layout import (
    Layout,
    layout_of_latents,
    num_latents,
    rows_of,
)


class TransportMapContract(ABC):
    """Tests of shape, inverse, dtype, errors and law that every transport map passes.

    The law is tested from draws that do not come from the map itself: their inner latents must
    be standard Gaussian, and unit-norm combinations of 2 and of 16 of them must follow the law
    again, by Kolmogorov-Smirnov tests and by mean and variance. The points of a surrogate chart
    over draws of the law must come back to their coordinates.

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
    #: Combinations of K draws, for each K.
    num_combinations: ClassVar[int] = 2000
    #: Chance that a right map fails one of the statistical tests, over all seeds of randomness.
    error_rate: ClassVar[float] = 1e-6
    #: Largest error of z -> inner -> z, in ulps of the largest element of z.
    ulps: ClassVar[float] = 64.0
    #: Largest error of u -> z -> u, in float64.
    u_tolerance: ClassVar[float] = 1e-10

    @abstractmethod
    def make_transport_map(self) -> TransportMap:
        """Return the map to test."""

    @abstractmethod
    def draw_latents(self, n: int, rng: np.random.Generator) -> Any:
        """Draw n latents of the law in float64, by other means than the map.

        Shape (n, *latent_shape); or a dictionary of such arrays, for a law of named parts.
        """

    def test_shapes(self) -> None:
        """Latents become a matrix of ``num_inner_dims`` columns, and come back in their shape."""
        transport_map, z = self._map_and_latents(5)
        latent_shape = _shape_of(z)
        d = transport_map.num_inner_dims(latent_shape)
        inner = transport_map.forward(z)
        assert inner.shape == (5, d)
        back = transport_map.inverse(inner, latent_shape=latent_shape)
        assert _shapes(back) == _shapes(z)
        none = rows_of(z, slice(0))
        assert transport_map.forward(none).shape == (0, d)
        back = transport_map.inverse(inner[:0], latent_shape=latent_shape)
        assert _shapes(back) == _shapes(none)

    def test_latents_round_trip(self) -> None:
        """Z -> inner -> z is the identity to rounding, and both ways keep the dtype."""
        transport_map, latents = self._map_and_latents(50)
        for dtype in (np.float32, np.float64):
            z = _each(latents, partial(np.asarray, dtype=dtype))
            inner = transport_map.forward(z)
            back = transport_map.inverse(inner, latent_shape=_layout(z).latent_shape)
            assert inner.dtype == dtype
            for again, array in zip(_arrays(back), _arrays(z), strict=True):
                assert again.dtype == dtype
                tolerance = self.ulps * float(np.finfo(dtype).eps) * float(np.abs(array).max())
                np.testing.assert_allclose(again, array, rtol=0.0, atol=tolerance)

    def test_batch_does_not_matter(self) -> None:
        """A latent has the same image alone as among others, to rounding, and back."""
        transport_map, z = self._map_and_latents(6)
        latent_shape = _layout(z).latent_shape
        inner = transport_map.forward(z)
        back = transport_map.inverse(inner, latent_shape=latent_shape)
        for i in range(6):
            alone = transport_map.forward(rows_of(z, slice(i, i + 1)))
            np.testing.assert_allclose(alone, inner[i : i + 1], rtol=1e-10, atol=1e-12)
            one = transport_map.inverse(inner[i : i + 1], latent_shape=latent_shape)
            for array, other in zip(_arrays(one), _arrays(back), strict=True):
                np.testing.assert_allclose(array, other[i : i + 1], rtol=1e-10, atol=1e-12)

    def test_arguments_are_left_alone(self) -> None:
        """Neither direction writes to its argument."""
        transport_map, z = self._map_and_latents(3)
        z_before = _each(z, np.copy)
        inner = transport_map.forward(z).copy()
        inner_before = inner.copy()
        transport_map.inverse(inner, latent_shape=_layout(z).latent_shape)
        for array, before in zip(_arrays(z), _arrays(z_before), strict=True):
            np.testing.assert_array_equal(array, before)
        np.testing.assert_array_equal(inner, inner_before)

    def test_bad_latents_are_an_error(self) -> None:
        """Integers, objects and a missing batch axis: the library's own error."""
        transport_map, z = self._map_and_latents(3)
        wrong: list[Any] = [
            None,
            {},
            _each(z, lambda array: np.ones(array.shape, dtype=int)),
            _each(z, lambda array: array.astype(complex)),
        ]
        if not isinstance(z, Mapping):
            wrong.append(z.ravel())
        for latents in wrong:
            with pytest.raises(ArgumentError, match=r"z|latents"):
                transport_map.forward(latents)
        inner = transport_map.forward(z)
        wrong = [inner[:, :-1], inner[0], np.ones(inner.shape, dtype=int)]
        for inner_latents in wrong:
            with pytest.raises(ArgumentError, match="inner"):
                transport_map.inverse(inner_latents, latent_shape=_layout(z).latent_shape)

    def test_inner_latents_are_standard_gaussian(self) -> None:
        """Draws of the law become independent standard Gaussians."""
        transport_map, z = self._map_and_latents(self.num_draws)
        samples = _views(transport_map.forward(z))
        n, num_views = samples.shape
        level = self.error_rate / (3 * num_views)
        for sample in samples.T:
            assert kstest(sample, "norm").pvalue > level
        assert (2.0 * norm.sf(np.abs(samples.sum(axis=0)) / np.sqrt(n)) > level).all()
        squares = (samples**2).sum(axis=0)
        assert (2.0 * np.minimum(chi2.sf(squares, n), chi2.cdf(squares, n)) > level).all()

    def test_prior_draws_follow_the_law(self) -> None:
        """The inverse of standard Gaussians follows the law."""
        transport_map, z = self._map_and_latents(self.num_draws)
        d = transport_map.num_inner_dims(_shape_of(z))
        inner = np.random.default_rng(1).standard_normal((num_latents(z), d))
        self._assert_same_law(transport_map, inner, reference=z)

    def test_combinations_follow_the_law(self) -> None:
        """Unit-norm combinations of K independent draws follow the law, for K = 2 and 16."""
        transport_map, z = self._map_and_latents(self.num_draws)
        n = self.num_combinations
        # two differ most from the law where the map is wrong; sixteen show what adds up
        for num_seeds in (2, 16):
            rng = np.random.default_rng(num_seeds)
            w = rng.standard_normal((n, num_seeds))
            w /= np.linalg.norm(w, axis=1, keepdims=True)
            seeds = (transport_map.forward(self.draw_latents(n, rng)) for _ in w.T)
            inner = sum(column[:, None] * seed for column, seed in zip(w.T, seeds, strict=True))
            self._assert_same_law(transport_map, inner, reference=z)

    def test_points_of_a_space_come_back(self) -> None:
        """u -> z -> u through a surrogate chart over draws of the law is the identity."""
        transport_map, z = self._map_and_latents(5)
        num_seeds = min(5, transport_map.num_inner_dims(_shape_of(z)))
        if num_seeds < 2:
            pytest.skip("latents of one inner dimension span no space with coordinates")
        for combination in ("linear", "shell"):
            chart = SurrogateChart(
                rows_of(z, slice(num_seeds)), transport_map=transport_map, combination=combination
            )
            u = np.random.default_rng(2).uniform(0.02, 0.98, (20, num_seeds - 1))
            back = chart.from_z_to_u(chart.from_u_to_z(u))
            np.testing.assert_allclose(back, u, rtol=0.0, atol=self.u_tolerance)

    def _map_and_latents(self, n: int) -> tuple[TransportMap, Any]:
        return self.make_transport_map(), self.draw_latents(n, np.random.default_rng(0))

    def _assert_same_law(
        self, transport_map: TransportMap, inner: Float[np.ndarray, "n d"], *, reference: Any
    ) -> None:
        layout = _layout(reference)
        z = transport_map.inverse(inner, latent_shape=layout.latent_shape)
        ours, theirs = (_views(_rows(layout, latents)) for latents in (z, reference))
        level = self.error_rate / (9 * ours.shape[1])
        for mine, other in zip(ours.T, theirs.T, strict=True):
            assert ks_2samp(mine, other).pvalue > level
            assert _same_moments(mine, other, level=level)


def _same_moments(
    sample: Float64[np.ndarray, " n"], other: Float64[np.ndarray, " m"], *, level: float
) -> bool:
    """Return whether means and variances agree, of values cut at the 0.5 % quantiles.

    Cut, because a law with heavy tails may have no moments.
    """
    low, high = np.quantile(other, [0.005, 0.995])
    first, second = (np.clip(x, low, high) - other.mean() for x in (sample, other))
    centre = second.mean()
    for power in (1, 2):
        a, b = ((x - centre) ** power for x in (first, second))
        spread = np.sqrt(a.var() / len(a) + b.var() / len(b))
        if abs(a.mean() - b.mean()) > norm.isf(level / 2.0) * spread:
            return False
    return True


def _layout(z: Any) -> Layout:
    return layout_of_latents(z, name="z")


def _arrays(z: Any) -> list[np.ndarray]:
    return [z[part] for part in sorted(z)] if isinstance(z, Mapping) else [z]


def _each(z: Any, change: Callable[[Any], Any]) -> Any:
    return {part: change(z[part]) for part in z} if isinstance(z, Mapping) else change(z)


def _shapes(z: Any) -> list[tuple[int, ...]]:
    return [array.shape for array in _arrays(z)]


def _rows(layout: Layout, z: Any) -> Float[np.ndarray, "n D"]:
    packed = layout.pack(z, name="z")
    rows: Float[np.ndarray, "n D"] = packed.reshape(len(packed), -1)
    return rows


def _views(x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n views"]:
    """Up to 32 columns, and 32 projections on unit vectors, in which a dependence would show."""
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((x.shape[1], 32))
    directions /= np.linalg.norm(directions, axis=0)
    columns = rng.permutation(x.shape[1])[:32]
    return np.hstack([x[:, columns], x @ directions])


def _shape_of(z: Any) -> Any:
    return _layout(z).latent_shape
