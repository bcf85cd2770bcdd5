import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_spaces_by_example.report.snapshot import useful_range
from latent_spaces_by_example.report.svg import Chart, Scale, dot, levels_of, ticks

FINITE = st.floats(-1e100, 1e100, allow_subnormal=False)


@given(st.lists(FINITE, min_size=1, max_size=30))
def test_every_range_holds_the_best_and_has_ticks(scores):
    scores = np.array([*scores, np.nan])
    low, high = useful_range(scores)
    assert low < high
    assert low <= np.nanmax(scores) <= high
    found = ticks(low, high)
    assert len(found) <= 5
    assert all(low - 1e-6 * (high - low) <= t <= high + 1e-6 * (high - low) for t in found)
    chart = Chart.of((0.5, 10.5), (low, high), labels=("x", "y"))
    assert not re.search(r"\b(nan|inf)\b", chart.html(alt="a"))


def test_a_penalty_does_not_flatten_what_matters():
    low, high = useful_range(np.array([*np.linspace(1.0, 2.0, 50), -1e6]))
    assert low > -1
    assert high < 2.1


@pytest.mark.parametrize("value", [0.0, -3.0, 1e12])
def test_equal_scores_have_a_range_around_them(value):
    low, high = useful_range(np.full(5, value))
    assert low < value < high


def test_scale_runs_both_ways():
    down = Scale(0.0, 10.0, 300.0, 100.0)
    assert down.at(0.0) == 300.0
    assert down.at(10.0) == 100.0


def test_levels_end_at_the_last_colour():
    assert levels_of(np.array([-5.0, 0.0, 5.0, 10.0, 11.0]), bounds=(0.0, 10.0)) == [
        "q0",
        "q0",
        "q4",
        "q8",
        "q8",
    ]


@pytest.mark.parametrize(
    ("kind", "tag"), [("trial", "circle"), ("example q3", "rect"), ("failed", "path")]
)
def test_shapes_tell_apart_what_colours_do(kind, tag):
    mark = dot(1.0, 2.0, kind=kind, told="<b>", radius=3.0)
    assert mark.startswith(f'<{tag} class="{kind}"')
    assert "<title>&lt;b&gt;</title>" in mark
