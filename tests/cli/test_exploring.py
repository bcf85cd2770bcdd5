"""``lsbe explore`` and ``lsbe make`` where they refuse; a browser test has the rest."""

import pytest
from click.testing import CliRunner

from latent_spaces_by_example.cli import main


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["make", "nothing.json"], "there is no such file"),
        (["make", "broken.json"], "are damaged"),
        (["make", "empty.json"], "are damaged"),
        (["explore", "microstructure:size=16", "--examples", "a"], "example"),
        (["explore", "airfoils"], "airfoil"),
        (["explore", "airfoil", "--port", "70000"], "70000"),
    ],
)
def test_what_cannot_be_meant_is_refused(words, problem, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "empty.json").write_text("{}")
    result = CliRunner().invoke(main, [*words, *(["--no-browser"] if words[0] != "make" else [])])
    assert result.exit_code
    assert problem in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "runs").exists()
