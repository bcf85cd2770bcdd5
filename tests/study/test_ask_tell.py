"""The loop in the user's hands: ask, tell, correct, own points."""

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import (
    ArgumentError,
    EvaluationError,
    GeneratorError,
    StudyError,
)
from toys import Stretch, height

EXAMPLES = ["6", "17", "18"]


def new_study(**options):
    return lsbe.create_study(Stretch(), **{"examples": EXAMPLES, **options})


def test_examples_come_first_and_each_trial_has_what_it_needs(tmp_path):
    study = new_study(out=tmp_path / "run")
    trials = study.ask(4)
    assert [t.number for t in trials] == [0, 1, 2, 3]
    assert [t.source for t in trials] == ["example", "example", "example", "search"]
    for name, trial in zip(EXAMPLES, trials[:3], strict=True):
        np.testing.assert_allclose(trial.output, Stretch().example(name))
        np.testing.assert_allclose(trial.latent * 2, trial.output)
    assert all(t.pending and t.asked_by == "user" for t in study.trials)


def test_a_loop_by_hand_proposes_what_a_run_does():
    whole = lsbe.optimise(Stretch(), height, examples=EXAMPLES, budget=14)
    study = new_study()
    for _ in range(14):
        [trial] = study.ask()
        study.tell(trial, height([trial.output])[0])
    np.testing.assert_array_equal(study.weights, whole.weights)


def test_days_later_without_the_generator(tmp_path):
    class Gone(Stretch):
        name = "nowhere:gone"

    lsbe.create_study(Gone(), examples=EXAMPLES, out=tmp_path / "run", direction="minimise").ask(6)
    later = lsbe.open_study(tmp_path / "run")
    later.tell(5, {"score": 0.31, "mass": 2.5})
    later.tell(4, error="would not crystallise")
    assert later.best_score == 0.31
    assert sum(trial.pending for trial in later.trials) == 4
    study = lsbe.open_study(tmp_path / "run", generator=Gone())
    assert study.best_trial.metrics == {"mass": 2.5}
    assert study.trials[4].error == "would not crystallise"


def test_what_the_user_asked_is_left_alone_by_a_run_and_counts(tmp_path):
    study = new_study(out=tmp_path / "run", search="random")
    study.ask(2)
    study.run(height, budget=8)
    study = lsbe.open_study(tmp_path / "run", generator=Stretch())
    assert [t.number for t in study.trials if t.pending] == [0, 1]
    assert len(study.trials) == 8
    study.run(height, budget=9)
    study.tell(0, 1.0)
    assert len(study.finished_trials) == 8


def test_an_open_trial_is_a_pending_point_for_the_search():
    study = new_study()
    study.run(height, budget=10)
    study.ask()
    assert study.history().pending.tolist() == [False] * 10 + [True]


class TestOwnPoints:
    def test_u_and_weights(self):
        study = new_study()
        trials = study.ask(u=[[0.25, 0.5], [0.0, 0.0]])
        chart = lsbe.knothe_rosenblatt_surrogate_chart(study.seeds.examples)
        for trial, u in zip(trials, [[0.25, 0.5], [0.0, 0.0]], strict=True):
            np.testing.assert_allclose(trial.weights, chart.from_u_to_w(np.array([u]))[0])
        [known] = study.ask(weights=[[0.6, 0.8, 0.0]])
        study.tell(known, 0.5)  # a score that was known already
        assert study.best_score == 0.5
        assert [t.source for t in study.trials] == ["user"] * 3
        assert study.ask(1)[0].source == "example"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"u": [[0.5, 1.5]]}, "lies outside the unit hypercube"),
            ({"u": [[0.5]]}, "u has shape"),
            ({"weights": [[1.0, 1.0, 0.0]]}, "unit norm"),
            ({"weights": [1.0, 0.0, 0.0]}, "shape"),
            ({"weights": [[0.0, 0.0, 0.0, 0.0, 1.0]]}, "5 seed latents; at most 3"),
            ({"n": 0}, "n=0"),
            ({"n": 2, "u": [[0.5, 0.5]]}, "one of n, u and weights"),
        ],
    )
    def test_bad_points(self, options, message):
        study = new_study()
        with pytest.raises(ArgumentError, match=message):
            study.ask(**options)
        assert not study.trials

    def test_u_without_a_space(self):
        with pytest.raises(ArgumentError, match="at least two given seed latents"):
            lsbe.create_study(Stretch()).ask(u=[[0.5]])


class TestTell:
    def test_again_is_refused_and_a_correction_keeps_both(self, tmp_path):
        study = new_study(out=tmp_path / "run")
        study.ask(2)
        study.tell(0, {"score": 1.0, "mass": 3.0})
        with pytest.raises(StudyError, match=r"trial 0 .*has a result already: score 1.*replace"):
            study.tell(0, 2.0)
        study.tell(0, 2.0, replace=True)
        study.tell(0, error="the scale was broken", replace=True)
        for seen in (study, lsbe.open_study(tmp_path / "run", generator=Stretch())):
            trial = seen.trials[0]
            assert trial.error == "the scale was broken"
            assert [r.get("scores") for r in trial.replaced] == [(1.0,), (2.0,)] or [
                list(r["scores"]) for r in trial.replaced
            ] == [[1.0], [2.0]]
            assert trial.replaced[0]["metrics"] == {"mass": 3.0}

    @pytest.mark.parametrize(
        ("value", "error", "message"),
        [
            (np.nan, None, "the score is nan; give a finite number"),
            (10**400, None, "too large"),
            (None, None, "give either its score"),
            (1.0, "both", "give either its score"),
            ("high", None, "must be a number"),
            ({"mass": 1.0}, None, "without 'score'"),
            ({"score": 1.0, "mass": None}, None, "mass"),
            ({"scores": {"a": 1.0, "b": 2.0}}, None, "one score without a name"),
            (None, " ", "give a text"),
        ],
    )
    def test_bad_values_leave_the_trial_open(self, value, error, message):
        study = new_study()
        study.ask()
        with pytest.raises(ArgumentError, match=message):
            study.tell(0, value, error=error)
        assert study.trials[0].pending
        assert study.tell(0, 1.0).score == 1.0

    def test_trials_that_are_not_there(self):
        study = new_study()
        with pytest.raises(StudyError, match="no trial 5"):
            study.tell(5, 1.0)
        for number in ("3", 1.5, True):
            with pytest.raises(ArgumentError, match="give a trial or its number"):
                study.tell(number, 1.0)

    def test_several_scores_and_their_directions(self):
        study = new_study(scores=("lift", "drag"), direction={"drag": "minimise"}, search="random")
        assert [d.name for d in study.optuna_study.directions] == ["MAXIMIZE", "MINIMIZE"]
        study.ask(3)
        study.tell(0, {"lift": 1.0, "drag": 2.0})
        study.tell(1, {"lift": 2.0, "drag": 2.0, "note": "rough"})
        study.tell(2, {"scores": {"drag": 1.0, "lift": 0.5}})
        assert [t.number for t in study.front()] == [1, 2]
        with pytest.raises(ArgumentError, match=r"the score 'drag' is missing"):
            study.tell(study.ask()[0], {"lift": 1.0})

    def test_constraints_stay_the_same(self):
        study = new_study()
        study.ask(2)
        study.tell(0, {"score": 1.0, "constraints": {"mass": -1.0}})
        with pytest.raises(ArgumentError, match="earlier trials have 'mass'"):
            study.tell(1, 1.0)


def test_a_generator_that_fails_at_ask():
    class Fragile(Stretch):
        def generate(self, z):
            if any(latent[0, 0] < -0.7 for latent in z):
                raise RuntimeError("no convergence")
            return super().generate(z)

    study = lsbe.create_study(
        Fragile(), num_seeds=4, search="random", check_generator=False, random_seed=1
    )
    trials = study.ask(5)
    assert len(trials) == 5
    failed = [t for t in study.trials if t.error]
    assert failed
    assert failed[0].error == "RuntimeError: no convergence"

    class Never(Stretch):
        def generate(self, z):
            raise RuntimeError("no GPU")

    study = lsbe.create_study(Never(), num_seeds=4, search="random", check_generator=False)
    with pytest.raises(EvaluationError, match=r"10 latents in a row.*no GPU") as caught:
        study.ask(3)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert {(t.seconds, t.worker) for t in study.trials} == {(None, None)}


def test_no_trial_waits_for_a_generator_that_breaks_its_contract():
    class Stingy(Stretch):
        def generate(self, z):
            return super().generate(z)[:1]

    study = lsbe.create_study(Stingy(), num_seeds=3, search="random", check_generator=False)
    with pytest.raises(GeneratorError, match="returned 1 outputs for 3 latents"):
        study.ask(3)
    assert [t.state for t in study.trials] == ["failed"] * 3
