"""Which outputs a page makes again, and what it says of the others."""

from types import SimpleNamespace

import pytest
from PIL import Image

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.report import drawing
from latent_spaces_by_example.report.drawing import with_pictures
from latent_spaces_by_example.report.snapshot import read_study
from toys import Stretch, height

RED = Image.new("RGB", (32, 32), "red")


class Model(Stretch):
    def __init__(self):
        self.num_drawn, self.kind = 0, "red"

    def render(self, output):
        self.num_drawn += 1
        if self.kind == "dark" and self.num_drawn % 2:
            raise ValueError("too dark")
        return None if self.kind == "none" else RED


def _study(**options):
    return lsbe.optimise(Model(), height, budget=12, search="random", num_seeds=3, **options)


def _drawn(study, *, kind="red", most=24, seconds=60.0):
    study.generator.num_drawn, study.generator.kind = 0, kind
    return with_pictures(read_study(study), most=most, seconds=seconds)


def test_makes_no_more_than_it_may():
    snapshot = _drawn(_study(), most=3)
    assert list(snapshot.pictures) == [trial.number for trial in snapshot.wanted[:3]]
    left = len(snapshot.wanted) - 3
    assert f"3 outputs were made again for this page, {left} more were not" in snapshot.missing


@pytest.mark.parametrize(("step", "seconds", "made"), [(40, 60, 2), (10**4, 1, 1)])
def test_begins_no_more_when_its_time_is_over(monkeypatch, step, seconds, made):
    study, clock = _study(), iter(range(0, 10**6, step))
    monkeypatch.setattr(drawing, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    assert len(_drawn(study, seconds=seconds).pictures) == made


def test_what_was_kept_is_not_made_again(tmp_path):
    study = _study(out=tmp_path / "run")
    snapshot = _drawn(study)
    assert len(snapshot.pictures) == len(snapshot.wanted)
    assert study.generator.num_drawn == 0
    study.artifacts.picture(snapshot.wanted[1].number).unlink()
    assert len(_drawn(study).pictures) == len(snapshot.wanted)
    assert study.generator.num_drawn == 1


def test_one_that_fails_is_named_and_the_others_are_drawn():
    snapshot = _drawn(_study(), kind="dark")
    first, second = (trial.number for trial in snapshot.wanted[:2])
    assert second in snapshot.pictures
    assert f"Could not be drawn: trial {first} (ValueError: too dark)" in snapshot.missing


def test_outputs_that_cannot_be_drawn_need_no_word():
    snapshot = _drawn(_study(), kind="none", most=3)
    assert snapshot.pictures == {}
    assert snapshot.missing == ""
