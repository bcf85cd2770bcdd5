"""``lsbe optimise``, ``create`` and ``resume``."""

import csv
import re
import runpy
import shlex
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file

from latent_spaces_by_example.cli import main
from latent_spaces_by_example.study import create_study, open_study
from toys import Stretch

TOY = ["toys:stretch", "--objective", "toys:height", "--examples", "1,2,3", "--search", "random"]
OURS = ["--generator", "toys:stretch", "--objective", "toys:height"]


def rows(folder):
    return list(csv.DictReader(Path(folder, "history.csv").read_text().splitlines()))


def commands(output):
    """The commands that the output tells its reader to go on with."""
    return [
        shlex.split(words)[1:] for words in re.findall(r"go on.*?: (lsbe .*?--budget \d+)", output)
    ]


def test_a_run_leaves_a_folder_and_a_command_that_goes_on(lsbe, tmp_path):
    output = lsbe("optimise", *TOY, "--budget", 8, "--out", "wing")
    names = {path.name for path in (tmp_path / "wing").iterdir()}
    assert names >= {"history.csv", "report.html", "seed_latents.safetensors", "study.db"}
    study = open_study("wing", generator=Stretch())
    assert f"{study.best_score:.4g}, " in output
    assert re.search(r"above \d|which nothing has beaten", output)
    assert "8 evaluations in" in output
    assert load_file("wing/seed_latents.safetensors")["seed_latents"].shape == (3, 4, 8)
    weights = np.array([[float(r[f"weight {n}"]) for n in "123"] for r in rows("wing")])
    np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1.0, rtol=1e-12)

    [further] = commands(output)
    assert further[further.index("--budget") + 1] == "16"
    assert "16 in all" in lsbe(*further)
    assert len(rows("wing")) == 16


def test_the_end_says_the_gain_the_file_and_the_next_command_and_hides_what_is_the_same(lsbe):
    own = [*TOY, "--objective", "toys:height_and_turn", "--search", "latent-gp"]
    output = lsbe("optimise", *own, "--budget", 12, "--out", "wing")
    study = open_study("wing", generator=Stretch())
    example = max(study.trials[:3], key=lambda trial: trial.score)
    points, share = study.best_score - example.score, study.best_score / example.score - 1
    assert points > 0
    start = f"{study.best_score:.4g}, "
    name = study.seed_names[example.number]
    end = f"({100 * share:.0f} %) above {name}, wing/best.npy; go on: lsbe resume"
    gain = re.search(f"{re.escape(start)}([0-9.]+) points? {re.escape(end)}", output)
    assert float(gain[1]) == pytest.approx(points, rel=0.01)
    assert f"{12.5 + study.best_score:.4g}°" in output
    assert "constant" not in output


def test_a_generator_that_comes_along_has_a_usual_objective(lsbe):
    words = ["microstructure:size=16", "--seeds", 3, "--search", "random", "--budget", 3]
    lsbe("optimise", *words, "--out", "wing")
    assert open_study("wing").settings.objective.startswith("effective-conductivity")


def test_python_runs_the_package(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["lsbe", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("latent_spaces_by_example", run_name="__main__")
    assert ended.value.code == 0
    assert "optimise" in capsys.readouterr().out


def test_the_next_free_folder_and_the_same_proposals(lsbe):
    for number in (1, 2):
        assert f"runs/stretch-{number}" in lsbe("optimise", *TOY, "--budget", 5)
    first, second = (open_study(f"runs/stretch-{n}") for n in (1, 2))
    np.testing.assert_array_equal(first.weights, second.weights)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["toys:stretch"], "--objective is needed"),
        (["airfol"], "airfoil"),
        ([*TOY, "--budget", "0"], "--budget 0"),
        ([*TOY, "--search", "latent-pg"], "latent-gp"),
        ([*TOY, "--search", "nsga-ii", "--budget", "9"], "score"),
        ([*TOY, "--direction", "up"], "maximise"),
        ([*TOY, "--artifacts", "most"], "--artifacts 'most'; expected one of all, none"),
        (["toys:stretch", "--objective", "toys:hight"], "hight"),
        (["toys:missing", "--objective", "toys:height"], "missing"),
        ([*TOY[:3], "--examples", ","], "examples is empty"),
        (["airfoil", "--prompt", "a car"], "--prompt is for diffusers:"),
        (["airfoil", "--seed-latents", "1,-2"], "whole numbers separated by commas"),
        ([*TOY, "--dask", "tcp://127.0.0.1:9", "--out", "a"], "no scheduler answers there"),
    ],
)
def test_bad_input_is_one_message(lsbe, tmp_path, monkeypatch, arguments, message):
    monkeypatch.setattr("latent_spaces_by_example.cli.running._DASK_SECONDS", 0.5)
    code = 2 if message[:6] in ("--obje", "--prom", "whole ") else 1
    assert message in lsbe("optimise", *arguments, code=code)
    assert not (tmp_path / "runs").exists()


def test_a_generator_that_is_no_function_of_its_latents(lsbe):
    noisy = ["toys:noisy", "--objective", "toys:height", "--seeds", 3, "--budget", 4]
    assert "--no-check-generator" in lsbe("optimise", *noisy, "--out", "wing", code=1)
    assert not Path("wing").exists()
    lsbe("optimise", *noisy, "--search", "random", "--out", "wing", "--no-check-generator")


def test_a_folder_that_is_taken(lsbe):
    lsbe("optimise", *TOY, "--budget", 3, "--out", "wing")
    before = Path("wing/study.db").read_bytes()
    output = lsbe("optimise", *TOY, "--budget", 3, "--out", "wing", code=2)
    assert f"lsbe resume wing {' '.join(OURS)}" in output
    assert Path("wing/study.db").read_bytes() == before


def test_lower_may_be_better(lsbe):
    output = lsbe("optimise", *TOY, "--budget", 8, "--direction", "minimise", "--out", "wing")
    study = open_study("wing", generator=Stretch())
    assert study.best_score == np.nanmin(study.scores)
    assert f"{study.best_score:.4g}, " in output
    assert " above " not in output


def test_a_budget_that_leaves_examples_unscored_is_warned_of(lsbe):
    assert "leaves 1 of the 3 unscored" in lsbe("optimise", *TOY, "--budget", 2, "--out", "wing")


@pytest.mark.parametrize(
    ("objective", "code", "message"),
    [
        ("def score(x):\n    raise ValueError('no licence')", 1, "all 4 evaluations failed"),
        (
            "def score(x):\n    if x[0][0, 0] > 1:\n        raise ValueError('too high')\n"
            "    return [0.0]",
            0,
            "of 4 failed: ValueError: too high",
        ),
    ],
)
def test_failures(lsbe, tmp_path, objective, code, message):
    (tmp_path / f"scores_{code}.py").write_text(objective)
    own = [*TOY, "--objective", f"scores_{code}:score", "--budget", 4]
    output = lsbe("optimise", *own, "--out", "wing", code=code)
    assert message in output
    # the traceback of the first failure alone
    assert output.count("raise ValueError") == 1


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resume") / "wing"
    words = ["optimise", *TOY, "--budget", "5", "--out", str(folder)]
    assert CliRunner().invoke(main, words).exit_code == 0
    return folder


class TestResume:
    @pytest.fixture
    def wing(self, lsbe, made):
        shutil.copytree(made, "wing")
        return "wing"

    def test_with_another_search_and_noise_from_here_on(self, lsbe, wing):
        output = lsbe("resume", wing, "--budget", 7, "--search", "sobol", "--noisy", *OURS)
        assert len(rows(wing)) == 7
        assert open_study(wing).settings.noisy
        assert "--search sobol --budget 14" in output

    @pytest.mark.parametrize(
        ("budget", "reason"),
        [([], "the budget of 5 evaluations is spent"), (["--budget", 3], "there are 5 already")],
    )
    def test_of_a_study_that_is_done(self, lsbe, wing, budget, reason):
        before = Path(wing, "report.html").stat().st_mtime_ns
        output = lsbe("resume", wing, *budget, *OURS)
        assert reason in output
        assert f"lsbe resume wing {' '.join(OURS)} --budget 10" in output
        assert Path(wing, "report.html").stat().st_mtime_ns == before

    def test_imports_nothing_that_only_the_database_names(self, lsbe, wing):
        output = lsbe("resume", wing, "--budget", 6, code=2)
        assert "lsbe resume wing --budget 6 --generator tests.toys:stretch" in output
        output = lsbe("resume", wing, "--budget", 6, *OURS[:2], code=2)
        assert output.endswith(f"lsbe resume wing --budget 6 {' '.join(OURS)}")

    def test_where_there_is_nothing(self, lsbe):
        assert "nowhere" in lsbe("resume", "nowhere", code=1)


def test_a_storage_by_option_and_by_variable(lsbe, tmp_path):
    url = f"sqlite:///{tmp_path}/all.db"
    for name in ("a", "b"):
        lsbe("optimise", *TOY, "--budget", 4, "--storage", url, "--out", f"runs/{name}")
    assert not Path("runs/a/study.db").exists()
    output = lsbe("resume", "runs/a", "--storage", url, "--budget", 5, *OURS)
    assert f"lsbe resume runs/a --storage {url} {' '.join(OURS)} --budget 10" in output
    by_variable = {"env": {"LSBE_STORAGE": url}}
    assert "5 finished" in lsbe("status", "runs/a", **by_variable)
    assert "4 finished" in lsbe("status", "--study", "b", **by_variable)
    assert "the storage holds a, b" in lsbe("status", **by_variable, code=1)
    # a study of its own in a run folder comes before the variable
    lsbe("optimise", *TOY, "--budget", 3, "--out", "own")
    assert "3 finished" in lsbe("status", "own", **by_variable)


def test_hints_of_create_work(lsbe):
    output = lsbe("create", "toys:stretch", "--seeds", 3, "--search", "random", "--out", "wing")
    assert "lsbe resume wing --generator toys:stretch --objective MODULE:NAME" in output
    assert "name one: lsbe resume wing" in lsbe("resume", "wing", *OURS[:2], code=2)
    lsbe("resume", "wing", *OURS, "--budget", 3)
    assert len(rows("wing")) == 3


def test_a_generator_that_has_a_name_of_its_own_is_asked_for_by_module(lsbe):
    mine = SimpleNamespace(name="mine", latent_shape=(2,), generate=lambda z: z)
    create_study(mine, num_seeds=3, out="wing")
    output = lsbe("resume", "wing", *OURS[2:], "--budget", 3, code=2)
    assert "--generator MODULE:NAME" in output
