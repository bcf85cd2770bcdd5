"""The loop by eye: which trial is liked best."""

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.search.base import Preference
from toys import Stretch, height

EXAMPLES = ["6", "17", "18"]


def new_study(**options):
    return lsbe.create_study(Stretch(), **{"examples": EXAMPLES, **options})


def answered(study, galleries, *, n=5):
    for _ in range(galleries):
        trials = study.ask(n)
        heights = height([trial.output for trial in trials])
        best = trials[int(np.argmax(heights))]
        study.prefer(best, over=[trial for trial in trials if trial is not best])
    return study


def test_answers_are_kept_and_taken_back_in_the_study(tmp_path):
    study = new_study(out=tmp_path / "run")
    first, second, third = study.ask(3)
    study.prefer(second, over=[first, third])
    study.tell_preference([0, 2])
    again = lsbe.open_study(tmp_path / "run", generator=Stretch())
    assert again.preferences == [Preference(1, (1, 0, 2)), Preference(None, (0, 2))]
    assert again.favourite.number == 1
    assert again.withdraw_preference() == Preference(None, (0, 2))
    assert study.preferences == [Preference(1, (1, 0, 2))]
    study.tell_preference([2, 1], best=2)
    assert len(again.preferences) == 2


def test_a_compared_trial_is_waited_for_by_nobody_and_may_still_be_scored():
    study = new_study()
    study.ask(4)
    study.prefer(0, over=[1])
    assert study.history().pending.tolist() == [False, False, True, True]
    assert study.history().compared.tolist() == [True, True, False, False]
    assert study.tell(1, 0.5).score == 0.5
    assert np.isnan(study.tastes()).tolist() == [False, False, True, True]


def test_galleries_follow_taste_and_a_resumed_study_proposes_the_same(tmp_path):
    study = answered(new_study(out=tmp_path / "run", candidates=1), 4)
    again = lsbe.open_study(tmp_path / "run", generator=Stretch())
    asked = study.ask(5)
    assert max(height([study.output(study.favourite)])) > max(
        height([Stretch().example(name) for name in EXAMPLES])
    )
    history = again.history(until=asked[0].number)
    assert len(history.preferences) == 4
    rng = np.random.default_rng([0, asked[0].number])
    np.testing.assert_array_equal(
        lsbe.search.load("latent-gp").propose(history, 5, rng),
        np.stack([trial.weights for trial in asked]),
    )


def test_preferences_and_scores_of_one_study_are_mixed():
    study = answered(new_study(), 2)
    for trial in study.trials[:4]:
        study.tell(trial, height([study.output(trial.number)])[0])
    assert np.isfinite(study.tastes()).all()
    assert len(study.run(height, budget=14, progress=False).finished_trials) == 8


def test_a_search_that_learns_from_scores_alone_is_refused():
    study = new_study(search="sobol")
    study.ask(4)
    study.prefer(3, over=[0])
    with pytest.raises(ArgumentError, match="SobolSearch learns from scores alone"):
        study.ask()


@pytest.mark.parametrize(
    ("tell", "error"),
    [
        (lambda s: s.prefer(0, over=[]), "compare two or more"),
        (lambda s: s.prefer(0, over=[0]), "each of them once"),
        (lambda s: s.prefer(0, over=1), "over=1"),
        (lambda s: s.prefer("0", over=[1]), "trial='0'"),
        (lambda s: s.tell_preference([0, 1], best=2), "best=2 is not among"),
        (lambda s: s.prefer(0, over=[9]), "no trial 9"),
        (lambda s: s.prefer(0, over=[2]), "trial 2 .* failed"),
        (lambda s: s.withdraw_preference(), "no preference to take back"),
        (lambda s: s.favourite, "nothing was compared"),
    ],
)
def test_what_cannot_be_meant_is_refused(tell, error):
    study = new_study()
    study.ask(3)
    study.tell(2, error="could not be made")
    with pytest.raises((ArgumentError, StudyError), match=error):
        tell(study)
    assert study.preferences == []


@pytest.mark.parametrize(
    "answer", [[0, [0]], [4, [0, 1]], [None, [1, 1]], ["0", [0, 1]], [0], {"best": 0}]
)
def test_a_damaged_answer_is_named(answer):
    study = new_study()
    study.ask(2)
    study.records.store_attribute("lsbe:preferences", {"answers": [answer]})
    with pytest.raises(StudyError, match="the preferences of the study are damaged"):
        _ = study.preferences


def test_trials_without_outputs_are_for_whoever_generates_elsewhere():
    study = new_study()
    trials = study.ask(4, generate=False)
    assert [trial.output for trial in trials] == [None] * 4
    np.testing.assert_array_equal(
        study.output(3), Stretch().generate(study.latents(study.weights))[3]
    )
