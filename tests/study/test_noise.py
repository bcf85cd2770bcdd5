"""Studies of noisy scores: declared, stored, resumed, and ranked by expected score."""

import csv
import re

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.report import write_report
from latent_spaces_by_example.study.ranking import declared_noisy
from toys import Stretch, height


class NoisyHeight:
    """The height with noise of half its spread, each time another."""

    noisy = True

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __call__(self, outputs):
        return [
            {"score": s + self.rng.standard_normal(), "true": s, "constraints": {"low": s - 9.0}}
            for s in height(outputs)
        ]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    out = tmp_path_factory.mktemp("noisy") / "run"
    study = lsbe.optimise(Stretch(), NoisyHeight(), budget=24, out=out)
    study.save()
    return study


def test_an_objective_says_so_and_the_caller_has_the_last_word():
    assert declared_noisy(NoisyHeight())
    assert not declared_noisy(NoisyHeight(), noisy=False)
    assert declared_noisy(height, noisy=True)
    assert not declared_noisy(height)
    # one that is loaded says what its function says
    for parameters in ("", ":scale=2"):
        assert declared_noisy(lsbe.objectives.load(f"toys:measured_height_of_sections{parameters}"))
        assert not declared_noisy(lsbe.objectives.load(f"toys:height_of_sections{parameters}"))


@pytest.mark.parametrize("noisy", [0.3, "yes", 1])
def test_how_noisy_is_not_asked(noisy):
    objective = NoisyHeight()
    objective.noisy = noisy
    with pytest.raises(ArgumentError, match=rf"noisy={noisy!r}.*True.*estimated"):
        lsbe.optimise(Stretch(), objective, budget=3)


def test_it_is_stored(study):
    assert study.settings.noisy
    assert lsbe.open_study(study.folder.path, generator=Stretch()).settings.noisy
    assert study.history().noisy
    exact = lsbe.create_study(Stretch(), search="random")
    assert not exact.settings.noisy
    assert not exact.history().noisy
    # and the default draws more before it steps
    assert all((trial.weights != 0).sum() == 1 for trial in study.trials[:16])


def test_every_trial_says_what_is_expected_of_it(study):
    told = study.expected_scores()
    np.testing.assert_array_equal([t.expected_score for t in study.trials], told)
    assert [t.score for t in study.trials] == list(study.scores)
    assert not np.allclose(told, study.scores, atol=0.1)


def test_the_best_has_the_highest_expected_score(study):
    told = study.expected_scores()
    best = int(np.argmax(told))
    assert study.best_trial.number == best
    assert study.best_score == told[best]
    np.testing.assert_array_equal(
        study.best_output, study.generator.generate(study.latents(study.weights[[best]]))[0]
    )
    assert [t.number for t in study.front()] == [best]
    assert repr(study).endswith(f"best {told[best]:.6g} expected>")
    assert study.top(1)[0].number == best
    lucky = study.top(1, expected=False)[0]
    assert lucky.score == study.scores.max()
    assert lucky.expected_score is None


def test_expected_scores_are_nearer_to_the_truth(study):
    true = np.array([trial.metrics["true"] for trial in study.trials])
    error = np.std(study.expected_scores() - true)
    assert error < 0.9 * np.std(study.scores - true)


def test_it_changes_with_what_comes_in_later():
    objective = NoisyHeight()
    study = lsbe.optimise(Stretch(), objective, budget=12)
    before = study.trials[0].expected_score
    study.run(objective, budget=13)
    assert study.trials[0].expected_score == study.expected_scores()[0]
    assert study.trials[0].expected_score != before


def test_it_can_be_said_later(tmp_path):
    objective = NoisyHeight()
    out = tmp_path / "run"
    study = lsbe.optimise(Stretch(), objective, budget=12, noisy=False, out=out)
    assert study.best_score == study.scores.max()
    study.set_noisy()
    assert lsbe.open_study(out, generator=Stretch()).settings.noisy
    assert study.best_score == study.expected_scores().max()
    study.run(objective, budget=18)
    # sixteen draws come first now, wherever the study is
    assert all((trial.weights != 0).sum() == 1 for trial in study.trials[12:16])
    study.set_noisy(False)
    assert study.best_score == study.scores.max()


def test_several_scores_are_as_they_were_measured():
    def both(outputs):
        return [{"scores": {"up": s, "down": -s}} for s in height(outputs)]

    study = lsbe.optimise(Stretch(), both, budget=12, scores=("up", "down"), noisy=True)
    assert study.history().noisy
    assert study.trials[0].expected_score is None
    assert study.front()


def test_a_study_cut_in_two_is_the_uncut_one(tmp_path):
    def scored(outputs):  # noise that is the same for the same output, so that runs compare
        return [s + np.sin(30 * s) for s in height(outputs)]

    whole = lsbe.optimise(Stretch(), scored, budget=19, noisy=True)
    lsbe.optimise(Stretch(), scored, budget=16, noisy=True, out=tmp_path / "cut")
    cut = lsbe.open_study(tmp_path / "cut", generator=Stretch()).run(scored, budget=19)
    np.testing.assert_array_equal(cut.weights, whole.weights)


class TestWhatItLeaves:
    def test_the_history(self, study):
        with open(study.folder.path / "history.csv", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [float(row["expected score"]) for row in rows] == list(study.expected_scores())

    def test_the_dataframe(self, study):
        pytest.importorskip("pandas")
        np.testing.assert_array_equal(
            study.to_dataframe()["expected score"], study.expected_scores()
        )
        plain = lsbe.optimise(Stretch(), height, budget=3)
        assert "expected score" not in plain.to_dataframe()

    def test_the_notebook(self, study):
        best = study.best_trial
        told = f"{best.expected_score:.6g} expected (trial {best.number}, scored {best.score:.6g})"
        assert told in study._repr_html_()

    def test_the_report(self, study, tmp_path):
        page = write_report(study, tmp_path / "report.html").read_text(encoding="utf-8")
        text = re.sub(r"<[^>]*>", "", page)
        best = study.best_trial
        assert re.search(
            rf"Of 24 evaluations the best is expected to score [\d.]+ \(trial {best.number}, "
            r"which scored [\d.]+\)",
            text,
        )
        assert "Scores are noisy" in text
        assert "In order of expected score" in text
        assert "noisy=True" in text

    def test_draws_that_were_scored_apart_are_as_measured(self, study, tmp_path):
        said = "as they were measured"
        assert said not in write_report(study, tmp_path / "own.html").read_text(encoding="utf-8")
        draws = np.random.default_rng(0).standard_normal(24)
        page = write_report(study, tmp_path / "report.html", prior_scores=draws)
        assert said in page.read_text(encoding="utf-8")

    def test_a_report_of_exact_scores_says_nothing_of_it(self, tmp_path):
        plain = lsbe.optimise(Stretch(), height, budget=12)
        page = write_report(plain, tmp_path / "report.html").read_text(encoding="utf-8")
        assert "expected to score" not in page
        assert "noisy" not in page
