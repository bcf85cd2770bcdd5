"""Studies under constraints: what is stored, what is best, and what is said."""

import csv

import numpy as np
import pytest
from click.testing import CliRunner
from latent_spaces_by_example.study.feasibility import (
    constraint_names,
    feasibility_said,
    merit_of,
    ranked,
    violations_of,
)

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.cli.commands import main
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.report import write_report
from latent_spaces_by_example.study import Trial, open_study
from latent_spaces_by_example.study.overview import overview_of
from latent_spaces_by_example.study.table import columns_of
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
def study():
    return lsbe.optimise(Stretch(), low_and_left, budget=25)


def trial(number, score, **constraints):
    return Trial(number=number, weights=np.ones(1), score=score, constraints=constraints)


def test_order_of_trials():
    trials = [trial(0, 9.0, a=1.0, b=1.0), trial(1, 1.0, a=-1.0, b=0.0), trial(2, 2.0, a=0.5, b=-9)]
    trials += [trial(3, 1.0, a=0.0, b=0.0), Trial(number=4, weights=np.ones(1))]
    assert [t.number for t in ranked(trials)] == [1, 3, 2, 0]
    assert max(trials, key=merit_of).number == 1
    assert [t.feasible for t in trials] == [False, True, False, True, False]
    assert trials[0].violation == 2
    assert constraint_names(trials) == ["a", "b"]
    assert constraint_names(trials[4:]) is None
    np.testing.assert_array_equal(violations_of(trials)[[0, 4]], [[1, 1], [np.nan, np.nan]])
    assert feasibility_said(trials[2]).endswith("violates a by 0.5")
    assert feasibility_said(trials[1]) == ""


def test_the_best_is_feasible(study):
    best = study.best_trial
    assert study.feasible
    assert best.constraints["too <high>"] <= 0
    assert best.constraints["right"] <= 0
    met = [t for t in study.trials if max(t.constraints.values()) <= 0]
    assert study.best_score == max(t.score for t in met)
    assert study.best_score < study.scores.max()
    np.testing.assert_array_equal(study.history().feasible, [t in met for t in study.trials])
    assert study.top(len(met) + 1)[-1] not in met
    assert all(t in met for t in study.top(len(met)))
    assert study.top(3, diverse=True)[0] == best


def test_optuna_knows_of_them(study):
    optuna_best = study.optuna_study.best_trial
    assert optuna_best.number == study.best_trial.number
    assert list(optuna_best.system_attrs["constraints"]) == list(
        study.best_trial.constraints.values()
    )


def test_nothing_feasible_is_said():
    study = lsbe.optimise(Stretch(), impossible, budget=12)
    assert not study.feasible
    assert study.best_score == study.scores.max()  # here the least violating one
    assert "violating constraints" in repr(study)


@pytest.mark.parametrize("search", ["latent-gp", "cma-es", "tpe", "random", "chosen-seeds"])
def test_every_search_runs_under_constraints(search):
    study = lsbe.optimise(Stretch(), low_and_left, budget=30, search=search, batch_size=3)
    assert study.history().violations.shape == (30, 2)


def test_stored_resumed_and_written(tmp_path):
    whole = lsbe.optimise(Stretch(), low_and_left, budget=14)
    lsbe.optimise(Stretch(), low_and_left, budget=11, out=tmp_path / "run")
    study = open_study(tmp_path / "run", generator=Stretch())
    study.run(low_and_left, budget=14)
    np.testing.assert_allclose(study.weights, whole.weights, atol=1e-9)
    study.save()
    rows = list(csv.DictReader((tmp_path / "run" / "history.csv").read_text().splitlines()))
    assert float(rows[3]["constraint too <high>"]) == study.trials[3].constraints["too <high>"]
    assert rows[3]["right"] == "1"  # a figure of the same name
    page = write_report(study, tmp_path / "report.html").read_text()
    assert "constraint too &lt;high&gt;, at most 0" in page
    assert "<high>" not in page
    assert "of 14 evaluations meet every constraint" in page


def test_table_notebook_and_overview(study):
    columns = columns_of(study, study.trials)
    np.testing.assert_array_equal(columns["feasible"], [t.feasible for t in study.trials])
    values = [t.constraints["right"] for t in study.trials]
    np.testing.assert_array_equal(columns["constraint right"], values)
    assert overview_of(study.records).best_number == study.best_trial.number
    never = lsbe.optimise(Stretch(), impossible, budget=5)
    assert "violates constraints" in never._repr_html_()
    assert not overview_of(never.records).feasible


def test_the_outputs_kept_are_those_of_the_best_that_are_feasible(tmp_path):
    class Saved(Stretch):
        suffix = ".txt"

        def save(self, output, path):
            path.write_text("output")

    study = lsbe.optimise(
        Saved(), low_and_left, budget=20, out=tmp_path / "run", artifacts="best:2"
    )
    kept = {t.number for t in study.trials if study.artifacts.paths(t.number)}
    assert kept == {t.number for t in study.top(2)}


def test_studies_without_constraints_are_stored_as_before(tmp_path):
    study = lsbe.optimise(Stretch(), height, budget=3, out=tmp_path / "run")
    study.save()
    header = (tmp_path / "run" / "history.csv").read_text().splitlines()[0]
    assert header.startswith("trial,score,seconds,error,")
    assert study.feasible
    assert all("constraints" not in t.system_attrs for t in study.optuna_study.trials)
    assert "constraints" not in study.optuna_study.trials[0].user_attrs["lsbe:result"]
    assert study.history().violations.shape == (3, 0)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_other_constraints_than_before_are_an_error(batch_size):
    calls = iter(range(100))

    def fickle(outputs):
        return [
            {"score": 1.0, "constraints": {"a": 0.0} if next(calls) < 6 else {"b": 0.0}}
            for _ in outputs
        ]

    with pytest.raises(ArgumentError, match=r"the constraints 'b', and 'a' before"):
        lsbe.optimise(Stretch(), fickle, budget=10, batch_size=batch_size)


def test_constraints_cannot_appear_in_a_study_that_has_none(tmp_path):
    lsbe.optimise(Stretch(), height, budget=3, out=tmp_path / "run")
    study = open_study(tmp_path / "run", generator=Stretch())
    with pytest.raises(ArgumentError, match="and none before"):
        study.run(low_and_left, budget=5)
    assert len(study.finished_trials) == 3


def test_failed_evaluations_have_none():
    calls = iter(range(100))

    def sometimes(outputs):
        found = low_and_left(outputs)
        return [f if next(calls) % 3 else {"score": float("nan"), "constraints": {}} for f in found]

    study = lsbe.optimise(Stretch(), sometimes, budget=14)
    assert [t.number for t in study.trials if t.error] == [0, 3, 6, 9, 12]
    assert np.isnan(study.history().violations[::3]).all()
    assert study.trials[0].constraints == {}


def test_no_best_before_anything_is_finished():
    study = lsbe.optimise(Stretch(), lambda outputs: [np.nan] * len(outputs), budget=2)
    with pytest.raises(StudyError, match="no finished evaluation"):
        assert study.feasible


def test_the_command_says_it(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "class Model:\n"
        "    latent_shape = (6,)\n"
        "    def generate(self, z):\n"
        "        return z\n"
        "def never(outputs):\n"
        "    return [{'score': float(x[0]), 'constraints': {'[b]c': 9.0}} for x in outputs]\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    arguments = ["optimise", "mine:Model", "--objective", "mine:never", "--budget", "9"]
    result = CliRunner().invoke(main, [*arguments, "--out", "run"], terminal_width=200)
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "nothing found meets every constraint" in said
    assert "constraint [b]c" in said
    assert "none feasible yet" in said
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Nothing found meets every constraint" in page
