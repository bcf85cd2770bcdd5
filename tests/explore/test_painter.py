"""The order in which outputs are made."""

import threading

import numpy as np
import pytest

from latent_spaces_by_example.explore import painter
from latent_spaces_by_example.explore.painter import Item, Painter
from latent_spaces_by_example.explore.shown import Shown


@pytest.mark.parametrize(
    ("slow", "sketches", "order"),
    [
        (-1.0, True, ["a~", "b~", "a", "b"]),
        (60.0, True, ["a~", "a", "b"]),
        (-1.0, False, ["a~", "a", "b"]),  # asked once, there is none
    ],
)
def test_slow_outputs_are_sketched_first(monkeypatch, slow, sketches, order):
    monkeypatch.setattr(painter, "_SLOW", slow)
    made, done = [], threading.Event()

    def make(item, *, rough):
        made.append(item.key + "~" * rough)
        return Shown(words=item.key, is_rough=rough) if sketches or not rough else None

    def on_made(item, error):
        if made[-1] == "b":
            done.set()

    worker = Painter(make, on_made=on_made, can_sketch=True)
    worker.want("page", [Item(key, np.ones(1)) for key in "ab"])
    assert done.wait(10)
    assert made == order
    assert not worker.shown("a").is_rough
    worker.close()
