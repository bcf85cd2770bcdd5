"""The page in a browser, on a phone and on a desktop, light and dark."""

import io

import numpy as np
import pytest
from PIL import Image

import latent_spaces_by_example as lsbe
from browser import Browser, executable
from latent_spaces_by_example.report import write_report
from toys import Stretch, height

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(executable() is None, reason="needs Chromium, which is not installed"),
]

# What is wider than the page, but for what scrolls inside it or is cut off on purpose.
OVERFLOWING = """
[...document.querySelectorAll("body *")]
  .filter(e => !e.parentElement.closest(".scroll, pre, .names, svg"))
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
            || e.getBoundingClientRect().left < -1)
  .map(e => e.tagName + "." + e.getAttribute("class"))
"""
# Tables that are wider than their box, and whether the arrow that says so can be seen.
SCROLLING = """
[...document.querySelectorAll(".scroll")].filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => Number(getComputedStyle(e.parentElement, "::after").opacity) > 0.5)
"""
FITTING = SCROLLING.replace("> e.clientWidth + 1", "<= e.clientWidth")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    def measured(outputs):
        names = ("a metric with quite a long name", "another", "a third")
        return [
            {
                "score": s,
                **dict.fromkeys(names, s * 1e-05),
                "constraints": {"mass of the whole thing": 0.2 - s},
            }
            for s in height(outputs)
        ]

    examples = [str(n) for n in (6, 17, 18)]
    study = lsbe.optimise(
        Stretch(), measured, budget=24, search="random", examples=examples, name="W" * 60
    )
    return write_report(study, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="module")
def browser():
    with Browser() as running:
        yield running


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_overflows_and_tables_show_that_they_scroll(page, browser, width, scheme):
    browser.open(page, width=width, scheme=scheme)
    assert browser.evaluate(OVERFLOWING) == []
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    scrolling = browser.evaluate(SCROLLING)
    assert all(scrolling)
    assert scrolling or width > 390
    assert not any(browser.evaluate(FITTING))
    pixels = np.asarray(Image.open(io.BytesIO(browser.screenshot())).convert("L"))
    assert pixels.shape[1] <= width
    assert (np.median(pixels) > 200) == (scheme == "light")
    assert pixels.std() > 10
