import numpy as np
import pytest

from latent_spaces_by_example.zoo.airfoil import find_section, resample
from latent_spaces_by_example.zoo.airfoil.angle_of_attack import HIGHEST, LOWEST, trim
from latent_spaces_by_example.zoo.airfoil.neural_foil import Coefficients, Flow, fit_kulfan

NAMES = ["naca2412", "s1223", "rae2822", "dae11", "naca0012", "e387"]


def flow_of(names, *, reynolds=1e6):
    sections = np.stack([resample(find_section(name)) for name in names])
    return Flow(fit_kulfan(sections)[0], reynolds=reynolds, model_size="medium")


@pytest.mark.parametrize("cl", [0.3, 1.2])
@pytest.mark.parametrize("reynolds", [2e5])
def test_against_a_dense_sweep(cl, reynolds):
    flow = flow_of(NAMES, reynolds=reynolds)
    found = trim(flow, cl=cl)
    sweep = np.linspace(LOWEST, HIGHEST, 1801)
    at = flow.at(np.broadcast_to(sweep, (len(flow), len(sweep))).copy())
    for i in range(len(flow)):
        rises = np.flatnonzero((at.cl[i, :-1] < cl) & (at.cl[i, 1:] >= cl))
        if len(rises) == 0:
            assert not found.reached[i]
            continue
        first = rises[np.argmin(at.cd[i, rises])]
        span = slice(first, first + 2)
        alpha = np.interp(cl, at.cl[i, span], sweep[span])
        assert found.reached[i]
        assert found.cl[i] == pytest.approx(cl, abs=1e-6)
        assert found.alpha[i] == pytest.approx(alpha, abs=1e-4)
        assert found.cd[i] == pytest.approx(np.interp(alpha, sweep, at.cd[i]), rel=2e-4)
        assert found.cm[i] == pytest.approx(np.interp(alpha, sweep, at.cm[i]), abs=4e-5)
        assert found.confidence[i] == pytest.approx(
            np.interp(alpha, sweep, at.confidence[i]), abs=1e-4
        )


def test_a_top_between_the_angles_of_the_grid_is_found():
    flow = flow_of(NAMES)
    sweep = np.linspace(LOWEST, HIGHEST, 1801)
    at = flow.at(np.broadcast_to(sweep, (len(flow), len(sweep))).copy())
    for i, highest in enumerate(at.cl.max(axis=1)):
        one = flow.of(np.arange(len(flow)) == i)
        just_below, just_above = trim(one, cl=highest - 2e-4), trim(one, cl=highest + 2e-4)
        assert just_below.reached[0]
        assert not just_above.reached[0]
        assert just_above.cl[0] == pytest.approx(highest, abs=2e-4)
        assert just_below.cd[0] == pytest.approx(just_above.cd[0], rel=0.05)


class Curve:
    """A stream with lift curves of our own making, each with its own drag."""

    def __init__(self, *lifts, drag=lambda angle: 0.01 + 0 * angle):
        self.lifts, self.drag = lifts, drag

    def __len__(self):
        return len(self.lifts)

    def of(self, which):
        return Curve(*np.array(self.lifts, dtype=object)[which], drag=self.drag)

    def at(self, angles):
        lift = np.stack([f(row) for f, row in zip(self.lifts, angles, strict=True)])
        rest = np.ones_like(angles)
        return Coefficients(cl=lift, cd=self.drag(angles), cm=rest, confidence=rest)


@pytest.mark.parametrize(
    ("lift", "cl", "alpha"),
    [
        (lambda a: 0.1 * a, 1.0, 10.0),
        (lambda a: 0.1 * a, 0.35, 3.5),
        (lambda a: 0.1 * a, 0.4, 4.0),  # on an angle of the grid
        (lambda a: np.expm1(a / 4), 1.0, 4 * np.log(2)),
        (lambda a: 2 * np.tanh(5 * (a - 3.3)), 1.0, 3.3 + np.arctanh(0.5) / 5),  # a step
        (lambda a: -0.1 * a, 1.0, -10.0),  # only ever falls
        (lambda a: 1.01 - (a - 5) ** 2 / 50, 1.0, 5 - np.sqrt(0.5)),  # between grid angles
    ],
)
def test_made_up_curves(lift, cl, alpha):
    found = trim(Curve(lift), cl=cl)
    assert found.reached[0]
    assert found.alpha[0] == pytest.approx(alpha, abs=1e-5)


def test_of_several_angles_the_one_with_the_least_drag():
    def lift(angle):
        return 1.5 * np.sin(np.pi * angle / 8)

    low = trim(Curve(lift, drag=lambda angle: np.exp(angle / 10)), cl=1.0)
    high = trim(Curve(lift, drag=lambda angle: np.exp(-angle / 10)), cl=1.0)
    first = 8 / np.pi * np.arcsin(1 / 1.5)
    assert low.alpha[0] == pytest.approx(first - 16, abs=1e-4)
    assert high.alpha[0] == pytest.approx(first + 16, abs=1e-4)


def test_a_lift_below_the_whole_curve_gives_its_bottom():
    found = trim(Curve(lambda a: 2 + (a - 3) ** 2 / 100), cl=1.0)
    assert not found.reached[0]
    assert found.alpha[0] == pytest.approx(3.0, abs=1e-6)
