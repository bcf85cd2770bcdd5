import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, StudyError
from toys import Stretch, height


@pytest.fixture(scope="module")
def study():
    return lsbe.optimise(Stretch(), height, budget=24)


def test_the_best_are_in_order_of_score(study):
    top = study.top(5)
    assert [t.score for t in top] == sorted(study.scores, reverse=True)[:5]


@pytest.mark.parametrize("by_output", [False, True])
def test_those_that_differ_begin_with_the_best_are_good_and_farther_apart(study, by_output):
    top = study.top(4, diverse=True, by_output=by_output)
    assert top[0].number == study.best_trial.number
    better_quarter = sorted(study.scores, reverse=True)[:6]
    assert all(trial.score in better_quarter for trial in top)

    def least(trials):
        outputs = [np.ravel(study.latents(t.weights[None])[0]) for t in trials]
        unit = np.stack([x / np.linalg.norm(x) for x in outputs])
        return np.arccos(np.clip(unit @ unit.T - 2 * np.eye(len(unit)), -1, 1)).min()

    assert least(top) > least(study.top(4))


def test_the_highest_expected_scores(study):
    told = study.expected_scores()
    assert told.shape == (24,)
    top = study.top(5, expected=True)
    assert [told[t.number] for t in top] == sorted(told, reverse=True)[:5]
    # trials are what they were: their scores are those that were found
    assert [t.score for t in top] == [study.scores[t.number] for t in top]


def test_expected_and_different(study):
    told = study.expected_scores()
    top = study.top(4, expected=True, diverse=True)
    assert top[0].number == int(np.argmax(told))
    assert all(told[t.number] in sorted(told, reverse=True)[:6] for t in top)


def test_feasible_ones_come_first_whatever_is_expected():
    def tall(outputs):
        return [{"score": s, "constraints": {"low": s - 1.0}} for s in height(outputs)]

    study = lsbe.optimise(Stretch(), tall, budget=12)
    top = study.top(12, expected=True)
    assert any(not trial.feasible for trial in top)
    assert [t.feasible for t in top] == sorted((t.feasible for t in top), reverse=True)


def test_failed_trials_are_left_out():
    def fragile(outputs):
        return [float("nan") if s < 0 else s for s in height(outputs)]

    study = lsbe.optimise(Stretch(), fragile, budget=12)
    assert any(trial.error for trial in study.trials)
    assert np.isnan([study.expected_scores()[t.number] for t in study.trials if t.error]).all()
    assert all(t.score is not None for t in study.top(12, expected=True))


def test_several_scores_have_no_best():
    def both(outputs):
        return [{"scores": {"up": s, "down": -s}} for s in height(outputs)]

    study = lsbe.optimise(Stretch(), both, budget=9, scores=("up", "down"))
    with pytest.raises(StudyError, match=r"expected_scores .* study.front"):
        study.expected_scores()
    with pytest.raises(StudyError, match=r"top .* study.front"):
        study.top(1, expected=True)


def test_fewer_are_finished_than_asked_for(study):
    assert len(study.top(1000)) == len(study.top(1000, diverse=True)) == 24


def test_bad_number(study):
    with pytest.raises(ArgumentError, match="num=0"):
        study.top(0)


def test_nothing_is_finished():
    with pytest.raises(StudyError, match="no finished evaluation"):
        lsbe.create_study(Stretch(), search="random").top(3)
