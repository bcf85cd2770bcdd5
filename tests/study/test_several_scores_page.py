"""The page on several scores does what it says, on the airfoil that it is about."""

from pathlib import Path

import pytest

import latent_spaces_by_example as lsbe

PAGE = Path(__file__).parents[2] / "docs" / "several_scores.md"


def test_lift_and_drag_of_the_page():
    pytest.importorskip("neuralfoil")
    code = PAGE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    names = {}
    exec(code, names)
    study = lsbe.optimise(lsbe.generators.load("airfoil"), names["lift_and_drag"], budget=24)
    assert study.settings.score_names == ("lift", "drag")
    front = study.front()
    # along a front one score rises as the other falls
    drag = [trial.scores["drag"] for trial in front]
    assert drag == sorted(drag)
    assert all(trial.constraints["thickness"] <= 0 for trial in front)
    assert len(front) >= 2
