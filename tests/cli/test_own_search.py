"""``--search module:name``: run when it is named, and not when only a database names it."""

import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from latent_spaces_by_example.cli import main
from latent_spaces_by_example.study import open_study
from toys import Stretch

TOY = ["toys:stretch", "--objective", "toys:height", "--examples", "1,2,3"]
OURS = ["--generator", "toys:stretch", "--objective", "toys:height"]
SEARCH = """
import pathlib
from latent_spaces_by_example.search.coverage import RandomSearch
pathlib.Path("imported").write_text("yes")

class Mine(RandomSearch):
    pass

def make():
    return Mine()
"""


@pytest.fixture
def lsbe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(*arguments):
        return CliRunner().invoke(main, [str(a) for a in arguments])

    return run


def test_a_search_of_the_user_s_own(lsbe, tmp_path):
    (tmp_path / "search_for_cli.py").write_text(SEARCH)
    own = ["--search", "search_for_cli:make"]
    result = lsbe("optimise", *TOY, "--budget", 6, *own, "--out", "wing")
    assert result.exit_code == 0, result.output
    study = open_study("wing", generator=Stretch())
    assert study.settings.search == "search_for_cli:make"
    reference = lsbe("optimise", *TOY, "--budget", 8, "--search", "random", "--out", "reference")
    assert reference.exit_code == 0, reference.output

    (tmp_path / "imported").unlink()
    sys.modules.pop("search_for_cli")  # as in another process
    refused = lsbe("resume", "wing", "--budget", 8, *OURS)
    assert refused.exit_code != 0
    output = " ".join(refused.output.split())
    assert output.endswith("--search search_for_cli:make")
    assert not (tmp_path / "imported").exists()

    result = lsbe("resume", "wing", "--budget", 8, *OURS, *own)
    assert result.exit_code == 0, result.output
    expected = open_study("reference", generator=Stretch()).weights
    np.testing.assert_array_equal(open_study("wing", generator=Stretch()).weights, expected)


def test_a_sampler_of_optuna_by_its_place(lsbe):
    sampler = ["--search", "optuna.samplers:TPESampler"]
    result = lsbe("optimise", *TOY, "--budget", 5, *sampler, "--out", "wing")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("no_such_module:make", "there is no module 'no_such_module'"),
        ("toys:height", "cannot be called without arguments"),
        ("toys:stretch", "has no propose(history, n, rng)"),
    ],
)
def test_what_is_not_there(lsbe, tmp_path, place, message):
    result = lsbe("optimise", *TOY, "--budget", 5, "--search", place, "--out", "wing")
    assert result.exit_code != 0
    assert message in " ".join(result.output.split())
    assert not (tmp_path / "wing").exists()
