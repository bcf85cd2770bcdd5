import numpy as np
import pytest

from latent_spaces_by_example.search.latent_gp.step import FIRST, step_angle


def angle(values, *, num_opening=2, settled=None):
    values = np.asarray(values, dtype=float)
    settled = np.ones(len(values), bool) if settled is None else np.asarray(settled)
    return step_angle(values, settled, num_opening=num_opening)


def test_the_opening_does_not_count():
    assert angle([]) == FIRST
    assert angle([1, 2]) == FIRST


def test_success_grows_it_and_failure_shrinks_it():
    assert angle([1, 2, 3]) > FIRST
    assert angle([1, 2, 1.5]) < FIRST
    assert angle([1, 2, 2]) < FIRST


def test_what_is_pending_does_not_count():
    assert angle([1, 2, 5, 3], settled=[True, True, False, True]) == angle([1, 2, 3])


def test_it_is_never_more_than_a_prior_draw_is_away():
    assert angle(np.arange(50)) < np.pi / 2


def test_two_or_three_successes_in_ten_keep_it():
    rng = np.random.default_rng(0)
    # values that beat all before with probability p
    ends = {}
    for p in (0.1, 0.4):
        best, values = 0.0, [0.0, 0.0]
        for _ in range(12):
            best += 1
            values.append(best if rng.random() < p else -1.0)
        ends[p] = angle(values)
    assert ends[0.1] < FIRST < ends[0.4]


def test_it_starts_again_once_it_is_tiny():
    angles = [angle([1, 2] + [0] * n) for n in range(60)]
    assert min(angles) > 0.005
    assert angles[40:].count(FIRST) == 1


@pytest.mark.parametrize("n", [1, 500])
def test_any_length(n):
    assert 0 < angle(np.random.default_rng(0).random(n)) < 2
