import numpy as np
import pytest

from latent_spaces_by_example.search.latent_gp.tail import LONG, TAILS, Tail


@pytest.mark.parametrize("tail", TAILS)
def test_it_changes_nothing_between_knee_and_four(tail):
    values = np.linspace(tail.knee, 4, 20)
    np.testing.assert_array_equal(tail.bent(values), values)
    assert tail.log_slope(values) == 0


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("value", [-30.0, -2.5, -0.1, 3.0, 9.0])
def test_log_slope_is_the_logarithm_of_the_derivative(tail, value):
    step = 1e-6
    upper, lower = tail.bent(np.array([value + step, value - step]))
    slope = (upper - lower) / (2 * step)
    assert tail.log_slope(np.array([value])) == pytest.approx(np.log(slope), abs=1e-6)


@pytest.mark.parametrize("tail", TAILS)
def test_it_can_be_straightened(tail):
    values = np.linspace(-1e4, 1e4, 2001)
    np.testing.assert_allclose(tail.straightened(tail.bent(values)), values, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("tail", TAILS)
def test_what_nothing_is_bent_to_is_far_below_and_in_order(tail):
    values = tail.straightened(np.linspace(tail.knee - 12 * tail.scale, tail.knee, 50))
    assert np.isfinite(values).all()
    assert (np.diff(values) >= 0).all()


def test_a_shorter_tail_makes_less_of_a_cliff():
    def cliff(tail):
        low, high = tail.bent(np.array([-3.0, 1.0]))
        return high - low

    assert cliff(LONG) > cliff(Tail(-1.0, 0.5)) > cliff(Tail(0.0, 0.25)) > 1
