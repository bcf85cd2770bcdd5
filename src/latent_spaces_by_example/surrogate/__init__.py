"""The surrogate chart: the one composition u <-> w <-> inner latent <-> z."""

from latent_spaces_by_example.surrogate.chart import SurrogateChart
from latent_spaces_by_example.surrogate.factories import (
    angular_surrogate_chart,
    knothe_rosenblatt_surrogate_chart,
)
from latent_spaces_by_example.surrogate.projection import Projection

__all__ = [
    "Projection",
    "SurrogateChart",
    "angular_surrogate_chart",
    "knothe_rosenblatt_surrogate_chart",
]
