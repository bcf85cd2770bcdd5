import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import EvaluationError
from latent_spaces_by_example.study.failures import FailureStreak
from latent_spaces_by_example.study.trial import Trial
from tests.toys import Stretch, height


def others(*, scored=0, failed=0, pending=0, first=0):
    """Trials that the streak under test has no part in; it begins with number 1000."""
    results = [{"error": "no"}] * failed + [{"score": 1.0}] * scored + [{}] * pending
    return [Trial(first + i, np.ones(1), **result) for i, result in enumerate(results)]


def allowed(streak):
    """How many failures in a row stop it."""
    for length in range(1, 1000):
        try:
            streak.count(999 + length, "no")
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
    assert allowed(FailureStreak(lambda: others(**before))) == most


def test_a_score_ends_the_streak():
    streak = FailureStreak(lambda: others(scored=1))
    for number in range(900, 909):
        streak.count(number, "no")
    streak.count(909, None)
    assert allowed(streak) == 10


@pytest.mark.parametrize(
    ("since", "most"),
    [
        ({}, 10),
        ({"failed": 40}, 10),  # perhaps of the same cause
        ({"scored": 50}, 10),  # only this process fails
        ({"scored": 9, "failed": 40}, 39),  # 41 / 52 again
    ],
)
def test_failures_of_others_meanwhile_count_if_something_was_scored(since, most):
    known = others(scored=1) + others(**since, first=2000)
    assert allowed(FailureStreak(lambda: known)) == most


@pytest.mark.parametrize("share", [0.5, 0.7, 0.85])
def test_luck_stops_few_studies_of_candidates_that_mostly_fail(share):
    """Of failures by chance alone: at most 3 % of the studies of 200, and three standard errors.

    A streak that stops one is one of ten thousand, and a study has (1 - share) 200 streaks: at most
    1 %. The share itself has to be guessed from few trials at first.
    """
    rng, studies, stopped = np.random.default_rng(0), 400, 0
    weights = np.ones(1)
    for _ in range(studies):
        known = others(scored=4, failed=round(4 * share / (1 - share)))
        streak = FailureStreak(lambda known=known: known)
        try:
            for number in range(1000, 1200):
                error = "no" if rng.random() < share else None
                score = None if error else 1.0
                known.append(Trial(number, weights, score=score, error=error))
                streak.count(number, error)
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
    [(3, "Of the others 3 were scored and 1 failed"), (0, "None has been scored yet")],
)
def test_the_message_says_what_was_before_and_what_to_do(scored, said):
    streak = FailureStreak(lambda: others(scored=scored, failed=1))
    for number in range(1000, 1009):
        streak.count(number, "no")
    whole = rf"^10 evaluations in a row.*\(trial 1009\) with: no\. {said}.*resume the study"
    with pytest.raises(EvaluationError, match=whole):
        streak.count(1009, "no")
