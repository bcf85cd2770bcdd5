import doctest
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_on_transport_maps_says_what_happens():
    page = ROOT / "docs" / "transport_maps.md"
    found = doctest.testfile(
        str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert found.attempted > 15
    assert found.failed == 0


def test_the_example_finds_a_chain_that_is_more_compact(capsys):
    runpy.run_path(str(ROOT / "examples" / "translations_and_rotations.py"), run_name="__main__")
    seeds, best, orthogonal, back = capsys.readouterr().out.splitlines()
    assert float(best.split()[-1]) < float(seeds.split()[-3])
    assert float(orthogonal.split()[-1]) < 1e-14
    assert float(back.split()[-1]) < 1e-12
