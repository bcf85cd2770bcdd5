import numpy as np
import pytest

from latent_spaces_by_example.search.latent_gp.step import LARGEST, step_angles


def largest(values, *, num_opening=2, settled=None):
    values = np.asarray(values, dtype=float)
    settled = np.ones(len(values), bool) if settled is None else np.asarray(settled)
    least, most = step_angles(values, settled, num_opening=num_opening)
    assert 0 < least < most <= LARGEST
    return most


def test_the_opening_does_not_count():
    assert largest([]) == LARGEST
    assert largest([1, 2]) == LARGEST
    assert largest([2, 1]) == LARGEST


def test_success_grows_it_and_failure_shrinks_it():
    failed = [1, 2, 0, 0, 0]
    assert largest([*failed, 3]) > largest(failed)
    assert largest([*failed, 1]) < largest(failed)
    assert largest([*failed, 2]) < largest(failed)


def test_what_is_pending_does_not_count():
    assert largest([1, 2, 5, 3], settled=[True, True, False, True]) == largest([1, 2, 3])


def test_failed_trials_count_as_no_success():
    assert largest([1, 2, -np.inf]) == largest([1, 2, 0])


def test_it_starts_again_once_it_is_tiny():
    angles = [largest([1, 2] + [0] * n) for n in range(60)]
    assert min(angles) > 0.01
    assert angles[20:].count(LARGEST) >= 1


@pytest.mark.parametrize("n", [1, 500])
def test_any_length(n):
    largest(np.random.default_rng(0).random(n))
