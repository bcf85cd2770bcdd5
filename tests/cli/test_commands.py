import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file

from latent_spaces_by_example.cli import main
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study import open_study

TESTS = Path(__file__).parents[1]
TOY = ["toys:stretch", "--objective", "toys:height", "--examples", "1,2,3"]


@pytest.fixture
def lsbe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(TESTS))

    def run(*arguments):
        return CliRunner().invoke(main, [str(a) for a in arguments])

    return run


def _lines(folder):
    return Path(folder, "history.csv").read_text(encoding="utf-8").splitlines()


class TestOptimise:
    def test_leaves_a_run_folder(self, lsbe, tmp_path):
        result = lsbe("optimise", *TOY, "--budget", 12, "--search", "random", "--out", "wing")
        assert result.exit_code == 0, result.output
        assert "run folder: wing" in result.output
        assert sorted(path.name for path in (tmp_path / "wing").iterdir()) == [
            "history.csv",
            "report.html",
            "seed_latents.safetensors",
            "study.db",
        ]
        rows = list(csv.DictReader(_lines("wing")))
        assert len(rows) == 12
        best = max(float(row["score"]) for row in rows)
        assert f"{best:.4g}" in result.output
        latents = load_file("wing/seed_latents.safetensors")["seed_latents"]
        assert latents.shape == (3, 4, 8)
        weights = np.array([[float(r[f"weight {n}"]) for n in "123"] for r in rows])
        np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1.0, rtol=1e-12)

    def test_without_out_takes_the_next_free_folder(self, lsbe):
        for number in (1, 2):
            result = lsbe("optimise", *TOY, "--budget", 3)
            assert f"runs/stretch-{number}" in result.output

    def test_the_same_run_from_python(self, lsbe):
        lsbe("optimise", *TOY, "--budget", 9, "--search", "sobol", "--out", "a", "--random-seed", 4)
        lsbe("optimise", *TOY, "--budget", 9, "--search", "sobol", "--out", "b", "--random-seed", 4)
        assert len(_lines("a")) == 10
        seconds = re.compile(r",[0-9.e-]+,,")
        assert [seconds.sub(",", line) for line in _lines("a")] == [
            seconds.sub(",", line) for line in _lines("b")
        ]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["toys:stretch"], "--objective is needed"),
            (["airfol"], "airfoil"),
            ([*TOY, "--budget", "0"], "budget"),
            ([*TOY, "--search", "latent-pg"], "latent-gp"),
            (["toys:stretch", "--objective", "toys:hight"], "hight"),
            (["toys:missing", "--objective", "toys:height"], "missing"),
            ([*TOY, "--examples", ","], "examples is empty"),
        ],
    )
    def test_bad_input_is_one_message(self, lsbe, tmp_path, arguments, message):
        result = lsbe("optimise", *arguments)
        assert result.exit_code != 0
        assert message in result.output
        assert "Traceback" not in result.output
        assert not (tmp_path / "runs").exists()

    def test_a_generator_that_is_no_function_of_its_latents(self, lsbe):
        noisy = ["toys:noisy", "--objective", "toys:height", "--seeds", 3, "--budget", 4]
        refused = lsbe("optimise", *noisy, "--out", "wing")
        assert refused.exit_code == 1
        assert "--no-check-generator" in refused.output
        assert not Path("wing").exists()
        assert lsbe("optimise", *noisy, "--out", "wing", "--no-check-generator").exit_code == 0

    def test_a_folder_that_is_taken(self, lsbe):
        lsbe("optimise", *TOY, "--budget", 3, "--out", "wing")
        before = Path("wing/study.db").read_bytes()
        result = lsbe("optimise", *TOY, "--budget", 3, "--out", "wing")
        assert result.exit_code == 1
        assert "lsbe resume wing" in result.output
        assert Path("wing/study.db").read_bytes() == before


class TestResume:
    def test_goes_on_to_the_new_budget(self, lsbe):
        lsbe("optimise", *TOY, "--budget", 5, "--out", "wing")
        result = lsbe(
            "resume", "wing", "--budget", 8, "--generator", "toys:stretch",
            "--objective", "toys:height",
        )  # fmt: skip
        assert result.exit_code == 0, result.output
        assert len(_lines("wing")) == 9

    def test_with_another_search_from_here_on(self, lsbe):
        lsbe("optimise", *TOY, "--budget", 5, "--search", "random", "--out", "wing")
        ours = ["--generator", "toys:stretch", "--objective", "toys:height"]
        result = lsbe("resume", "wing", "--budget", 7, "--search", "sobol", *ours)
        assert result.exit_code == 0, result.output
        assert len(_lines("wing")) == 8

    def test_imports_nothing_that_only_the_database_names(self, lsbe):
        lsbe("optimise", *TOY, "--budget", 3, "--out", "wing")
        result = lsbe("resume", "wing", "--budget", 5)
        assert result.exit_code != 0
        assert "toys:stretch" in result.output

    def test_where_there_is_nothing(self, lsbe):
        result = lsbe("resume", "nowhere")
        assert result.exit_code == 1
        assert "nowhere" in result.output


def test_report_is_written_anew(lsbe):
    lsbe("optimise", *TOY, "--budget", 5, "--out", "wing")
    Path("wing/report.html").unlink()
    result = lsbe("report", "wing", "--generator", "toys:stretch")
    assert result.exit_code == 0, result.output
    assert "toys:height" in Path("wing/report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_resume_goes_on(tmp_path):
    (tmp_path / "slowly.py").write_text(
        "import time\nfrom toys import height\n"
        "def score(outputs):\n    time.sleep(0.1)\n    return height(outputs)\n"
    )
    paths = [str(TESTS), str(TESTS.parent / "src"), str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "latent_spaces_by_example.cli"]
    running = subprocess.Popen(
        [*command, "optimise", "toys:stretch", "--objective", "slowly:score", "--examples", "1,2,3",
         "--budget", "200", "--search", "random", "--out", "wing"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _finished(tmp_path) < 6:
        time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 130, output
    assert "Traceback" not in output
    assert "lsbe resume wing" in output
    done = _finished(tmp_path)
    assert 6 <= done < 200
    resumed = subprocess.run(
        [*command, "resume", "wing", "--budget", str(done + 3), "--generator", "toys:stretch",
         "--objective", "slowly:score"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert _finished(tmp_path) == done + 3


def _finished(folder):
    from toys import Stretch

    try:
        return len(open_study(folder / "wing", generator=Stretch()).finished_trials)
    except StudyError:  # it is not there yet
        return 0


@pytest.mark.parametrize("given", ["naca2412", "1,-2", "1.5", ","])
def test_seed_latents_are_whole_numbers(given, tmp_path):
    result = CliRunner().invoke(
        main, ["optimise", "airfoil", "--seed-latents", given, "--out", str(tmp_path / "run")]
    )
    assert result.exit_code == 2
    assert "give random seeds, whole numbers separated by commas" in result.output
    assert not (tmp_path / "run").exists()
