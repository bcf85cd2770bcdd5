"""Studies under constraints: what is stored, what is best, and what is shown."""

import csv

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.report import write_report
from latent_spaces_by_example.study import Ranking, Trial, open_study
from latent_spaces_by_example.study.overview import overview_of
from latent_spaces_by_example.study.ranking import unmet_constraints
from latent_spaces_by_example.study.table import columns_of
from latent_spaces_by_example.study.trial import constraint_names, violations_of
from toys import Stretch, height


def low_and_left(outputs):
    """As high as it gets, but not above 0.5, nor to the right of 0."""
    return [
        {
            "score": s,
            "constraints": {"too <high>": s - 0.5, "right": float(np.ravel(x)[1])},
            "right": 1,
        }
        for x, s in zip(outputs, height(outputs), strict=True)
    ]


def impossible(outputs):
    return [{"score": s, "constraints": {"never": 10.0 - s}} for s in height(outputs)]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    class Saved(Stretch):
        suffix = ".txt"

        def save(self, output, path):
            path.write_text("output")

    out = tmp_path_factory.mktemp("constraints") / "run"
    options = {"budget": 20, "random_seed": 1, "out": out, "artifacts": "best:2"}
    study = lsbe.optimise(Saved(), low_and_left, **options)
    study.save()
    return study


@pytest.fixture(scope="module")
def never():
    return lsbe.optimise(Stretch(), impossible, budget=6)


def trial(number, score, **constraints):
    return Trial(number=number, weights=np.ones(1), score=score, constraints=constraints)


def test_order_of_trials():
    trials = [trial(0, 9.0, a=1.0, b=1.0), trial(1, 1.0, a=-1.0, b=0.0), trial(2, 2.0, a=0.5, b=-9)]
    trials += [trial(3, 1.0, a=0.0, b=0.0), Trial(number=4, weights=np.ones(1))]
    ranking = Ranking()
    assert [t.number for t in ranking.ranked(trials)] == [1, 3, 2, 0]
    assert ranking.best(trials).number == 1
    assert [t.feasible for t in trials] == [False, True, False, True, False]
    assert trials[0].violation == 2
    assert constraint_names(trials) == ["a", "b"]
    assert constraint_names(trials[4:]) is None
    np.testing.assert_array_equal(violations_of(trials)[[0, 4]], [[1, 1], [np.nan, np.nan]])
    assert unmet_constraints(trials[2]).endswith("violates a by 0.5")
    assert unmet_constraints(trials[1]) == ""


def test_the_best_is_feasible(study):
    best = study.best_trial
    met = [t for t in study.trials if max(t.constraints.values()) <= 0]
    assert study.feasible
    assert study.best_score == max(t.score for t in met) < study.scores.max()
    np.testing.assert_array_equal(study.history().feasible, [t.feasible for t in study.trials])
    order = [t.number for t in sorted(met, key=lambda t: -t.score)]
    assert [t.number for t in study.top(len(met) + 1)][:-1] == order
    assert study.top(3, diverse=True)[0].number == best.number == order[0]
    whole = {n for n in range(20) if f"trial-{n:05d}.txt" in study.artifacts.paths(n)}
    assert whole == {t.number for t in study.top(2)}


def test_optuna_knows_of_them(study):
    theirs = study.optuna_study.best_trial
    assert theirs.number == study.best_trial.number
    assert theirs.system_attrs["constraints"] == list(study.best_trial.constraints.values())


def test_nothing_feasible_is_said(never):
    assert not never.feasible
    assert never.best_score == never.scores.max()  # here the least violating one
    assert "none feasible yet" in repr(never)
    assert "none feasible yet" in never._repr_html_()
    assert overview_of(never.records).ranking.best_in_words(never.trials) == "none feasible yet"


@pytest.mark.parametrize("search", ["latent-gp", "cma-es", "tpe", "random", "chosen-seeds"])
def test_every_search_runs_under_constraints(search):
    study = lsbe.optimise(Stretch(), low_and_left, budget=18, search=search, batch_size=3)
    assert study.history().violations.shape == (18, 2)


def test_stored_and_written(study):
    again = open_study(study.folder.path, generator=Stretch())
    assert [t.constraints for t in again.trials] == [t.constraints for t in study.trials]
    rows = list(csv.DictReader((study.folder.path / "history.csv").read_text().splitlines()))
    assert float(rows[3]["constraint too <high>"]) == study.trials[3].constraints["too <high>"]
    assert rows[3]["metric right"] == "1"  # a metric of the same name
    page = write_report(study, study.folder.report).read_text()
    assert "constraint too &lt;high&gt;, at most 0" in page
    assert "<high>" not in page
    assert "of 20 evaluations meet every constraint" in page


def test_table_and_overview(study):
    columns = columns_of(study.trials, settings=study.settings)
    np.testing.assert_array_equal(columns["feasible"], [t.feasible for t in study.trials])
    values = [t.constraints["right"] for t in study.trials]
    np.testing.assert_array_equal(columns["constraint right"], values)
    assert overview_of(study.records).ranking.best(study.trials) == study.best_trial


def test_a_study_without_constraints_stores_none_and_gets_none_later(tmp_path):
    study = lsbe.optimise(Stretch(), height, budget=3, out=tmp_path / "run")
    study.save()
    header = (tmp_path / "run" / "history.csv").read_text().splitlines()[0]
    assert header.startswith("trial,state,score,seconds,error,")
    assert study.feasible
    assert all("constraints" not in t.system_attrs for t in study.optuna_study.trials)
    assert study.history().violations.shape == (3, 0)
    with pytest.raises(ArgumentError, match="earlier trials have none"):
        study.run(low_and_left, budget=5)
    assert len(study.finished_trials) == 3


@pytest.mark.parametrize("batch_size", [1, 4])
def test_other_constraints_than_before_are_an_error(batch_size):
    calls = iter(range(100))

    def fickle(outputs):
        return [
            {"score": 1.0, "constraints": {"a": 0.0} if next(calls) < 6 else {"b": 0.0}}
            for _ in outputs
        ]

    with pytest.raises(ArgumentError, match=r"the constraints 'b', and earlier trials have 'a'"):
        lsbe.optimise(Stretch(), fickle, budget=10, batch_size=batch_size)


def test_failed_evaluations_have_none():
    calls = iter(range(100))

    def sometimes(outputs):
        failed = {"score": float("nan"), "constraints": {}}
        return [value if next(calls) % 3 else failed for value in low_and_left(outputs)]

    study = lsbe.optimise(Stretch(), sometimes, budget=8)
    assert [t.number for t in study.trials if t.error] == [0, 3, 6]
    assert np.isnan(study.history().violations[::3]).all()
    assert study.trials[0].constraints == {}


def test_no_best_before_anything_is_finished():
    study = lsbe.create_study(Stretch(), search="random")
    with pytest.raises(StudyError, match="no finished evaluation"):
        assert study.feasible
