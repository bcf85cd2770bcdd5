import runpy
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "translations_and_rotations.py"


def test_it_finds_a_chain_that_is_more_compact(capsys):
    runpy.run_path(str(SCRIPT), run_name="__main__")
    seeds, best, orthogonal, back = capsys.readouterr().out.splitlines()
    assert float(best.split()[-1]) < float(seeds.split()[-3])
    assert float(orthogonal.split()[-1]) < 1e-14
    assert float(back.split()[-1]) < 1e-12
