"""``lsbe export``, ``import`` and ``dashboard``."""

import json
import shutil
import signal
import socket
import time
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from latent_spaces_by_example.cli import main
from latent_spaces_by_example.study import database, open_study

TINY = ["microstructure:size=16", "--objective", "effective-conductivity", "--seeds", "3"]
SECRET = "postgresql://ann:s3cret@localhost:1/runs"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("moving") / "wing"
    words = ["optimise", *TINY, "--budget", "4", "--search", "random", "--out", str(folder)]
    assert CliRunner().invoke(main, words).exit_code == 0
    return folder


@pytest.fixture
def wing(lsbe, made):
    shutil.copytree(made, "runs/wing")
    return "runs/wing"


def test_a_study_moves_from_one_machine_to_another(lsbe, wing):
    assert "archive: wing.zip" in lsbe("export", wing, "wing.zip")
    with zipfile.ZipFile("wing.zip") as archive:
        assert archive.read("report.html") == Path(wing, "report.html").read_bytes()
    output = lsbe("import", "wing.zip", "elsewhere/wing2")
    assert "go on with it: lsbe resume elsewhere/wing2" in output
    before = open_study(wing).scores
    lsbe("resume", "elsewhere/wing2", "--budget", 5)
    np.testing.assert_array_equal(open_study("elsewhere/wing2").scores[:4], before)
    lsbe("report", "elsewhere/wing2")
    assert Path("elsewhere/wing2/report.html").is_file()


def test_an_export_over_a_file(lsbe, wing):
    Path("wing.zip").write_text("mine")
    output = lsbe("export", wing, "wing.zip", code=2)
    assert output.endswith("lsbe export runs/wing wing.zip --overwrite")
    assert Path("wing.zip").read_text() == "mine"
    lsbe("export", wing, "wing.zip", "--overwrite")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "nowhere", "a.zip"], "no study in run folder"),
        (["import", "nowhere.zip", "a"], "there is no archive"),
        (["import", "runs/wing/history.csv", "a"], "no export of a study"),
        (["dashboard", "nowhere"], "no study in run folder"),
    ],
)
def test_bad_input_is_one_message(lsbe, wing, arguments, message):
    assert message in lsbe(*arguments, code=1)
    assert sorted(path.name for path in Path().iterdir()) == ["runs"]


@pytest.mark.parametrize(
    "words",
    [
        ["optimise", *TINY, "--budget", "2", "--out", "a"],
        *(["resume", "runs/wing"], ["report", "runs/wing"], ["status"], ["top"], ["list"]),
        ["export", "runs/wing", "a.zip"],
    ],
)
def test_a_password_is_in_no_message(lsbe, wing, words, caplog, monkeypatch):
    monkeypatch.setattr(database, "_OPENING_PATIENCE", 0.0)
    output = lsbe(*words, "--storage", SECRET, code=1)
    assert "postgresql://" in output
    assert "s3cret" not in output + caplog.text
    written = [path.read_bytes() for path in Path().rglob("*") if path.is_file()]
    assert not any(b"s3cret" in content for content in written)


def test_a_busy_port(lsbe, wing):
    pytest.importorskip("optuna_dashboard")
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert f"--port {port} cannot be used" in lsbe("dashboard", wing, "--port", port, code=2)


@pytest.mark.slow
def test_the_dashboard_shows_pictures(lsbe, start, wing):
    pytest.importorskip("optuna_dashboard")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serving = start("dashboard", wing, "--port", port)
    try:
        content = answer(f"http://127.0.0.1:{port}/api/studies/1?after=0")
        artifact = json.loads(content)["trials"][2]["artifacts"][0]
        place = f"http://127.0.0.1:{port}/artifacts/1/3/{artifact['artifact_id']}"
        assert answer(place) == open_study(wing).artifacts.picture(2).read_bytes()
    finally:
        serving.send_signal(signal.SIGINT)
        output, _ = serving.communicate(timeout=60)
    assert f"http://127.0.0.1:{port}/dashboard/" in output


def answer(url):
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                return response.read()
        except OSError:
            time.sleep(0.2)  # it is not up yet
    raise TimeoutError(url)
