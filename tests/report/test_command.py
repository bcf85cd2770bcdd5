from pathlib import Path

import pytest
from click.testing import CliRunner

from latent_spaces_by_example.cli import main

TESTS = Path(__file__).parents[1]
MATERIAL = ["microstructure:size=16", "--objective", "effective-conductivity"]


@pytest.fixture
def lsbe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(TESTS))

    def run(*arguments, code=0):
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        assert result.exit_code == code, result.output
        return result.output

    return run


def _page(folder):
    return Path(folder, "report.html").read_text(encoding="utf-8")


def test_pictures_are_bounded_and_kept_ones_are_shown(lsbe):
    options = ["--seeds", 3, "--search", "random", "--budget", 8]
    assert "report: " in lsbe("optimise", *MATERIAL, *options, "--out", "run")
    lsbe("report", "run", "--pictures", 0)
    assert "data:image" in _page("run")
    lsbe("optimise", *MATERIAL, *options, "--artifacts", "none", "--out", "bare")
    lsbe("report", "bare", "--pictures", 2)
    assert "2 outputs were made again for this page" in _page("bare")
    lsbe("report", "bare", "--pictures", 0)
    assert "data:image" not in _page("bare")


def test_a_study_without_a_score_has_a_report(lsbe, tmp_path):
    (tmp_path / "unscored.py").write_text(
        "def score(outputs):\n    raise ValueError('<no licence>')\n"
    )
    options = ["--objective", "unscored:score", "--seeds", 3, "--search", "random", "--budget", 3]
    assert "report: " in lsbe("optimise", "toys:stretch", *options, "--out", "run", code=1)
    assert "&lt;no licence&gt;" in _page("run")
