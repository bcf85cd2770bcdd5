"""The region that the search is in: success, failure, and when it is left."""

import numpy as np
import pytest

from latent_spaces_by_example.search.latent_gp.region import (
    BLIND,
    LARGEST,
    current_region,
    is_blind,
    is_free,
)

CLIMB = list(range(64))  # so many successes that the next trial may be blind


DIMS = 8  # fewer than CLIMB has trials


def region(values, *, settled=None, may_restart=True, num_known=None, num_dims=DIMS):
    values = np.asarray(values, dtype=float)
    num_known = np.arange(len(values)) if num_known is None else np.asarray(num_known)
    settled = np.ones(len(values), bool) if settled is None else np.asarray(settled)
    return current_region(
        values,
        settled,
        num_known=num_known,
        num_opening=2,
        num_dims=num_dims,
        may_restart=may_restart,
    )


def largest(values, **options):
    least, most = region(values, **options).angles
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


def test_a_trial_of_a_batch_need_not_beat_its_mates():
    values, batch = [1, 2, 0, 9, 4], [0, 1, 2, 2, 2]
    assert largest(values, num_known=batch) == largest([1, 2, 0, 9, 10])
    assert largest(values, num_known=batch) > largest(values)
    assert largest([1, 2, 0, 9, 1], num_known=batch) == largest([1, 2, 0, 9, 4])


def test_a_batch_that_began_before_anything_was_known_changes_no_angle():
    values = [*CLIMB, 100, 0, 150]
    together = region(values, num_known=[0] * len(values))
    assert (together.angles[1], together.blind) == (LARGEST, BLIND)


def test_where_nothing_nearby_is_better_steps_are_wide_again():
    found = [region(CLIMB + [0] * n) for n in range(25)]
    widened = next(n for n in range(1, 25) if found[n].angles > found[n - 1].angles)
    assert found[widened].angles[1] == LARGEST
    assert found[widened].start == 0
    # to refine, blind steps go on as they were
    assert found[widened].blind <= found[widened - 1].blind < BLIND


def test_a_region_that_gives_nothing_more_is_left():
    regions = [region(CLIMB + [0] * n) for n in range(90)]
    starts = [found.start for found in regions]
    assert starts[0] == 0
    assert len(set(starts)) >= 2
    after = next(found for found in regions if found.start)
    assert after.angles[1] == LARGEST
    assert regions[after.start - len(CLIMB) - 1].blind < BLIND == after.blind
    # it is left after twice the trials that it takes to come to small steps, not after these
    widened = next(n for n in range(1, 90) if regions[n].angles > regions[n - 1].angles)
    assert after.start == len(CLIMB) + 2 * widened
    # something better in between, and it is kept
    better = CLIMB + [0] * widened + [100] + [0] * (after.start - len(CLIMB) - widened - 1)
    assert region(better).start == 0
    # there an opening of its own comes first, and what was found before need not be beaten
    left = CLIMB + [0] * (after.start - len(CLIMB))
    assert region([*left, -1, -1]).angles[1] == LARGEST
    assert region([*left, -1, -1, -2]).angles[1] < LARGEST
    assert largest([*left, -3, -3, -4, -2]) > largest([*left, -3, -3, -4, -5])


def test_between_examples_it_goes_on_in_the_same_region():
    regions = [region([1, 2] + [0] * n, may_restart=False) for n in range(60)]
    assert {found.start for found in regions} == {0}
    assert min(found.angles[1] for found in regions) >= 0.03
    assert [found.angles[1] for found in regions][20:].count(LARGEST) >= 1


def blind(values, **options):
    return region(values, **options).blind


def test_only_blind_steps_change_the_blind_angle():
    assert blind(CLIMB) == BLIND
    assert blind([*CLIMB, 100]) > BLIND
    assert blind([*CLIMB, 0]) < BLIND
    assert blind([*CLIMB, 100, 200]) == blind([*CLIMB, 100, 0])
    # what a step of the model found has to be beaten too
    assert blind([*CLIMB, 0, 200, 150]) < blind([*CLIMB, 0, 80, 150])


def test_every_other_step_is_blind_where_scores_are_noisy():
    for num_dims in (8, 10_000):
        blinds = [is_blind(trial, noisy=True, num_dims=num_dims) for trial in range(90)]
        assert blinds == [True, False] * 45


def test_otherwise_none_is_at_first_and_fewer_are_while_there_are_new_directions():
    def blinds(num_dims):
        return [is_blind(trial, noisy=False, num_dims=num_dims) for trial in range(128)]

    assert blinds(8) == blinds(64) == [False] * 64 + [True, False] * 32
    assert blinds(100) == [False] * 64 + [True, False, False, False] * 9 + [True, False] * 14
    assert blinds(262_144) == [False] * 64 + [True, False, False, False] * 16


def test_only_steps_that_were_blind_change_the_blind_angle_in_many_dimensions_too():
    many = {"num_dims": 10_000}
    assert blind([*CLIMB, 0], **many) < BLIND
    assert blind([*CLIMB, 0, 0, 0, 0], **many) == blind([*CLIMB, 0], **many)
    assert blind([*CLIMB, 0, 0, 0, 0, 0], **many) < blind([*CLIMB, 0], **many)


def test_some_steps_of_the_model_are_free():
    assert [is_free(trial, within_span=False) for trial in range(4)] == [False, True, False, False]
    assert [is_free(trial, within_span=True) for trial in range(4)] == [False, True, False, True]


def test_one_blind_success_in_five_keeps_the_angle():
    values, best = [0.0, 0.0], 0.0
    for step in range(10):
        best += 1
        values += [best if step % 5 == 0 else -1.0, -1.0]
    assert blind(values) == pytest.approx(BLIND)


def test_pending_blind_steps_do_not_count():
    assert blind([1, 2, 3], settled=[True, True, False]) == BLIND


def test_the_blind_angle_has_bounds():
    assert 0 < blind(-np.arange(400.0), may_restart=False) < 0.1
    assert 1 < blind(np.arange(400.0)) < np.pi / 2
