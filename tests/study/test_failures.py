import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import EvaluationError
from latent_spaces_by_example.study.failures import FailureStreak
from latent_spaces_by_example.study.trial import Trial
from tests.toys import Stretch, height


def trials(*, scored=0, failed=0, pending=0):
    w = np.ones(1)
    return [
        *(Trial(0, w, score=1.0) for _ in range(scored)),
        *(Trial(0, w, error="no") for _ in range(failed)),
        *(Trial(0, w) for _ in range(pending)),
    ]


def allowed(streak):
    """How many failures in a row stop it."""
    for length in range(1, 1000):
        try:
            streak.count(length, "no")
        except EvaluationError:
            return length
    return None


@pytest.mark.parametrize(
    ("before", "most"),
    [
        ({}, 10),
        ({"failed": 30}, 10),
        ({"scored": 50}, 10),
        # p^n < 1/10000 with p = 10/20, 41/52 and 91/102
        ({"scored": 9, "failed": 9, "pending": 40}, 14),
        ({"scored": 10, "failed": 40}, 39),
        ({"scored": 10, "failed": 90}, 81),
    ],
)
def test_where_most_candidates_fail_more_in_a_row_are_their_own_doing(before, most):
    assert allowed(FailureStreak(trials(**before))) == most


def test_a_score_ends_the_streak_whose_failures_then_count_as_earlier_ones():
    streak = FailureStreak([])
    streak.count(0, None)
    for number in range(1, 10):
        streak.count(number, "no")
    streak.count(10, None)
    # (9 + 1) of (9 + 2 + 2)
    assert allowed(streak) == np.ceil(np.log(1e-4) / np.log(10 / 13))


@pytest.mark.parametrize("share", [0.5, 0.7, 0.85])
def test_luck_stops_few_studies_of_candidates_that_mostly_fail(share):
    """Of failures by chance alone: at most 3 % of the studies of 200, and three standard errors.

    A streak that stops one is one of ten thousand, and a study has (1 - share) 200 streaks: at most
    1 %. The share itself has to be guessed from few trials at first.
    """
    rng, studies, stopped = np.random.default_rng(0), 400, 0
    for _ in range(studies):
        streak = FailureStreak(trials(scored=4, failed=round(4 * share / (1 - share))))
        try:
            for number in range(200):
                streak.count(number, "no" if rng.random() < share else None)
        except EvaluationError:
            stopped += 1
    assert stopped / studies < 0.03 + 3 * np.sqrt(0.03 * 0.97 / studies)


def test_a_study_of_which_seven_of_eight_candidates_fail_spends_its_budget():
    def objective(outputs):
        return [s if (1e6 * s) % 1 < 0.125 else float("nan") for s in height(outputs)]

    study = lsbe.optimise(Stretch(), objective, budget=80, search="random", num_seeds=3)
    failed = "".join(" " if trial.error is None else "x" for trial in study.trials)
    assert len(failed) == 80
    assert len(max(failed.split(), key=len)) > 10


@pytest.mark.parametrize(
    ("scored", "said"),
    [(3, "Of those before them 3 were scored and 1 failed"), (0, "None has been scored yet")],
)
def test_the_message_says_what_was_before_and_what_to_do(scored, said):
    streak = FailureStreak(trials(scored=scored, failed=1))
    for number in range(1, 10):
        streak.count(number, "no")
    whole = rf"^10 evaluations in a row.*\(trial 10\) with: no\. {said}.*resume the study"
    with pytest.raises(EvaluationError, match=whole):
        streak.count(10, "no")
