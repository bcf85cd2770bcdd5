"""The page on constraints does what it says, on the airfoil that it is about."""

from pathlib import Path

import pytest

import latent_spaces_by_example as lsbe

PAGE = Path(__file__).parents[2] / "docs" / "constraints.md"


def test_the_wing_of_the_page():
    pytest.importorskip("neuralfoil")
    code = PAGE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    names = {}
    exec(code, names)
    study = lsbe.optimise(lsbe.generators.load("airfoil"), names["wing"], budget=24)
    for trial in study.finished_trials:
        metrics, constraints = trial.metrics, trial.constraints
        assert constraints["thickness"] == pytest.approx(0.15 - metrics["thickness"])
        assert constraints["moment"] == pytest.approx(-0.06 - metrics["cm"])
    # one prior draw in thirty is feasible; the search finds the way there
    assert study.feasible
    assert study.best_trial.metrics["thickness"] >= 0.15
    assert study.best_trial.metrics["cm"] >= -0.06
