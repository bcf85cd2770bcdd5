"""The two usual ways to make a surrogate chart."""

from __future__ import annotations

from latent_spaces_by_example.charts import AngularChart, KnotheRosenblattChart
from latent_spaces_by_example.space.surrogate_chart import SurrogateChart
from latent_spaces_by_example.transport_maps import TransportMap
from latent_spaces_by_example.transport_maps.layout import Latents


def knothe_rosenblatt_surrogate_chart(
    seed_latents: Latents, *, transport_map: TransportMap | None = None, combination: str = "linear"
) -> SurrogateChart:
    """Make a surrogate chart under which uniform u is uniform on the sphere of weights.

    z = T^-1(c(w) Z), w from u by the Knothe-Rosenblatt chart. Arguments, errors and source are
    those of :class:`SurrogateChart`.

    Example:
        >>> import numpy as np
        >>> chart = knothe_rosenblatt_surrogate_chart(np.eye(3, 10))
        >>> chart.from_u_to_w(np.zeros((1, 2)))
        array([[1., 0., 0.]])
    """
    return SurrogateChart(
        seed_latents,
        weight_chart=KnotheRosenblattChart(),
        transport_map=transport_map,
        combination=combination,
    )


def angular_surrogate_chart(
    seed_latents: Latents, *, transport_map: TransportMap | None = None, combination: str = "linear"
) -> SurrogateChart:
    """Make a surrogate chart by hyperspherical angles: smooth, not uniform.

    z = T^-1(c(w) Z), w from u by the angular chart. Arguments, errors and source are those of
    :class:`SurrogateChart`.

    Example:
        >>> import numpy as np
        >>> chart = angular_surrogate_chart(np.eye(2, 10))
        >>> chart.from_u_to_w(np.array([[0.5]])).round(6)
        array([[0.707107, 0.707107]])
    """
    return SurrogateChart(
        seed_latents,
        weight_chart=AngularChart(),
        transport_map=transport_map,
        combination=combination,
    )
