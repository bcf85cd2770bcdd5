import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_spaces_by_example.charts import AngularChart, KnotheRosenblattChart
from latent_spaces_by_example.errors import ArgumentError

CHARTS = [KnotheRosenblattChart(), AngularChart()]


def slopes(chart, u, *, step):
    """dw/du by central differences of fourth order, shape (n, K, K - 1)."""
    columns = []
    for direction in np.eye(u.shape[1]) * step:
        f = [chart.forward(u + k * direction) for k in (-2, -1, 1, 2)]
        columns.append((f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * step))
    return np.stack(columns, axis=2)


@pytest.mark.parametrize("chart", CHARTS, ids=repr)
@given(num_seeds=st.integers(2, 8), random_seed=st.integers(0, 10**6))
def test_it_is_the_derivative(chart, num_seeds, random_seed):
    rng = np.random.default_rng(random_seed)
    u = rng.uniform(0.1, 0.9, (3, num_seeds - 1))
    gradient = rng.standard_normal((3, num_seeds))
    expected = np.einsum("nk,nkm->nm", gradient, slopes(chart, u, step=1e-3))
    np.testing.assert_allclose(chart.pull_back(u, gradient), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("chart", CHARTS, ids=repr)
def test_two_seeds_are_an_arc(chart):
    # Both charts are w = (cos(pi u / 2), sin(pi u / 2)) there, faces included.
    u = np.array([[0.0], [0.3], [1.0]])
    angle = np.pi / 2 * u
    slope = np.pi / 2 * np.hstack([-np.sin(angle), np.cos(angle)])
    gradient = np.array([[2.0, -3.0]] * 3)
    expected = (gradient * slope).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(chart.pull_back(u, gradient), expected, rtol=1e-12)


@pytest.mark.parametrize("num_seeds", [3, 24, 1000])
@pytest.mark.parametrize("chart", CHARTS, ids=repr)
def test_on_every_face_it_is_finite(chart, num_seeds):
    rng = np.random.default_rng(0)
    u = rng.choice([0.0, 5e-324, 1e-300, 1e-17, 0.5, 1.0], size=(40, num_seeds - 1))
    assert np.isfinite(chart.pull_back(u, rng.standard_normal((40, num_seeds)))).all()


@pytest.mark.parametrize("chart", CHARTS, ids=repr)
def test_at_the_far_face_it_is_the_one_sided_derivative(chart):
    u, step = np.array([[1.0, 0.4, 1.0]]), 1e-6
    gradient = np.array([[0.3, -0.8, 0.5, 1.0]])
    for k in (0, 2):
        moved = u.copy()
        moved[0, k] -= step
        difference = gradient @ (chart.forward(u) - chart.forward(moved))[0] / step
        assert chart.pull_back(u, gradient)[0, k] == pytest.approx(float(difference[0]), abs=1e-4)


def test_at_the_near_face_the_slope_is_steep_and_has_the_right_sign():
    chart = KnotheRosenblattChart()
    found = chart.pull_back(np.array([[0.0, 0.5, 0.5]]), np.array([[-1.0, 1.0, 1.0, 1.0]]))[0]
    assert found[0] > 1e6
    # w does not depend on what follows u_1 = 0
    np.testing.assert_array_equal(found[1:], 0.0)


@pytest.mark.parametrize(
    ("u", "gradient", "message"),
    [
        (np.full((2, 3), 0.5), np.ones((2, 3)), r"w_gradient has shape \(2, 3\); expected \(2, 4"),
        (np.full((1, 3), 1.5), np.ones((1, 4)), "outside the unit hypercube"),
        (np.full((1, 3), 0.5), np.ones((1, 4), int), "w_gradient holds int"),
    ],
)
def test_bad_arguments(u, gradient, message):
    with pytest.raises(ArgumentError, match=message):
        AngularChart().pull_back(u, gradient)
