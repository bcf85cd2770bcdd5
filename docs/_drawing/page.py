"""The page to explore, as a browser shows it after a few answers."""

import sys
from pathlib import Path

import numpy as np

import latent_spaces_by_example as lsbe

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))


def draw(out: Path) -> None:
    """Write ``explore.png`` and ``explore-dark.png``."""
    from browser import Browser

    study = lsbe.create_study(
        lsbe.generators.load("airfoil"), examples=["naca2412", "s1223", "rae2822", "e387"]
    )
    with study.explore(open_browser=False) as server, Browser() as browser:
        shown = "document.querySelectorAll('#gallery img').length === 9"
        for scheme, name in (("light", "explore"), ("dark", "explore-dark")):
            browser.open(server.address, width=1100, scheme=scheme)
            browser.until(shown, seconds=60)
            browser.until(
                "[...document.querySelectorAll('#gallery img')].every((i) => i.naturalWidth)"
            )
            if scheme == "light":
                for count in (1, 2):
                    camber = [_camber(study.output(t)) for t in study.trials[-8:]]
                    browser.press(str(2 + int(np.argmax(camber))))
                    browser.until(
                        f"document.getElementById('counts').textContent.includes('{count} answer')",
                        seconds=60,
                    )
                    browser.until("!document.getElementById('more').disabled", seconds=60)
                    browser.until(shown, seconds=60)
            (out / f"{name}.png").write_bytes(browser.screenshot())
            print(out / f"{name}.png")


def _camber(section: np.ndarray) -> float:
    """Return the largest height of a section's mean line."""
    upper, lower = section[:64][::-1, 1], section[63:, 1]
    return float((upper + lower).max() / 2)
