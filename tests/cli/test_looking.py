"""``lsbe status``, ``list`` and ``top``: at studies, without their generators."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

import latent_spaces_by_example as ls
from latent_spaces_by_example.cli.options import Place
from latent_spaces_by_example.cli.status import ago, status_lines
from latent_spaces_by_example.study import open_study
from latent_spaces_by_example.study.overview import overview_of
from toys import Stretch, height_and_spread

TINY = ["microstructure:size=16", "--objective", "effective-conductivity", "--seeds", "3"]


def means(outputs):
    return [float(output.mean()) for output in outputs]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("looking") / "wing"
    ls.optimise(Stretch(), height_and_spread, budget=6, search="random", out=folder)
    return folder


@pytest.fixture
def wing(lsbe, made):
    shutil.copytree(made, "runs/wing")
    return "runs/wing"


def test_status_of_a_study_that_nobody_runs(lsbe, wing):
    study = open_study(wing)
    output = lsbe("status", wing)
    assert "6 finished, 0 failed, 0 open, of 6" in output
    assert f"{study.best_score:.6g} (trial {study.best_trial.number})" in output
    assert "nothing is running" in output
    assert " left" not in output
    by_storage = lsbe("status", "--storage", f"sqlite:///{wing}/study.db", "--study", "wing")
    assert "6 finished" in by_storage


def test_status_shortens_a_long_objective_in_the_middle(lsbe, wing):
    records = open_study(wing).records
    spec = "lift-to-drag:" + ",".join(f"parameter_{i}=1.0" for i in range(20)) + ",last=2"
    records.store_settings(msgspec.structs.replace(records.settings, objective=spec))
    lines = status_lines(overview_of(records), running=None, place=Place(wing))
    [line] = [line for line in lines if line.startswith("objective")]
    assert len(line) == 100  # the width of the terminal here
    assert line.startswith("objective  lift-to-drag:parameter_0=1.0,")
    assert line.endswith(",last=2")


def test_status_of_a_killed_and_of_a_running_study(lsbe, wing):
    study = open_study(wing)
    study.records.store_settings(msgspec.structs.replace(study.settings, budget=600))
    overview = overview_of(study.records)
    stopped = "\n".join(status_lines(overview, running=None, place=Place(wing)))
    assert "nothing is running; go on: lsbe resume runs/wing --generator" in stopped
    assert " left" not in stopped
    there = "there:7 (lsbe resume)"
    running = "\n".join(status_lines(overview, running=there, place=Place(wing)))
    assert "there:7 (lsbe resume)" in running
    assert " left" in running


def test_status_where_nothing_meets_the_constraints_names_no_trial():
    study = ls.create_study(Stretch(), num_seeds=3)
    study.tell(study.ask()[0], {"score": 1.0, "constraints": {"mass": 0.5}})
    lines = status_lines(overview_of(study.records), running=None, place=Place(None))
    assert "best       none feasible yet" in lines


def test_times_are_told_roughly():
    now = datetime.now()
    assert ago(None) == "never"
    assert ago(now - timedelta(days=3)) == "3 d ago"
    assert ago(now + timedelta(hours=1)) == "0 s ago"  # the clock was set back


def test_list_of_studies(lsbe, wing):
    Path("runs/broken").mkdir()
    Path("runs/broken/study.db").write_text("no database")
    output = lsbe("list")
    assert "6 of 6" in output
    assert "runs/broken cannot be read" in output
    assert "6 of 6" in lsbe("list", "--storage", f"sqlite:///{wing}/study.db")


def test_list_of_names(lsbe):
    assert "microstructure two-phase materials" in lsbe("list", "generators")
    assert "lift-to-drag" in lsbe("list", "objectives")
    assert "latent-gp" in lsbe("list", "searches")
    output = lsbe("optimise", "--help")
    assert "microstructure two-phase materials" in output
    assert "digit-margin" in output


def test_examples_are_listed_by_a_part_of_their_names(lsbe):
    pytest.importorskip("aerosandbox")
    assert lsbe("list", "examples", "airfoil", "s12").startswith("s1210 s1221 s1223")
    assert "no example with '@'" in lsbe("list", "examples", "airfoil", "@", code=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["status"], "lsbe list"),
        (["status", "nowhere"], "no study in run folder"),
        (["status", "runs/wing", "--study", "b"], "holds wing"),
        (["list", "nowhere"], "no folder"),
        (["list", "a", "--storage", "b"], "not both"),
        (["list", "a", "b"], "give one folder"),
        (["list", "examples", "microstructure"], "cannot be listed"),
        (["top", "runs/wing", "--save", "runs/wing/study.db"], "is a file; give a folder"),
        (["top", "runs/wing", "--diverse"], "--diverse --generator tests.toys:stretch"),
    ],
)
def test_bad_input_is_one_message(lsbe, wing, arguments, message):
    code = 1 if message in ("no study in run folder", "holds wing", "no folder") else 2
    assert message in lsbe(*arguments, code=code)
    assert sorted(path.name for path in Path().iterdir()) == ["runs"]


def test_top_has_a_row_for_each_trial(lsbe, wing):
    study = open_study(wing)
    output = lsbe("top", wing, "-n", 1000)
    assert output.startswith("trial score spread")
    places = [output.index(f"{trial.score:.4g}") for trial in study.top(6)]
    assert places == sorted(places)
    assert "expected" not in output
    expected = lsbe("top", wing, "-n", 2, "--expected", "--generator", "toys:stretch")
    assert "trial score expected spread" in expected


def test_top_of_noisy_scores_without_the_generator(lsbe, wing):
    open_study(wing).set_noisy()
    output = lsbe("top", wing)
    assert "as they were measured" in output
    assert "lsbe top runs/wing --generator tests.toys:stretch" in output


def test_outputs_that_differ(lsbe):
    generator = ls.generators.load("microstructure:size=16")
    ls.optimise(generator, means, budget=6, search="random", out="wing")
    output = lsbe("top", "wing", "-n", 2, "--diverse", "--by-output", "--save", "out")
    assert "outputs are farthest from those above" in output
    saved = sorted(path.name for path in Path("out").iterdir())
    best = open_study("wing").best_trial.number
    assert [name[:2] for name in saved] == ["01", "02"]
    assert saved[0] == f"01-trial-{best}.png"
