"""Studies of several scores: declared, stored, resumed, shown."""

import csv

import numpy as np
import pytest
from click.testing import CliRunner
from latent_spaces_by_example.study.several_scores import declared_scores

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.cli.commands import main
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.report import write_report
from latent_spaces_by_example.report.front import front_panel
from latent_spaces_by_example.study import open_study
from toys import Stretch, height

NAMES = ("up", "<b>low")


def both(outputs):
    return [
        {
            "scores": {"<b>low": -abs(float(x[0, 1])), "up": float(x[0, 0])},
            "constraints": {"right": float(x[1, 1]) - 1.0},
        }
        for x in outputs
    ]


@pytest.fixture(scope="module")
def study():
    return lsbe.optimise(Stretch(), both, budget=25, scores=NAMES)


@pytest.mark.parametrize("on_disk", [False, True])
def test_optuna_has_every_score_and_constraint(tmp_path, on_disk):
    study = lsbe.optimise(
        Stretch(), both, budget=12, scores=NAMES,
        out=tmp_path / "run" if on_disk else None,
    )  # fmt: skip
    for ours, theirs in zip(study.trials, study.optuna_study.get_trials(), strict=True):
        assert theirs.values == list(ours.scores.values())
        assert theirs.system_attrs["constraints"] == list(ours.constraints.values())
    front = {trial.number for trial in study.front()}
    assert front
    assert {trial.number for trial in study.optuna_study.best_trials} == front


def test_the_front(study):
    front = study.front()
    assert all(trial.feasible for trial in front)
    values = np.array([[t.scores[n] for n in NAMES] for t in study.trials if t.feasible])
    for trial in front:
        mine = [trial.scores[name] for name in NAMES]
        assert not ((values >= mine).all(axis=1) & (values > mine).any(axis=1)).any()
    assert [t.scores["up"] for t in front] == sorted((t.scores["up"] for t in front), reverse=True)
    assert {t.number for t in front} == {t.number for t in study.optuna_study.best_trials}
    assert study.optuna_study.metric_names == list(NAMES)
    assert study.trials[0].score == study.trials[0].scores["up"]


def test_there_is_no_one_best(study):
    for name in ("best_trial", "best_score", "best_latent", "best_output"):
        with pytest.raises(StudyError, match=r"study\.front\(\)"):
            getattr(study, name)
    with pytest.raises(StudyError, match="front"):
        study.top(3)
    assert study.feasible
    assert "on the front of up" in repr(study)
    assert "front" in study._repr_html_()


@pytest.mark.parametrize("search", ["nsga-ii", "tpe", "latent-gp"])
def test_stored_resumed_and_written(tmp_path, search):
    options = {"scores": NAMES, "search": search, "batch_size": 2}
    whole = lsbe.optimise(Stretch(), both, budget=16, **options)
    lsbe.optimise(Stretch(), both, budget=11, out=tmp_path / "run", **options)
    study = open_study(tmp_path / "run", generator=Stretch())
    assert study.settings.score_names == NAMES
    study.run(both, budget=16)
    np.testing.assert_allclose(study.weights, whole.weights, atol=1e-9)
    study.save()
    rows = list(csv.DictReader((tmp_path / "run" / "history.csv").read_text().splitlines()))
    assert float(rows[2]["score up"]) == study.trials[2].scores["up"]
    page = write_report(study, tmp_path / "report.html").read_text()
    assert "The front" in page
    assert "&lt;b&gt;low" in page
    assert "<b>low" not in page
    assert "<b>low" not in front_panel(study)


def test_an_objective_may_declare_them():
    def declared(outputs):
        return both(outputs)

    declared.scores = NAMES
    assert lsbe.optimise(Stretch(), declared, budget=3).settings.score_names == NAMES


@pytest.mark.parametrize("scores", ["up", ("up",), ("up", "up")])
def test_names_that_are_none(scores):
    with pytest.raises(ArgumentError, match="two or more different names"):
        declared_scores(both, scores)


def test_what_was_not_declared_is_an_error():
    with pytest.raises(ArgumentError, match="made for one without a name"):
        lsbe.optimise(Stretch(), both, budget=3)
    with pytest.raises(ArgumentError, match="made for 'up', 'other'"):
        lsbe.optimise(Stretch(), both, budget=3, scores=("up", "other"))
    with pytest.raises(ArgumentError, match="gave the scores one without a name"):
        lsbe.optimise(Stretch(), height, budget=3, scores=NAMES)


def test_a_search_of_one_score_is_refused():
    with pytest.raises(ArgumentError, match="nsga-ii"):
        lsbe.optimise(Stretch(), both, budget=12, scores=NAMES, search="cma-es")


def test_a_study_of_one_score_has_a_front_too():
    study = lsbe.optimise(Stretch(), height, budget=5)
    assert study.front() == [study.best_trial]
    assert front_panel(study) == ""
    assert "score_names" in study.settings.to_json()


def test_the_command_shows_the_front(tmp_path, monkeypatch):
    (tmp_path / "pair.py").write_text(
        "class Model:\n"
        "    latent_shape = (6,)\n"
        "    suffix = '.txt'\n"
        "    def generate(self, z):\n"
        "        return z\n"
        "    def save(self, output, path):\n"
        "        path.write_text(str(output))\n"
        "def two(outputs):\n"
        "    return [{'scores': {'a': float(x[0]), 'b': float(x[1])}} for x in outputs]\n"
        "two.scores = ('a', 'b')\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    arguments = ["optimise", "pair:Model", "--objective", "pair:two", "--budget", "12"]
    result = CliRunner().invoke(main, [*arguments, "--out", "run"])
    assert result.exit_code == 0, result.output
    assert "on the front" in result.output
    study = open_study(tmp_path / "run", generator=__import__("pair").Model())
    assert len(list((tmp_path / "run" / "front").iterdir())) == len(study.front())
    assert "The front" in (tmp_path / "run" / "report.html").read_text()
    assert CliRunner().invoke(main, ["status", "run"]).exit_code == 0
