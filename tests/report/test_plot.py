import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latent_spaces_by_example.report.plot import Axes, Dot, Label, Scale, ticks
from latent_spaces_by_example.report.scores import useful_range

FINITE = st.floats(-1e100, 1e100, allow_subnormal=False)


@settings(max_examples=40)
@given(st.lists(FINITE, min_size=1, max_size=30))
def test_every_range_holds_the_best_and_has_ticks(scores):
    scores = np.array([*scores, np.nan])
    low, high = useful_range(scores)
    assert low < high
    assert low <= np.nanmax(scores) <= high
    values = ticks(low, high)
    assert len(values) <= 5
    assert all(low - 1e-6 * (high - low) <= t <= high + 1e-6 * (high - low) for t in values)
    plot = Axes.between((0.5, 10.5), (low, high), labels=("x", "y")).plot(alt="a")
    assert all(np.isfinite([m.x, m.y]).all() for m in plot.marks if isinstance(m, Label))


def test_a_penalty_does_not_flatten_what_matters():
    low, high = useful_range(np.array([*np.linspace(1.0, 2.0, 50), -1e6]))
    assert low > -1
    assert high < 2.1


@pytest.mark.parametrize("value", [0.0, -3.0, 1e12])
def test_equal_scores_have_a_range_around_them(value):
    low, high = useful_range(np.full(5, value))
    assert low < value < high


def test_places():
    down = Scale(0.0, 10.0, 300.0, 100.0)
    assert (down.at(0.0), down.at(10.0)) == (300.0, 100.0)
    axes = Axes.between((0.0, 1.0), (0.0, 10.0), labels=("x", "y"))
    # what is beyond an end of the y axis stands on it
    assert axes.dot(0.5, 99.0, kind="trial", title="").y == axes.y.end
    assert axes.dot(0.5, -99.0, kind="trial", title="").y == axes.y.start
    assert axes.steps(np.arange(3.0), np.arange(3.0), kind="best").data.count("L") == 4


def test_shapes_tell_apart_what_colours_do():
    kinds = ("trial", "example", "failed", "infeasible")
    shapes = {Dot(1.0, 2.0, kind).outline for kind in kinds}
    assert len(shapes) == 4
    assert Dot(1.0, 2.0, "trial").outline == ""
    assert Dot(1.0, 2.0, "example infeasible").outline == Dot(1.0, 2.0, "example").outline
