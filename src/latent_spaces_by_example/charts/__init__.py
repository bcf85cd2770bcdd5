"""Charts: one-to-one maps between the unit hypercube and unit-norm non-negative weights."""

from latent_spaces_by_example.charts.angular import AngularChart
from latent_spaces_by_example.charts.base import Chart, DifferentiableChart
from latent_spaces_by_example.charts.knothe_rosenblatt import KnotheRosenblattChart

__all__ = ["AngularChart", "Chart", "DifferentiableChart", "KnotheRosenblattChart"]
