import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import latent_spaces_by_example as lsbe
from latent_spaces_by_example import objectives
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.objectives import read_scores
from latent_spaces_by_example.zoo.airfoil import find_section, measure, resample
from latent_spaces_by_example.zoo.airfoil.lift_to_drag import LiftToDrag
from latent_spaces_by_example.zoo.airfoil.neural_foil import _operators, fit_kulfan

OBJECTIVE = LiftToDrag(floors="penalties")
X = resample(find_section("naca2412"))[:, 0]
UPPER = np.arange(127) < 63
SIDE = np.where(UPPER, 1.0, np.where(np.arange(127) > 63, -1.0, 0.0))


def section(name):
    return resample(find_section(name))


def with_ordinates(points, change):
    return np.stack([points[:, 0], points[:, 1] + change], axis=1)


def thinned(name, thickness):
    """The section with its thickness, not its camber, scaled."""
    points = section(name)
    half = (points[:, 1] - points[::-1, 1]) / 2
    mean = (points[:, 1] + points[::-1, 1]) / 2
    scale = thickness / measure(points).max_thickness[0]
    return np.stack([X, mean + scale * half], axis=1)


@pytest.mark.parametrize(
    ("name", "expected"), [("naca2412", 91.0), ("s1223", 86.0), ("rae2822", 66.0), ("dae11", 149.0)]
)
def test_values_of_known_sections(name, expected):
    # found independently with AeroSandbox's own interface and its "large" network
    (figures,) = OBJECTIVE([find_section(name)])
    assert figures["score"] == pytest.approx(expected, rel=0.02)
    assert figures["floors_met"] is True
    assert figures["score"] == figures["lift_to_drag"] == figures["cl"] / figures["cd"]
    assert figures["cl"] == pytest.approx(1.0, abs=1e-6)


def test_a_batch_is_its_rows_whatever_the_number_of_points():
    outputs = [find_section("s1223"), section("rae2822"), find_section("naca2412")]
    together = OBJECTIVE(outputs)
    for output, figures in zip(outputs, together, strict=True):
        (alone,) = OBJECTIVE([output])
        assert alone == pytest.approx(figures, rel=1e-9)
    assert OBJECTIVE([]) == []
    assert OBJECTIVE(np.stack([section("s1223")] * 2))[1] == pytest.approx(together[0], rel=1e-6)


@pytest.mark.parametrize("thickness", [0.1199, 0.11, 0.06, 0.02])
def test_the_floor_on_thickness(thickness):
    (figures,) = OBJECTIVE([thinned("dae11", thickness)])
    assert figures["thickness"] == pytest.approx(thickness, abs=1e-9)
    shortfall = 1 - thickness / 0.12
    assert figures["penalty_thickness"] == pytest.approx(1 / (1 + 4 * shortfall), rel=1e-6)
    assert figures["floors_met"] is False


def test_the_penalty_of_a_lift_out_of_reach_is_continuous():
    points = section("naca0012")
    highest = LiftToDrag(cl=3.0)([points])[0]["cl"]
    lifts = highest + np.array([-1e-3, -1e-4, 1e-4, 1e-3, 0.1, 0.5])
    figures = [LiftToDrag(cl=cl)([points])[0] for cl in lifts]
    assert [f["penalty_lift"] == 1.0 for f in figures] == [True, True, False, False, False, False]
    for f, cl in zip(figures[2:], lifts[2:], strict=True):
        assert f["penalty_lift"] == pytest.approx(1 / (1 + 4 * (1 - f["cl"] / cl)), rel=1e-9)
        assert f["score"] < f["lift_to_drag"]
    scores = np.array([f["score"] for f in figures])
    assert np.abs(np.diff(np.log(scores[:4]))).max() < 0.1
    assert np.all(np.diff(scores[2:]) < 0)


def test_the_floor_on_confidence():
    points = section("ah93w480b")
    (figures,) = OBJECTIVE([points])
    shortfall = 1 - figures["confidence"] / 0.9
    assert 0 < shortfall < 1
    assert figures["penalty_confidence"] == pytest.approx(1 / (1 + 10 * shortfall), rel=1e-9)
    assert (
        LiftToDrag(min_confidence=0.0, floors="penalties")([points])[0]["penalty_confidence"] == 1.0
    )


@pytest.mark.parametrize("waves", [8, 16, 30])
def test_a_ripple_that_the_solver_does_not_see_costs(waves):
    ripple = 0.01 * np.sin(2 * np.pi * waves * X) * 2 * np.sqrt(X * (1 - X)) * SIDE
    plain, rippled = OBJECTIVE([section("naca2412"), with_ordinates(section("naca2412"), ripple)])
    assert rippled["confidence"] > 0.95  # which is why there is this penalty
    assert rippled["penalty_fit"] < 0.2
    assert rippled["penalty_fit"] == pytest.approx(1 / (2 * rippled["fit_error"] / 1e-3 - 1))
    assert rippled["score"] < plain["score"] / 4
    free = LiftToDrag(max_fit_error=math.inf, floors="penalties")
    assert free([section("naca2412")])[0]["penalty_fit"] == 1.0


def test_sides_that_change_places_cost_the_more_the_further():
    bump = np.exp(-(((X - 0.8) / 0.05) ** 2))
    depths = np.linspace(0.0, 0.06, 9)
    outputs = [with_ordinates(section("naca2412"), -depth * bump * SIDE) for depth in depths]
    penalties = [figures["penalty_validity"] for figures in OBJECTIVE(outputs)]
    assert penalties[0] == 1.0
    assert penalties[-1] < 0.03
    assert np.all(np.diff(penalties) <= 0)
    crossed = [penalty for penalty in penalties if penalty < 1.0]
    assert len(crossed) > 3
    assert np.all(np.diff(crossed) < 0)


def test_an_open_trailing_edge_and_a_loop():
    opened = with_ordinates(section("naca2412"), 0.04 * X**20 * SIDE)
    (figures,) = OBJECTIVE([opened])
    gap = opened[0, 1] - opened[-1, 1]
    assert figures["penalty_validity"] == pytest.approx(1 / (1 + 100 * (gap - 0.05)), rel=1e-6)
    looped = find_section("naca2412").copy()
    looped[[60, 66], 0] = looped[[66, 60], 0]
    looped[60, 1] += 0.01
    (figures,) = OBJECTIVE([looped])
    assert figures["penalty_validity"] <= 0.5


def test_floors_as_constraints_cost_nothing():
    outputs = [section("naca2412"), thinned("dae11", 0.09), section("ah93w480b")]
    found = LiftToDrag()(outputs)
    for figures, penalised in zip(found, OBJECTIVE(outputs), strict=True):
        costs = [penalised[f"penalty_{name}"] for name in ("thickness", "confidence", "fit")]
        assert figures["score"] == pytest.approx(penalised["score"] / np.prod(costs), rel=1e-12)
        assert figures["floors_met"] == penalised["floors_met"]
        met = all(value <= 0 for value in figures["constraints"].values())
        assert met == figures["floors_met"]
        for name in ("thickness", "confidence", "fit"):
            assert (figures["constraints"][name] > 0) == (penalised[f"penalty_{name}"] < 1)
            assert f"penalty_{name}" not in figures
    assert [figures["floors_met"] for figures in found] == [True, False, False]
    assert found[1]["constraints"]["thickness"] == pytest.approx(1 - 0.09 / 0.12)
    evaluations = read_scores(found, n=3)
    assert set(evaluations[0].constraints) == {"thickness", "confidence", "fit"}


def test_a_lift_out_of_reach_costs_whatever_the_floors_are():
    objective = LiftToDrag(cl=3.0)
    (figures,) = objective([section("naca0012")])
    assert figures["penalty_lift"] < 1
    assert figures["score"] < figures["lift_to_drag"]
    assert figures["floors_met"] is False


def test_no_floor_is_a_constraint_that_is_always_met():
    free = LiftToDrag(min_thickness=0.0, min_confidence=0.0, max_fit_error=math.inf)
    (figures,) = free([thinned("dae11", 0.02)])
    assert figures["constraints"] == {"thickness": -1.0, "confidence": -1.0, "fit": -1.0}
    assert figures["floors_met"] is True


@pytest.mark.filterwarnings("ignore:the generator Given hardly depends")
def test_the_best_of_a_study_meets_the_floors_by_however_little():
    """A section that is too thin by 2e-6 scores more than one that is not."""
    sections = [thinned("dae11", thickness) for thickness in (0.125, 0.119998, 0.12000001)]

    class Given:
        latent_shape = (3,)

        def generate(self, z):
            return [sections[int(np.argmax(row))] for row in z]

    scores = [figures["score"] for figures in LiftToDrag()(sections)]
    assert scores[0] < scores[2] < scores[1]
    study = lsbe.optimise(
        Given(), objectives.load("lift-to-drag"), budget=3, seed_latents=np.eye(3), random_seed=0
    )
    assert study.best_score == pytest.approx(scores[2])
    assert study.best_trial.metrics["floors_met"]


def test_sections_without_a_score():
    nothing = section("naca2412")
    nothing[5, 1] = np.nan
    flat = np.zeros((20, 2))
    for figures in OBJECTIVE([nothing, flat, np.full((20, 2), np.inf)]):
        assert math.isnan(figures["score"])
        assert figures["reason"]
    good, bad = OBJECTIVE([section("s1223"), nothing])
    assert good["score"] > 80
    assert "row 5" in bad["reason"]


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ([np.zeros((127, 3))], r"outputs\[0\] .* not shape \(127, 3\)"),
        ([find_section("s1223"), np.zeros(5)], r"outputs\[1\] .* not shape \(5,\)"),
        ([np.zeros((3, 2))], r"at least 7 points"),
        ([[["a", "b"]] * 9], r"outputs\[0\] cannot be read as real numbers"),
    ],
)
def test_what_is_no_section(outputs, message):
    with pytest.raises(ArgumentError, match=message):
        OBJECTIVE(outputs)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(-0.6, 0.6), min_size=18, max_size=18))
def test_any_shape_gets_a_score_between_zero_and_its_lift_over_drag(weights):
    start = fit_kulfan(section("naca2412")[None])[0][0]
    points = np.stack([X, _operators(127)[0] @ (start + np.array(weights))], axis=1)
    (figures,) = OBJECTIVE([points])
    assert math.isfinite(figures["score"])
    assert 0 < figures["score"] <= 1.0 / figures["cd"] * (1 + 1e-6)
    assert figures["floors_met"] == (figures["score"] == figures["lift_to_drag"])
