import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.cli import main
from latent_spaces_by_example.report.repeat import call, command, repeat_section
from latent_spaces_by_example.report.snapshot import read_study
from renamed import renamed
from toys import Stretch, height, light_and_even

MATERIAL = "microstructure:size=16"
CONDUCTIVITY = "effective-conductivity"


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """Make ``tests.toys`` importable wherever a test is, as a user's own module is."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2])


def _again(study, **known):
    names = dict(known)
    exec(call(read_study(study)), names)
    return names["study"]


@pytest.mark.parametrize(
    "options",
    [
        {"examples": ["6", "17", "18"], "batch_size": 2},
        {"examples": ["6", "17"], "within_span": False},
        {"num_seeds": 3, "search": "sobol", "random_seed": 7},
        {"num_seeds": 4, "within_span": True},
        {},
    ],
)
def test_the_call_gives_the_same_study(options):
    study = lsbe.optimise(Stretch(), height, budget=7, **options)
    again = _again(study)
    np.testing.assert_array_equal(again.scores, study.scores)
    np.testing.assert_array_equal(again.weights, study.weights)


def test_the_call_takes_latents_from_the_run_folder(tmp_path, monkeypatch):
    latents = np.random.default_rng(0).standard_normal((3, *Stretch.latent_shape))
    monkeypatch.chdir(tmp_path)
    study = lsbe.optimise(
        Stretch(), height, budget=6, seed_latents=latents, out="runs/wing", search="random"
    )
    study.save()
    again = _again(study)
    np.testing.assert_array_equal(again.scores, study.scores)
    assert command(read_study(study)) is None


def test_what_a_script_defines_is_named_as_the_reader_s_own():
    def own(outputs):
        return height(outputs)

    study = lsbe.optimise(Stretch(), own, budget=3, search="random")
    assert "    objective,  # your own: " in call(read_study(study))
    np.testing.assert_array_equal(_again(study, objective=own).scores, study.scores)


def test_the_best_and_the_front_come_back_as_they_are_pasted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for out, objective in (("runs/one", height), ("runs/two", light_and_even)):
        study = lsbe.optimise(Stretch(), objective, budget=5, search="random", out=out)
        section = repeat_section(read_study(study))
        exec(section.reopened, names)
        assert names["study"].front()[0].number == study.front()[0].number
        np.testing.assert_array_equal(_again(study).weights, study.weights)
    *_, last = section.reopened.splitlines()
    assert [list(scores) for scores, _, _ in eval(last, names)] == [["up", "low"]] * len(
        study.front()
    )


def test_it_works_where_the_run_was_made_and_asks_for_all_that_was_done(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator = lsbe.generators.load(MATERIAL)
    objective = lsbe.objectives.load(CONDUCTIVITY)
    options = {"num_seeds": 3, "search": "random", "out": "runs/wing"}
    study = lsbe.optimise(generator, objective, budget=5, **options)
    study.records.store_settings(replace(study.settings, budget=2))
    section = repeat_section(read_study(lsbe.open_study("runs/wing")))
    assert "budget=5" in section.call
    assert "--budget 5" in section.command
    names = {"lsbe": lsbe}
    exec(section.reopened, names)
    assert names["study"].best_score == study.best_score


def test_what_the_library_has_is_loaded_by_name():
    study = lsbe.optimise(
        lsbe.generators.load(MATERIAL),
        lsbe.objectives.load(CONDUCTIVITY),
        budget=5,
        num_seeds=3,
        search="random",
    )
    np.testing.assert_array_equal(_again(study).scores, study.scores)


def test_the_command_gives_the_same_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = lsbe.optimise(
        lsbe.generators.load(MATERIAL),
        lsbe.objectives.load(CONDUCTIVITY),
        budget=5,
        num_seeds=3,
        search="random",
        random_seed=3,
    )
    words = shlex.split(command(read_study(study)))
    assert words[0] == "lsbe"
    result = CliRunner().invoke(main, [*words[1:], "--out", "again"])
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(lsbe.open_study("again").scores, study.scores)


def _study(*, names=("a", "b"), **texts):
    texts = {"generator": "toy", "objective": "lift-to-drag", **texts}
    return read_study(renamed(Stretch(), names=names, texts=texts))


@pytest.mark.parametrize(
    "hostile",
    [
        "x\nraise SystemExit",
        "x\r\nraise SystemExit",
        "x\u2028raise SystemExit",
        "'); raise SystemExit #",
    ],
)
def test_a_name_is_no_code(hostile):
    study = _study(generator=hostile, objective=hostile, names=(hostile, "b"))
    lines = call(study).splitlines()
    assert not any(line.strip().startswith("raise") for line in lines)
    compile(call(study), "call", "exec")


def test_a_name_is_no_shell():
    study = _study(
        generator="airfoil:a=$(rm -rf /);'\"", names=("`id`", "$HOME; ls"), objective="clip:a & b"
    )
    words = shlex.split(command(study))
    assert words[2] == "airfoil:a=$(rm -rf /);'\""
    assert words[words.index("--examples") + 1] == "`id`,$HOME; ls"
    assert words[words.index("--objective") + 1] == "clip:a & b"


@pytest.mark.parametrize(
    "changed",
    [
        {"objective": "module:<lambda>"},
        {"objective": "__main__:score"},
        {"objective": "package.module:outer.<locals>.score"},
        {"generator": "my own"},
        {"generator": "diffusers:FluxPipeline:prompt=a car"},
        {"names": ("a,b", "c")},
        {"names": ("example 1", "example 2")},
    ],
)
def test_no_command_for_what_a_shell_cannot_say(changed):
    changed = {"generator": "airfoil", **changed}
    assert command(_study(**changed)) is None


def test_a_pipeline_of_its_folder_can_be_named():
    study = _study(generator="diffusers:org/name:prompt=a%2C b,steps=3")
    assert "'diffusers:org/name:prompt=a%2C b,steps=3'" in command(study)
    assert "lsbe.generators.load('diffusers:org/name:prompt=a%2C b,steps=3')" in call(study)
