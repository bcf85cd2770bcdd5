"""A contract is worth something only if what breaks a promise fails it."""

import numpy as np
import pytest

from latent_spaces_by_example.charts import AngularChart, Chart
from latent_spaces_by_example.testing import ChartContract


class ArcCosineChart(Chart):
    """The angular chart with the inverse that loses its digits."""

    is_uniform = False

    def _weights(self, u):
        return AngularChart().forward(u)

    def _coordinates(self, w):
        tails = np.sqrt(np.maximum(1.0 - np.cumsum(w[:, :-1] ** 2, axis=1), 0.0))
        tails = np.hstack([np.ones((len(w), 1)), tails])[:, :-1]
        cosines = np.divide(w[:, :-1], tails, out=np.ones_like(tails), where=tails > 0.0)
        return np.arccos(np.minimum(cosines, 1.0)) * 2.0 / np.pi


class FalselyUniformChart(ArcCosineChart):
    is_uniform = True

    def _coordinates(self, w):
        return AngularChart().inverse(w)


class ChartOffTheSphere(FalselyUniformChart):
    def _weights(self, u):
        return 1.001 * AngularChart().forward(u)


class ChartThatWrites(FalselyUniformChart):
    def _weights(self, u):
        u[...] = 0.5
        return AngularChart().forward(u)


def contract_for(chart):
    class Contract(ChartContract):
        def make_chart(self):
            return chart

    return Contract()


@pytest.mark.parametrize(
    ("chart", "promise"),
    [
        (ArcCosineChart(), "test_coordinates_round_trip"),
        (ArcCosineChart(), "test_weights_round_trip"),
        (FalselyUniformChart(), "test_measure_is_as_declared"),
        (ChartOffTheSphere(), "test_weights_are_unit_and_not_negative"),
        (ChartThatWrites(), "test_coordinates_round_trip"),
    ],
)
def test_a_chart_that_breaks_a_promise_fails(chart, promise):
    with pytest.raises(AssertionError):
        getattr(contract_for(chart), promise)()


def test_the_right_charts_around_them_pass():
    contract = contract_for(AngularChart())
    for name in dir(contract):
        if name.startswith("test_"):
            getattr(contract, name)()
