"""Tests that any chart passes, to inherit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
import pytest
from jaxtyping import Float64
from scipy.stats import kstest

from latent_spaces_by_example.charts import Chart
from latent_spaces_by_example.errors import ArgumentError, OutsideSpaceError


class ChartContract(ABC):
    """Tests of shape, inverse, boundaries, error policy and measure that every chart passes.

    Example:
        >>> from latent_spaces_by_example.charts import AngularChart
        >>> class TestAngularChart(ChartContract):
        ...     def make_chart(self):
        ...         return AngularChart()
        >>> TestAngularChart().test_coordinates_round_trip()
    """

    #: Numbers of weights K that are tried.
    numbers_of_seeds: ClassVar[tuple[int, ...]] = (1, 2, 3, 8, 64)
    #: Largest error of u -> w -> u away from the cube's faces.
    coordinate_tolerance: ClassVar[float] = 1e-12
    #: Largest error of w -> u -> w anywhere.
    weight_tolerance: ClassVar[float] = 1e-12
    #: Chance that a chart which is uniform fails the test of it, over all seeds of randomness.
    error_rate: ClassVar[float] = 1e-6

    @abstractmethod
    def make_chart(self) -> Chart:
        """Return the chart to test."""

    def test_weights_are_unit_and_not_negative(self) -> None:
        """Forward lands on the orthant of the sphere, from inside the cube and its corners."""
        chart = self.make_chart()
        for num_seeds in self.numbers_of_seeds:
            for u in (_interior(num_seeds), _corners(num_seeds)):
                w = chart.forward(u)
                assert w.shape == (len(u), num_seeds)
                assert w.dtype == np.float64
                assert (w >= 0.0).all()
                np.testing.assert_allclose(np.linalg.norm(w, axis=1), 1.0, rtol=1e-13)

    def test_coordinates_round_trip(self) -> None:
        """U -> w -> u is the identity inside the cube."""
        chart = self.make_chart()
        for num_seeds in self.numbers_of_seeds:
            u = _interior(num_seeds)
            back = chart.inverse(chart.forward(u))
            assert back.shape == u.shape
            np.testing.assert_allclose(back, u, rtol=0.0, atol=self.coordinate_tolerance)

    def test_weights_round_trip(self) -> None:
        """W -> u -> w is the identity everywhere, also where faces of the cube collapse."""
        chart = self.make_chart()
        for num_seeds in self.numbers_of_seeds:
            for w in (_uniform_weights(num_seeds), _sparse_weights(num_seeds), _seeds(num_seeds)):
                u = chart.inverse(w)
                assert u.shape == (len(w), num_seeds - 1)
                assert ((u >= 0.0) & (u <= 1.0)).all()
                np.testing.assert_allclose(
                    chart.forward(u), w, rtol=0.0, atol=self.weight_tolerance
                )

    def test_batch_of_none(self) -> None:
        """A batch of no points is a batch."""
        chart = self.make_chart()
        assert chart.forward(np.empty((0, 3))).shape == (0, 4)
        assert chart.inverse(np.empty((0, 4))).shape == (0, 3)

    def test_one_seed_is_a_space_of_one_point(self) -> None:
        """With K = 1 there is no coordinate and the weight is 1."""
        chart = self.make_chart()
        np.testing.assert_array_equal(chart.forward(np.empty((2, 0))), np.ones((2, 1)))
        assert chart.inverse(np.ones((2, 1))).shape == (2, 0)

    def test_rounding_at_the_edge_is_no_error(self) -> None:
        """One ulp of the caller's dtype beyond the edge counts as the edge."""
        chart = self.make_chart()
        for dtype in (np.float32, np.float64):
            ulp = np.finfo(dtype).eps
            beyond = np.array([[-ulp, 1.0 + ulp]], dtype)
            np.testing.assert_array_equal(
                chart.forward(beyond), chart.forward(np.array([[0.0, 1.0]]))
            )
            off_sphere = np.array([[1.0 + ulp, -ulp]], dtype)
            np.testing.assert_array_equal(chart.inverse(off_sphere), chart.inverse(np.eye(2)[:1]))

    def test_coordinates_outside_are_an_error(self) -> None:
        """Outside the cube, or no floating-point matrix: the library's own error."""
        chart = self.make_chart()
        wrong: list[Any] = [
            np.array([[0.5, 1.0 + 1e-6]]),
            np.array([[-1e-6, 0.5]]),
            np.array([[np.nan, 0.5]]),
            np.array([[0, 1]]),
            np.array([0.5, 0.5]),
            np.array([[0.5 + 0j]]),
            "no numbers",
            None,
        ]
        for u in wrong:
            with pytest.raises(ArgumentError, match="u"):
                chart.forward(u)

    def test_weights_outside_are_an_error(self) -> None:
        """Off the sphere or the orthant, or no floating-point matrix: the library's own error."""
        chart = self.make_chart()
        for w in ([[0.6, 0.8 + 1e-6]], [[0.0, 0.0]], [[-0.6, 0.8]]):
            with pytest.raises(OutsideSpaceError, match=r"w\[0"):
                chart.inverse(np.array(w))
        wrong: list[Any] = [
            np.array([[np.nan, 1.0]]),
            np.array([[0, 1]]),
            np.array([1.0, 0.0]),
            np.empty((3, 0)),
            None,
        ]
        for w in wrong:
            with pytest.raises(ArgumentError, match="w"):
                chart.inverse(w)

    def test_arguments_are_left_alone(self) -> None:
        """Neither direction writes to its argument."""
        chart = self.make_chart()
        u, w = _interior(5), _uniform_weights(5)
        u_before, w_before = u.copy(), w.copy()
        chart.forward(u)
        chart.inverse(w)
        np.testing.assert_array_equal(u, u_before)
        np.testing.assert_array_equal(w, w_before)

    def test_measure_is_as_declared(self) -> None:
        """If ``is_uniform``, uniform weights (normalised |Gaussian|) have uniform coordinates.

        Kolmogorov-Smirnov on each coordinate, and on each coordinate's rank beside the next
        one's for independence, at ``error_rate`` in all.
        """
        chart = self.make_chart()
        if not chart.is_uniform:
            return
        numbers = [k for k in self.numbers_of_seeds if 1 < k <= 64]
        tests = sum(2 * k - 3 for k in numbers)
        for num_seeds in numbers:
            u = chart.inverse(_uniform_weights(num_seeds, n=4000))
            # The fractional part of a sum of two independent uniforms is uniform; of two
            # dependent ones it is, in general, not.
            samples = np.hstack([u, (u[:, 1:] + u[:, :-1]) % 1.0])
            for sample in samples.T:
                assert kstest(sample, "uniform").pvalue > self.error_rate / tests


def _batch(num_seeds: int) -> int:
    return max(2, min(200, 20_000 // num_seeds))


def _interior(num_seeds: int) -> Float64[np.ndarray, "n m"]:
    shape = (_batch(num_seeds), num_seeds - 1)
    return np.random.default_rng(num_seeds).uniform(1e-3, 1.0 - 1e-3, shape)


def _corners(num_seeds: int) -> Float64[np.ndarray, "n m"]:
    corners = np.random.default_rng(num_seeds).integers(0, 2, (32, num_seeds - 1))
    return np.vstack([corners, np.zeros_like(corners[:1]), np.ones_like(corners[:1])]).astype(float)


def _uniform_weights(num_seeds: int, n: int | None = None) -> Float64[np.ndarray, "n K"]:
    shape = (n or _batch(num_seeds), num_seeds)
    draws = np.abs(np.random.default_rng(num_seeds).standard_normal(shape))
    weights: Float64[np.ndarray, "n K"] = draws / np.linalg.norm(draws, axis=1, keepdims=True)
    return weights


def _seeds(num_seeds: int) -> Float64[np.ndarray, "n K"]:
    """Weights that are one seed each, the first, the last and at most 62 between."""
    chosen = np.linspace(0, num_seeds - 1, min(num_seeds, 64)).astype(int)
    seeds: Float64[np.ndarray, "n K"] = np.eye(num_seeds)[chosen]
    return seeds


def _sparse_weights(num_seeds: int) -> Float64[np.ndarray, "n K"]:
    """Weights on the orthant's own faces: at least one, and on average half, are zero."""
    rng = np.random.default_rng(num_seeds)
    weights = _uniform_weights(num_seeds)
    weights *= rng.integers(0, 2, weights.shape)
    weights = weights[weights.any(axis=1)]
    sparse: Float64[np.ndarray, "n K"] = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    return sparse
