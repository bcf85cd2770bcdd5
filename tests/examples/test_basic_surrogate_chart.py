import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_it_runs_and_the_round_trip_is_exact_to_rounding(capsys):
    runpy.run_path(str(EXAMPLES / "basic_surrogate_chart.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert "(8, 4, 16, 16)  float32" in printed
    error = float(printed.split("round trip")[1])
    assert error == pytest.approx(0.0, abs=1e-5)
