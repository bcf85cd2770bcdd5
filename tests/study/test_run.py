"""Runs: direction, callbacks, limits, failures, what is shown."""

import itertools
import logging
import threading
import time

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, EvaluationError, GeneratorError
from toys import Stretch, height

EXAMPLES = ["6", "17", "18"]
OPTIONS = {"examples": EXAMPLES, "search": "random"}


def depth(outputs):
    return [-score for score in height(outputs)]


class TestDirection:
    @pytest.mark.parametrize("search", ["latent-gp", "tpe", "cma-es", "direct"])
    def test_minimising_is_maximising_the_negative(self, search):
        up = lsbe.optimise(Stretch(), height, budget=16, examples=EXAMPLES, search=search)
        down = lsbe.optimise(
            Stretch(), depth, budget=16, examples=EXAMPLES, search=search, direction="minimise"
        )
        np.testing.assert_array_equal(up.weights, down.weights)
        np.testing.assert_array_equal(up.scores, -down.scores)
        assert down.best_score == down.scores.min() == down.optuna_study.best_value
        assert down.top(3)[0].number == up.top(3)[0].number

    def test_an_objective_may_say_it(self):
        class Depth:
            direction = "minimise"

            def __call__(self, outputs):
                return depth(outputs)

        study = lsbe.optimise(Stretch(), Depth(), budget=6, **OPTIONS)
        assert study.best_score == study.scores.min()

    @pytest.mark.parametrize("direction", ["down", 1, ("minimise", "maximise"), {"x": "minimise"}])
    def test_other_words(self, direction):
        with pytest.raises(ArgumentError, match="direction"):
            lsbe.create_study(Stretch(), direction=direction, **OPTIONS)


class TestStopping:
    def test_callbacks_see_each_trial_and_may_stop(self):
        seen = []

        def callback(study, trial):
            seen.append((trial.number, len(study.trials)))
            if trial.number == 6:
                raise lsbe.StopStudy("enough")

        study = lsbe.optimise(Stretch(), height, budget=40, callbacks=[callback], **OPTIONS)
        assert seen == [(n, n + 1) for n in range(7)]
        assert not any(trial.pending for trial in study.trials)
        study.run(height, budget=9)
        assert len(study.trials) == 9

    def test_another_exception_of_a_callback_is_the_user_s(self):
        def callback(study, trial):
            raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            lsbe.optimise(Stretch(), height, budget=4, callbacks=[callback], **OPTIONS)

    def test_max_seconds_and_a_signal(self):
        study = lsbe.create_study(Stretch(), **OPTIONS)
        study.run(height, budget=10**6, max_seconds=0.3)
        assert 1 <= len(study.trials) < 10**5
        stop = threading.Event()
        stop.set()
        done = len(study.trials)
        study.run(height, budget=done + 5, stop=stop)
        assert len(study.trials) == done

    def test_ask_within_a_callback(self):
        def callback(study, trial):
            if trial.number == 3:
                study.tell(study.ask(weights=[[1.0, 0.0, 0.0]])[0], 0.0)

        study = lsbe.optimise(Stretch(), height, budget=8, callbacks=[callback], **OPTIONS)
        assert [t.source for t in study.trials].count("user") == 1
        assert len(study.finished_trials) == 8


class TestFailures:
    def test_the_first_traceback_is_shown_and_the_cause_kept(self, caplog):
        def objective(outputs):
            return [x.heigth for x in outputs]

        with (
            caplog.at_level(logging.INFO, "latent_spaces_by_example"),
            pytest.raises(EvaluationError, match="3 evaluations in a row") as caught,
        ):
            lsbe.optimise(Stretch(), objective, budget=40, **OPTIONS)
        assert isinstance(caught.value.__cause__, AttributeError)
        assert str(caught.value).endswith("once the cause is mended.")
        tracebacks = [r for r in caplog.records if "x.heigth" in r.message]
        assert len(tracebacks) == 1
        assert caplog.text.count("failed: AttributeError") == 3

    @pytest.mark.parametrize("num_scored", [0, 2])
    @pytest.mark.parametrize("options", [{}, {"max_consecutive_failures": 4}])
    def test_other_errors_may_be_the_candidates_until_ten_in_a_row(
        self, num_scored, options, tmp_path
    ):
        numbers = itertools.count()

        def objective(outputs):
            if next(numbers) < num_scored:
                return height(outputs)
            raise AttributeError("heigth") if num_scored else ValueError("diverged")

        study = lsbe.create_study(Stretch(), out=tmp_path / "run", **OPTIONS)
        most = options.get("max_consecutive_failures", 10)
        message = rf"{most} evaluations in a row.*(heigth|diverged)"
        with pytest.raises(EvaluationError, match=message):
            study.run(objective, budget=40, **options)
        again = lsbe.open_study(tmp_path / "run", generator=Stretch())
        assert len(again.finished_trials) == num_scored
        assert len(again.trials) == num_scored + most

    def test_a_failure_takes_its_time(self):
        def objective(outputs):
            time.sleep(0.02)
            if len(outputs) > 1 or outputs[0].sum() > 0:
                raise ValueError("diverged")
            return height(outputs)

        options = {**OPTIONS, "batch_size": 3}
        study = lsbe.optimise(Stretch(), objective, budget=9, **options)
        assert {t.state for t in study.trials} == {"finished", "failed"}
        assert all(t.seconds >= 0.02 for t in study.trials)

    def test_an_output_that_cannot_be_made_costs_one_trial(self):
        class Checked(Stretch):
            def generate(self, z):
                outputs = super().generate(z)
                if any(output.sum() > 0 for output in outputs):
                    raise GeneratorError("the safety checker made an image black")
                return outputs

        options = {"num_seeds": 3, "search": "random", "check_generator": False}
        study = lsbe.optimise(Checked(), height, budget=12, batch_size=3, **options)
        assert {t.error for t in study.trials} == {
            None,
            "GeneratorError: the safety checker made an image black",
        }

    def test_nothing_succeeded(self):
        def objective(outputs):
            raise ValueError("no licence")

        with pytest.raises(EvaluationError, match="all 4 evaluations failed") as caught:
            lsbe.optimise(Stretch(), objective, budget=4, **OPTIONS)
        assert str(caught.value.__cause__) == "no licence"

    def test_some_failed(self, caplog):
        numbers = itertools.count()

        def objective(outputs):
            if next(numbers) % 3 == 1:
                raise ValueError("diverged")
            return height(outputs)

        study = lsbe.optimise(Stretch(), objective, budget=9, **OPTIONS)
        assert "3 of 9 failed: ValueError: diverged" in caplog.text
        assert np.isnan(study.scores).sum() == 3
        assert np.isfinite(study.best_score)
        assert study.trials[1].error == "ValueError: diverged"
        assert study.trials[1].traceback.rstrip().endswith("ValueError: diverged")

    @pytest.mark.parametrize(
        "bad",
        [10**400, np.nan, np.inf, -np.inf, {"score": 1.0, "m": None}, {"score": 1.0, "m": []}],
    )
    def test_a_value_that_cannot_be_read_fails_one_trial(self, bad):
        numbers = itertools.count()

        def objective(outputs):
            return [bad if next(numbers) == 3 else s for s in height(outputs)]

        study = lsbe.optimise(Stretch(), objective, budget=6, **OPTIONS)
        assert [t.error is None for t in study.trials] == [True] * 3 + [False] + [True] * 2

    def test_a_generator_that_returns_too_few(self):
        class Stingy(Stretch):
            def generate(self, z):
                return super().generate(z)[:1]

        study = lsbe.create_study(
            Stingy(), check_generator=False, batch_size=4, num_seeds=3, search="random"
        )
        with pytest.raises(GeneratorError, match=r"generate\(z\) of Stingy returned 1 outputs"):
            study.run(height, budget=8)

    @pytest.mark.parametrize(
        ("generator", "message"),
        [("airfoil", "is a name; load it"), (Stretch, "is a class"), (3, "no latent_shape and no")],
    )
    def test_what_is_no_generator(self, generator, message):
        with pytest.raises(ArgumentError, match=message):
            lsbe.optimise(generator, height, budget=5)

    def test_what_is_no_objective(self):
        with pytest.raises(ArgumentError, match="cannot be called"):
            lsbe.optimise(Stretch(), "lift-to-drag", budget=5, **OPTIONS)


def test_plain_lines_where_there_is_no_terminal(capfd):
    study = lsbe.create_study(Stretch(), **OPTIONS)
    study.run(height, budget=25, progress=True)
    lines = capfd.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "10", "20", "25"]
    assert lines[-1].startswith("25 of 25 evaluations, best ")
    study.run(height, budget=30)
    assert capfd.readouterr().err == ""


def test_patience():
    study = lsbe.optimise(
        Stretch(), lambda xs: [0.0] * len(xs), budget=50, callbacks=[lsbe.Patience(4)], **OPTIONS
    )
    assert len(study.trials) == 5


def test_budget_below_what_is_done_does_nothing():
    study = lsbe.optimise(Stretch(), height, budget=12, **OPTIONS)
    study.run(height, budget=5)
    assert len(study.trials) == 12
    assert study.settings.budget == 12
