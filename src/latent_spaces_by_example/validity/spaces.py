"""A space that can be described: a map from the unit hypercube to latents, with cheap distances."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, final

import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.charts import Chart
from latent_spaces_by_example.space import SurrogateChart
from latent_spaces_by_example.transport_maps import TransportMap

#: Coordinates of n points in the cube.
Points = Float64[np.ndarray, "n m"]
#: Outputs or positions of n points, as rows of numbers.
Rows = Float64[np.ndarray, "n p"]


class Space(ABC):
    """A map u -> z from [0, 1]^m, and a set of coordinates in which its latents can be compared.

    Subclass it and give the attributes and two methods below: :func:`latent_spaces_by_example.\
describe` takes any, to compare with a surrogate chart (``benchmarks/space/baselines.py``).

    Attributes:
        name: for tables.
        num_coordinates: m.
        latent_shape: the shape of one latent.
        transport_map: the law of the latents that a model expects.
    """

    name: str
    num_coordinates: int
    latent_shape: Any
    transport_map: TransportMap

    @property
    def num_latent_dims(self) -> int:
        """Return the dimension d of the inner latents."""
        return self.transport_map.num_inner_dims(self.latent_shape)

    @abstractmethod
    def from_u_to_z(self, u: Points) -> Float[Any, "n ..."]:
        """Return latents (n, *latent_shape) at coordinates (n, m) in [0, 1]."""

    @abstractmethod
    def positions(self, u: Points) -> Float64[np.ndarray, "n p"]:
        """Return vectors with the norms and distances of the inner latents, of any length p.

        The inner latents themselves will do; K numbers do where K seed latents span them.
        """

    def weights(self, u: Points) -> Float64[np.ndarray, "n K"] | None:
        """Return unit-norm weights over seed latents, or None if the space has none."""
        return None


@final
class ChartSpace(Space):
    """A surrogate chart, under its own weight chart or under another one."""

    def __init__(self, chart: SurrogateChart, *, weight_chart: Chart | None = None) -> None:
        """Keep the chart; its seed latents are not copied."""
        self._chart = chart
        self._weight_chart = chart.weight_chart if weight_chart is None else weight_chart
        self._root = root_of(chart.gram)
        self.name = type(self._weight_chart).__name__.removesuffix("Chart")
        self.num_coordinates = chart.num_seeds - 1
        self.latent_shape = chart.latent_shape
        self.transport_map = chart.transport_map

    def weights(self, u: Points) -> Float64[np.ndarray, "n K"]:
        """Return the weights of u under the weight chart."""
        return self._weight_chart.forward(u)

    def from_u_to_z(self, u: Points) -> Float[Any, "n ..."]:
        """Return the latents that the surrogate chart makes of the weights."""
        return self._chart.from_w_to_z(self.weights(u))

    def positions(self, u: Points) -> Float64[np.ndarray, "n K"]:
        """Return c(w) R, R R^T the Gram matrix of the seed latents: K numbers in place of d."""
        coefficients = self._chart.coefficients(self.weights(u))
        positions: Float64[np.ndarray, "n K"] = coefficients @ self._root
        return positions


def root_of(gram: Float64[np.ndarray, "K K"]) -> Float64[np.ndarray, "K K"]:
    """Return R with R R^T = gram, also of linearly dependent seed latents."""
    eigenvalues, vectors = np.linalg.eigh(gram)
    root: Float64[np.ndarray, "K K"] = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
    return root
