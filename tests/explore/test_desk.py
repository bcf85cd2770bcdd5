"""What a page hears of a study that others change."""

import time

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.explore import desk
from toys import Stretch


def test_a_change_before_the_first_look_is_announced(monkeypatch):
    monkeypatch.setattr(desk, "_GLANCE", 0.02)
    study, events = lsbe.create_study(Stretch(), random_seed=1), []
    shown = desk.Desk(study, announce=events.append)
    try:
        state = shown.run("state", {}).result()
        study.tell(study.ask(1)[0], 1.0)
        shown.want("page", [item["key"] for item in state["gallery"]])
        end = time.monotonic() + 10
        while {"changed": "elsewhere"} not in events and time.monotonic() < end:
            time.sleep(0.02)
    finally:
        shown.close()
    assert {"changed": "elsewhere"} in events
