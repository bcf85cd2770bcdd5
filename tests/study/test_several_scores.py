"""Studies of several scores: declared, stored, resumed, shown."""

import csv
from dataclasses import replace

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.report import write_report
from latent_spaces_by_example.report.drawing import with_pictures
from latent_spaces_by_example.report.front_plots import front_section
from latent_spaces_by_example.report.snapshot import read_study
from latent_spaces_by_example.study import open_study
from latent_spaces_by_example.study.ranking import declared_scores
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
def study(tmp_path_factory):
    out = tmp_path_factory.mktemp("scores") / "run"
    return lsbe.optimise(Stretch(), both, budget=16, scores=NAMES, search="random", out=out)


def test_the_front_and_what_optuna_knows(study):
    front = study.front()
    assert all(trial.feasible for trial in front)
    values = np.array([[t.scores[n] for n in NAMES] for t in study.trials if t.feasible])
    for trial in front:
        mine = [trial.scores[name] for name in NAMES]
        assert not ((values >= mine).all(axis=1) & (values > mine).any(axis=1)).any()
    assert [t.scores["up"] for t in front] == sorted((t.scores["up"] for t in front), reverse=True)
    assert study.trials[0].score == study.trials[0].scores["up"]
    theirs = study.optuna_study
    assert {t.number for t in front} == {t.number for t in theirs.best_trials}
    assert theirs.metric_names == list(NAMES)
    for ours, entry in zip(study.trials, theirs.get_trials(), strict=True):
        assert entry.values == list(ours.scores.values())
        assert entry.system_attrs["constraints"] == list(ours.constraints.values())


def test_there_is_no_one_best(study):
    for name in ("best_trial", "best_score", "best_latent", "best_output"):
        with pytest.raises(StudyError, match=r"study\.front\(\)"):
            getattr(study, name)
    with pytest.raises(StudyError, match="front"):
        study.top(3)
    assert study.feasible
    assert "on the front" in repr(study)
    assert "front" in study._repr_html_()


@pytest.mark.parametrize("search", ["nsga-ii", "latent-gp"])
def test_stored_and_resumed(tmp_path, search):
    options = {"scores": NAMES, "search": search, "batch_size": 2}
    whole = lsbe.optimise(Stretch(), both, budget=12, **options)
    lsbe.optimise(Stretch(), both, budget=9, out=tmp_path / "run", **options)
    study = open_study(tmp_path / "run", generator=Stretch())
    assert study.settings.score_names == NAMES
    study.run(both, budget=12)
    np.testing.assert_array_equal(study.weights, whole.weights)


def test_written(study):
    study.save()
    folder = study.folder.path
    rows = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
    assert float(rows[2]["score up"]) == study.trials[2].scores["up"]
    page = write_report(study, folder / "report.html").read_text()
    assert "The front" in page
    assert page.count('<figure class="tile') == min(12, len(study.front()))
    assert "&lt;b&gt;low" in page
    assert "<b>low" not in page


def test_the_report_shows_the_front_beside_the_examples_to_beat():
    def measured(outputs):
        return [
            {**two, "constraints": {"right": float(x[1, 1]) - 9.0}}
            for two, x in zip(both(outputs), outputs, strict=True)
        ]

    study = lsbe.optimise(
        Stretch(), measured, budget=40, scores=NAMES, search="random", examples=["6", "17", "18"]
    )
    snapshot = read_study(study)
    assert snapshot.spread_front[0] is snapshot.front[0]
    assert snapshot.spread_front[-1] is snapshot.front[-1]
    section = front_section(with_pictures(snapshot, most=24, seconds=60.0))
    assert len(section.gallery.tiles) == min(12, len(snapshot.front))
    beaten = [snapshot.example_names[trial.number] for trial in snapshot.example_front]
    assert [tile.title for tile in (section.examples.tiles if beaten else ())] == beaten
    assert not any(tile.title in beaten for tile in section.gallery.tiles)
    first = section.gallery.tiles[0]
    assert first.note.startswith(" · up\N{NO-BREAK SPACE}")
    assert " · <b>low\N{NO-BREAK SPACE}" in first.note
    # where every example violates a constraint, the least violating one is shown, and looks it
    broken = [
        replace(t, constraints={"right": 1.0 + t.number if t.number < 3 else -1.0})
        for t in study.trials
    ]
    section = front_section(with_pictures(replace(snapshot, trials=broken), most=24, seconds=60.0))
    [tile] = section.examples.tiles
    assert tile.infeasible
    assert tile.note.endswith(" · violates a constraint")
    marks = [m.kind for m in section.figures[0].plot.marks if m.tag == "dot"]
    assert marks.count("example infeasible") == 3


def test_an_objective_may_declare_them():
    def declared(outputs):
        return both(outputs)

    declared.scores = NAMES
    assert declared_scores(declared) == NAMES
    for scores in ("up", ("up",), ("up", "up")):
        with pytest.raises(ArgumentError, match="two or more different names"):
            declared_scores(both, scores)


@pytest.mark.parametrize(
    ("objective", "scores", "match"),
    [
        (both, None, "made for one score without a name"),
        (both, ("up", "other"), "made for 'up', 'other'"),
        (height, NAMES, "gave one score without a name"),
    ],
)
def test_what_was_not_declared_is_an_error(objective, scores, match):
    with pytest.raises(ArgumentError, match=match):
        lsbe.optimise(Stretch(), objective, budget=3, scores=scores)


def test_a_study_of_one_score_has_a_front_too():
    study = lsbe.optimise(Stretch(), height, budget=5, search="random")
    assert study.front() == [study.best_trial]
