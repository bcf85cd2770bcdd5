import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from latent_spaces_by_example.cli import main
from latent_spaces_by_example.cli.tables import _ago, status_table
from latent_spaces_by_example.study import open_study, storages
from toys import propose

TINY = ["microstructure:size=16", "--objective", "effective-conductivity", "--seeds", "3"]
SECRET = "postgresql://ann:s3cret@localhost:1/runs"


@pytest.fixture
def lsbe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments):
        return CliRunner().invoke(main, [str(a) for a in arguments])

    return run


@pytest.fixture
def wing(lsbe):
    result = lsbe("optimise", *TINY, "--budget", 6, "--search", "random", "--out", "runs/wing")
    assert result.exit_code == 0, result.output
    return "runs/wing"


def test_a_study_moves_from_one_machine_to_another(lsbe, wing):
    result = lsbe("export", wing, "wing.zip")
    assert result.exit_code == 0, result.output
    assert "archive: wing.zip" in result.output
    result = lsbe("import", "wing.zip", "elsewhere/wing2")
    assert result.exit_code == 0, result.output
    assert "lsbe resume elsewhere/wing2" in result.output
    before = open_study(wing).scores
    result = lsbe("resume", "elsewhere/wing2", "--budget", 8)
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(open_study("elsewhere/wing2").scores[:6], before)
    assert lsbe("report", "elsewhere/wing2").exit_code == 0
    assert Path("elsewhere/wing2/report.html").is_file()


def test_an_export_brings_its_report_up_to_date(lsbe, wing):
    Path(wing, "report.html").unlink()
    assert lsbe("export", wing, "wing.zip").exit_code == 0
    import zipfile

    with zipfile.ZipFile("wing.zip") as archive:
        assert b"effective-conductivity" in archive.read("report.html")
    assert not Path(wing, "report.html").exists()


def test_an_export_over_a_file(lsbe, wing):
    Path("wing.zip").write_text("mine")
    result = lsbe("export", wing, "wing.zip")
    assert result.exit_code == 1
    assert Path("wing.zip").read_text() == "mine"
    assert lsbe("export", wing, "wing.zip", "--overwrite").exit_code == 0


def test_status(lsbe, wing):
    result = lsbe("status", wing)
    assert result.exit_code == 0, result.output
    assert "6 finished, 0 failed, 0 open, of 6" in result.output
    assert f"{open_study(wing).best_score:.6g}" in result.output
    by_storage = lsbe("status", "--storage", f"sqlite:///{wing}/study.db", "--study", "wing")
    assert "6 finished" in by_storage.output


def test_status_names_workers_where_trials_do(lsbe, wing):
    study = open_study(wing)
    number = propose(study, study.weights[0])
    trial = study.optuna_study.get_trials()[number]
    study.optuna_study._storage.set_trial_user_attr(trial._trial_id, "lsbe:worker", "[b]x[/b]:7")
    result = lsbe("status", wing)
    assert "[b]x[/b]:7" in result.output
    assert f":{os.getpid()}" in result.output
    assert "longest open" in result.output


def test_list(lsbe, wing):
    Path("runs/broken").mkdir()
    Path("runs/broken/study.db").write_text("no database")
    result = lsbe("list")
    assert result.exit_code == 0, result.output
    assert "6 of 6" in result.output
    assert "runs/broken cannot be read" in result.output
    result = lsbe("list", "--storage", f"sqlite:///{wing}/study.db")
    assert "6 of 6" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["status"], "lsbe list"),
        (["status", "nowhere"], "no study in run folder"),
        (["status", "runs/wing", "--study", "b"], "holds wing"),
        (["status", "runs/wing", "--every", "0"], "0.1 to 3600"),
        (["list", "nowhere"], "no folder"),
        (["list", "a", "--storage", "b"], "not both"),
        (["export", "nowhere", "a.zip"], "no study in run folder"),
        (["import", "nowhere.zip", "a"], "there is no archive"),
        (["import", "runs/wing/history.csv", "a"], "no export of a study"),
        (["dashboard", "nowhere"], "no study in run folder"),
        (["optimise", *TINY, "--artifacts", "most"], "best:K"),
    ],
)
def test_bad_input_is_one_message(lsbe, wing, arguments, message):
    result = lsbe(*arguments)
    assert result.exit_code != 0
    assert message in result.output.replace("\n", " ")
    assert "Traceback" not in result.output
    assert sorted(p.name for p in Path().iterdir()) == ["runs"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["optimise", *TINY, "--budget", "2", "--out", "a"],
        ["resume", "runs/wing"],
        ["report", "runs/wing"],
        ["status"],
        ["status", "runs/wing"],
        ["list"],
        ["export", "runs/wing", "a.zip"],
        ["dashboard", "runs/wing"],
    ],
)
@pytest.mark.filterwarnings("ignore:the storage postgresql")
def test_a_password_is_in_no_message(lsbe, wing, arguments, caplog, monkeypatch):
    monkeypatch.setattr(storages, "OPENING_PATIENCE", 0.0)
    if arguments[0] == "dashboard":
        pytest.importorskip("optuna_dashboard")
    result = lsbe(*arguments, "--storage", SECRET)
    assert result.exit_code != 0
    assert "postgresql://" in result.output
    assert "s3cret" not in result.output + caplog.text + repr(result.exception)
    written = [path.read_bytes() for path in Path().rglob("*") if path.is_file()]
    assert not any(b"s3cret" in content for content in written)


def test_times_are_told_roughly():
    from datetime import datetime, timedelta

    now = datetime.now()
    assert _ago(None) == "never"
    assert _ago(now - timedelta(minutes=5)) == "5 min ago"
    assert _ago(now - timedelta(days=3)) == "3 d ago"
    assert _ago(now + timedelta(hours=1)) == "0 s ago"  # the clock was set back
    assert callable(status_table)


def _command(*arguments):
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    return subprocess.Popen(
        [sys.executable, "-m", "latent_spaces_by_example.cli", *map(str, arguments)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_watching_goes_on_until_ctrl_c(lsbe, wing):
    watching = _command("status", wing, "--watch", "--every", "0.2")
    time.sleep(15)
    assert watching.poll() is None
    watching.send_signal(signal.SIGINT)
    output, _ = watching.communicate(timeout=60)
    assert watching.returncode == 0, output
    assert "6 finished" in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_the_dashboard_shows_pictures(lsbe, wing):
    pytest.importorskip("optuna_dashboard")
    serving = _command("dashboard", wing, "--port", 18931)
    try:
        content = _answer("http://127.0.0.1:18931/api/studies/1?after=0")
        artifact = json.loads(content)["trials"][2]["artifacts"][0]
        place = f"http://127.0.0.1:18931/artifacts/1/3/{artifact['artifact_id']}"
        assert _answer(place) == open_study(wing).artifacts.picture(2).read_bytes()
    finally:
        serving.send_signal(signal.SIGINT)
        output, _ = serving.communicate(timeout=60)
    assert "http://127.0.0.1:18931/dashboard/" in output


def _answer(url):
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.read()
        except OSError:
            time.sleep(0.2)  # it is not up yet
    raise TimeoutError(url)
