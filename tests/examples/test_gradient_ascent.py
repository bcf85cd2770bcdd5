import runpy
from pathlib import Path

import pytest

pytest.importorskip("torch")

EXAMPLE = Path(__file__).parents[2] / "examples" / "gradient_ascent.py"


def test_it_runs_and_climbs_to_the_best_there_is(capsys):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    start, end, *_ = capsys.readouterr().out.splitlines()
    assert float(start.split()[-1]) < -0.01
    # the best score is 0, and the hidden point has it
    assert float(end.split()[-1]) == pytest.approx(0.0, abs=1e-4)
