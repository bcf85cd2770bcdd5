"""The code blocks of docs/plugging_in.md run, as far as their packages are installed."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

import latent_spaces_by_example as lsbe

PAGE = Path(__file__).parents[2] / "docs" / "plugging_in.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize(
    ("package", "num_trials"), [("optuna", 25), ("cma", 32), ("nevergrad", 20), ("ribs", 24)]
)
def test_the_block_of_a_package(package, num_trials):
    [block] = [block for block in BLOCKS if re.search(rf"^(import|from) {package}\b", block, re.M)]
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    if "create_study" in block and not hasattr(lsbe, "create_study"):
        pytest.skip("this version has no loop in the user's hands")
    names = {"__name__": "docs"}
    for code in (BLOCKS[0], block):
        exec(compile(code, str(PAGE), "exec"), names)
    assert len(names["study"].trials) == num_trials
    assert names["study"].best_score > -10


def test_the_search_of_ones_own_meets_the_contract():
    names = {"__name__": "docs"}
    for code in (BLOCKS[0], BLOCKS[-1]):
        exec(compile(code, str(PAGE), "exec"), names)
    contract = names["TestUniform"]()
    contract.test_shape_and_norm()
    contract.test_same_history_same_proposal()
    contract.test_cut_and_resumed()
