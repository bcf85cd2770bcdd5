"""``lsbe ask`` and ``lsbe tell``."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from latent_spaces_by_example.cli import main
from latent_spaces_by_example.study import open_study

TABLE = Path("wing/asked/asked.csv")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study of which three outputs were asked for, and what the command printed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("asking"))
        new = ["microstructure:size=16", "--seeds", "3", "--search", "random", "--out", "wing"]
        created = CliRunner().invoke(main, ["create", *new, "--direction", "minimise"])
        assert "lsbe ask wing --num 8" in created.output
        asked = CliRunner().invoke(main, ["ask", "wing", "--num", "3"])
        return Path.cwd() / "wing", asked.output


@pytest.fixture
def wing(lsbe, made):
    folder, output = made
    shutil.copytree(folder, "wing")
    return output


def fill(path, *values):
    """Write a score, or an error, into each row."""
    header, *lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert header == "study,trial,file,score,error"
    cells = [f"{v}," if isinstance(v, float) else f",{v}" for v in values]
    filled = [line.removesuffix(",") + c for line, c in zip(lines, cells, strict=True)]
    path.write_text("\n".join([header, *filled]))


def test_outputs_as_files_and_a_table(lsbe, wing):
    assert "lsbe tell wing wing/asked/asked.csv" in wing
    for line in TABLE.read_text(encoding="utf-8-sig").splitlines()[1:]:
        assert (TABLE.parent / line.split(",")[2]).stat().st_size > 0
    assert len(list(TABLE.parent.glob("*.png"))) == 3
    assert "3 trials wait for their results" in lsbe("status", "wing")
    # a table that may be filled in is never written over
    assert "asked-2.csv" in lsbe("ask", "wing")
    assert lsbe("ask", "wing", "--to", "wing/study.db", code=2).endswith(
        "give a folder for the outputs"
    )


def test_a_filled_table_is_told_once(lsbe, wing):
    fill(TABLE, 0.5, "would not set", "")
    output = lsbe("tell", "wing", TABLE)
    assert "stored: 2 (1 of them failures) (trials 0, 1)" in output
    assert "left empty: 1 (trials 2)" in output
    again = lsbe("tell", "wing", TABLE)
    assert "told already, with the same values: 2 (trials 0, 1)" in again
    study = open_study("wing")
    assert [trial.score for trial in study.trials] == [0.5, None, None]
    assert study.trials[1].error == "would not set"
    assert "0.5" in lsbe("top", "wing")
    assert Path("wing/history.csv").read_text().count("would not set") == 1


def test_another_result_needs_replace(lsbe, wing):
    fill(TABLE, 0.5, 0.7, 0.6)
    lsbe("tell", "wing", TABLE)
    TABLE.write_text(TABLE.read_text().replace("0.7", "0.4"))
    refused = lsbe("tell", "wing", TABLE, code=2)
    assert "other results for trials 1" in refused
    assert refused.endswith("lsbe tell wing wing/asked/asked.csv --replace")
    assert open_study("wing").best_score == 0.5
    lsbe("tell", "wing", TABLE, "--replace")
    trial = open_study("wing").best_trial
    assert (trial.number, trial.score) == (1, 0.4)
    assert len(trial.replaced) == 1


def test_tables_that_are_refused(lsbe, wing):
    lsbe("create", "microstructure:size=16", "--seeds", 3, "--out", "other")
    fill(TABLE, 0.5, 0.7, 0.6)
    assert "another study" in lsbe("tell", "other", TABLE, code=1)
    TABLE.write_text(TABLE.read_text().replace(",2,", ",12,"))
    assert "trial 12 is not there" in lsbe("tell", "wing", TABLE, code=2)
    assert open_study("wing").finished_trials == []
