"""``--search module:name``: run when it is named, and not when only a database names it."""

import sys

import numpy as np
import pytest

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


def test_a_search_of_the_user_s_own(lsbe, tmp_path):
    (tmp_path / "search_for_cli.py").write_text(SEARCH)
    own = ["--search", "search_for_cli:make"]
    lsbe("optimise", *TOY, "--budget", 4, *own, "--out", "wing")
    assert open_study("wing").settings.search == "search_for_cli:make"
    lsbe("optimise", *TOY, "--budget", 6, "--search", "random", "--out", "reference")

    (tmp_path / "imported").unlink()
    sys.modules.pop("search_for_cli")  # as in another process
    refused = lsbe("resume", "wing", "--budget", 6, *OURS, code=2)
    assert refused.endswith("--search search_for_cli:make")
    assert not (tmp_path / "imported").exists()

    lsbe("resume", "wing", "--budget", 6, *OURS, *own)
    expected = open_study("reference", generator=Stretch()).weights
    np.testing.assert_array_equal(open_study("wing", generator=Stretch()).weights, expected)


def test_a_sampler_of_optuna_by_its_place(lsbe):
    lsbe("optimise", *TOY, "--budget", 5, "--search", "optuna.samplers:TPESampler", "--out", "wing")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("no_such_module:make", "there is no module 'no_such_module'"),
        ("toys:height", "needs the parameter 'outputs'"),
        ("toys:stretch", "has no propose(history, n, rng)"),
    ],
)
def test_what_is_not_there(lsbe, tmp_path, place, message):
    output = lsbe("optimise", *TOY, "--budget", 5, "--search", place, "--out", "wing", code=1)
    assert message in output
    assert not (tmp_path / "wing").exists()
