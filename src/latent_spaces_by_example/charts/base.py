"""Define a chart: u <-> w, the unit hypercube to the unit sphere's non-negative orthant."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, final

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.arguments import ArrayLike, float_array
from latent_spaces_by_example.charts.domain import cube_coordinates, orthant_weights
from latent_spaces_by_example.errors import ArgumentError


class Chart(ABC):
    """A map of [0, 1]^(K - 1) onto {w : |w| = 1, w_k >= 0}, for every number of weights K >= 1.

    A chart is written by giving ``_weights`` and ``_coordinates``; this class checks what comes
    in, so that every chart has the same domain and the same policy about its edges: outside is
    an error, rounding at the edge (a few ulps of the dtype that came in) is not. All computing
    is in float64. Hold a new one to ``latent_spaces_by_example.testing.ChartContract``.

    Source: Willis et al. 2025 (arXiv 2509.23800).

    Example:
        >>> import numpy as np
        >>> class ReversedChart(Chart):
        ...     is_uniform = True
        ...     def __init__(self, chart):
        ...         self.chart = chart
        ...     def _weights(self, u):
        ...         return self.chart.forward(u)[:, ::-1]
        ...     def _coordinates(self, w):
        ...         return self.chart.inverse(w[:, ::-1])
        >>> from latent_spaces_by_example.charts import KnotheRosenblattChart
        >>> ReversedChart(KnotheRosenblattChart()).forward(np.array([[0.0, 0.0]]))
        array([[0., 0., 1.]])
    """

    #: True if u uniform in the cube gives w uniform on the orthant of the sphere.
    is_uniform: ClassVar[bool]

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    @final
    def forward(self, u: ArrayLike) -> Float64[np.ndarray, "n K"]:
        """Map coordinates to weights, u -> w.

        Args:
            u: shape (n, K - 1), floating point, each coordinate in [0, 1].

        Returns:
            Weights, shape (n, K): rows of norm 1, none negative.

        Raises:
            ArgumentError: if ``u`` has another shape or dtype, or a value outside [0, 1].
        """
        return self._weights(cube_coordinates(u))

    @final
    def inverse(self, w: ArrayLike) -> Float64[np.ndarray, "n K_minus_1"]:
        """Map weights to coordinates, w -> u.

        Where a face of the cube collapses (all its points have the same weights) the
        coordinates that do not matter come back as 0.

        Args:
            w: shape (n, K) with K at least 1, floating point, rows of norm 1, none negative.

        Returns:
            Coordinates, shape (n, K - 1), in [0, 1].

        Raises:
            ArgumentError: if ``w`` has another shape or dtype, or a value that is not finite.
            OutsideSpaceError: if a row is off the unit sphere or outside the orthant.
        """
        return self._coordinates(orthant_weights(w))

    @abstractmethod
    def _weights(self, u: Float64[np.ndarray, "n m"]) -> Float64[np.ndarray, "n m+1"]:
        """Map coordinates that are known to lie in [0, 1] to weights."""

    @abstractmethod
    def _coordinates(self, w: Float64[np.ndarray, "n K"]) -> Float64[np.ndarray, "n K-1"]:
        """Map weights that are known to be unit and non-negative, K >= 1, to coordinates."""


class DifferentiableChart(Chart):
    """A chart that also gives the derivative of u -> w, so that gradients can flow through it.

    Written by giving ``_pull_back`` beside what a chart needs.

    Example:
        >>> import numpy as np
        >>> from latent_spaces_by_example.charts import AngularChart
        >>> angle_of_the_last = AngularChart().pull_back([[0.5, 1.0]], [[0.0, 0.0, 1.0]])
        >>> (angle_of_the_last * 2 / np.pi).round(6)
        array([[0.707107, 0.      ]])
    """

    @final
    def pull_back(self, u: ArrayLike, w_gradient: ArrayLike) -> Float64[np.ndarray, "n K_minus_1"]:
        """Return the gradient of a loss in u from its gradient in w: dL/du = dL/dw dw/du.

        Args:
            u: coordinates, shape (n, K - 1), each in [0, 1]: where the derivative is taken. On
                a face of the cube it is one-sided.
            w_gradient: dL/dw at w = forward(u), shape (n, K).

        Raises:
            ArgumentError: if ``u`` or ``w_gradient`` has another shape or dtype, or a value
                outside [0, 1].
        """
        coordinates = cube_coordinates(u)
        gradient = float_array(w_gradient, name="w_gradient", shape="(n, K)")
        expected = (len(coordinates), coordinates.shape[1] + 1)
        if gradient.shape != expected:
            raise ArgumentError(f"w_gradient has shape {gradient.shape}; expected {expected}")
        return self._pull_back(coordinates, gradient.astype(np.float64))

    @abstractmethod
    def _pull_back(
        self, u: Float64[np.ndarray, "n m"], w_gradient: Float64[np.ndarray, "n m+1"]
    ) -> Float64[np.ndarray, "n m"]:
        """Map dL/dw to dL/du at coordinates that are known to lie in [0, 1]."""
