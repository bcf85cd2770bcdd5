"""What docs/plugging_in.md shows runs, in its order, as far as the packages are there."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "plugging_in.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
NEEDS = {"GPSampler": "torch", "cma": "cma", "nevergrad": "nevergrad", "ribs": "ribs"}


def needs(block):
    return {package for word, package in NEEDS.items() if re.search(rf"\b\w*{word}\b", block)}


def run(blocks):
    names = {"__name__": "docs"}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    return names


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("package", ["torch", "cma", "nevergrad", "ribs"])
def test_the_blocks_of_a_package(package):
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    chosen = [block for block in BLOCKS if needs(block) <= {package}]
    assert any(needs(block) for block in chosen)
    assert len([b for b in chosen if "study.run" in b]) == 1
    if package == "torch":  # going on is shown with an AskTellSearch
        chosen = [block for block in chosen if "study.run" not in block]
    study = run(chosen)["study"]
    assert len(study.trials) == (25 if package == "torch" else 30)
    if package != "ribs":  # which looks for what differs, not for the best alone
        assert study.best_score > study.scores[:5].max()
