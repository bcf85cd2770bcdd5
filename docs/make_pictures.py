"""Draw the pictures of the pages: python docs/make_pictures.py [NAME ...]"""

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks" / "space"))

from _drawing import airfoils, gallery, page, spaces, studies
from _drawing.style import RC

OUT = Path(__file__).parent / "pictures"
VECTORS: tuple[Callable[[], Figure], ...] = (
    airfoils.better,
    airfoils.better_narrow,
    airfoils.airfoils,
    airfoils.polar,
    spaces.charts,
    spaces.norms,
    spaces.space_norms,
    studies.searches,
    studies.proposal,
)
RASTERS: tuple[Callable[[], Figure], ...] = (spaces.space_digits,)


def main(names: list[str]) -> None:
    """Draw the pictures named, or all of them."""
    OUT.mkdir(exist_ok=True)
    for suffix, functions in ((".svg", VECTORS), (".png", RASTERS)):
        for function in functions:
            name = function.__name__.replace("_", "-")
            if names and name not in names:
                continue
            with matplotlib.rc_context(RC):
                metadata = {"Date": None} if suffix == ".svg" else None
                function().savefig(OUT / f"{name}{suffix}", dpi=192, metadata=metadata)
            print(OUT / f"{name}{suffix}")
    if not names or "gallery" in names:
        with matplotlib.rc_context(RC):
            gallery.draw(Path(__file__).parent, OUT)
    if not names or "explore" in names:
        page.draw(OUT)


if __name__ == "__main__":
    main(sys.argv[1:])
