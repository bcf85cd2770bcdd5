import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.report import outputs
from latent_spaces_by_example.report.outputs import Picture, draw_outputs
from toys import Stretch, height


class Drawn(Stretch):
    def __init__(self, image=None):
        self.made = 0
        self.image = image or Image.new("RGB", (32, 32), "red")

    def generate(self, z):
        self.made += len(z)
        return super().generate(z)

    def render(self, output):
        return self.image


def _study(generator, **options):
    return lsbe.optimise(generator, height, budget=8, search="random", num_seeds=3, **options)


def _decoded(markup):
    kind, data = re.search(r"data:image/(\w+);base64,([^\"]+)", markup).groups()
    return kind, Image.open(io.BytesIO(base64.b64decode(data)))


def test_makes_no_more_than_it_may():
    study = _study(Drawn())
    study.generator.made = 0
    drawn = draw_outputs(study, study.trials, most=3, seconds=60)
    assert study.generator.made == 3
    assert sorted(drawn.pictures) == [0, 1, 2]
    assert "3 outputs were made again for this page, 5 more were not" in drawn.missing


def test_begins_no_more_when_its_time_is_over(monkeypatch):
    study = _study(Drawn())
    clock = iter(range(0, 1000, 40))
    monkeypatch.setattr(outputs.time, "monotonic", lambda: float(next(clock)))
    drawn = draw_outputs(study, study.trials, most=8, seconds=60)
    assert sorted(drawn.pictures) == [0, 1]


def test_makes_the_first_however_long_it_takes(monkeypatch):
    study = _study(Drawn())
    clock = iter(range(0, 10**6, 10**4))
    monkeypatch.setattr(outputs.time, "monotonic", lambda: float(next(clock)))
    assert sorted(draw_outputs(study, study.trials, most=8, seconds=1).pictures) == [0]


def test_one_that_fails_is_said_and_the_others_are_drawn():
    class Sometimes(Drawn):
        def render(self, output):
            if self.made % 2:
                raise ValueError("too dark")
            return super().render(output)

    study = _study(Sometimes())
    study.generator.made = 0
    drawn = draw_outputs(study, study.trials, most=8, seconds=60)
    assert sorted(drawn.pictures) == [1, 3, 5, 7]
    assert "Could not be drawn: trial 0 (" in drawn.missing
    assert "ValueError: too dark" in drawn.missing


def test_a_generator_that_does_not_draw_makes_nothing():
    study = _study(Stretch())
    drawn = draw_outputs(study, study.trials, most=8, seconds=60)
    assert drawn.pictures == {}
    assert drawn.missing == ""


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "I;16"])
def test_pictures_of_every_kind(mode):
    image = Image.new("RGB", (8, 8), "white").convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.fromarray(np.full((8, 8), 60000, dtype=np.uint16))
    _, shown = _decoded(Picture.of(image).html(alt="a", side=100))
    assert np.asarray(shown.convert("RGB")).min() == 255


def test_what_is_transparent_is_on_white():
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    _, shown = _decoded(Picture.of(image).html(alt="a", side=100))
    assert np.asarray(shown).min() == 255


def test_photographs_are_jpeg_and_drawings_png():
    rng = np.random.default_rng(0)
    noise = Picture.of(Image.fromarray(rng.integers(0, 256, (300, 300, 3), dtype=np.uint8)))
    assert _decoded(noise.html(alt="a", side=300))[0] == "jpeg"
    flat = Picture.of(Image.new("RGB", (300, 300), "red"))
    assert _decoded(flat.html(alt="a", side=300))[0] == "png"


def test_large_ones_are_made_smaller_and_small_ones_are_not_blurred():
    large = Picture.of(Image.new("RGB", (1000, 500), "red"))
    assert _decoded(large.html(alt="a", side=200))[1].size == (200, 100)
    assert large.wide
    small = Picture.of(Image.new("RGB", (8, 8), "red")).html(alt='"<b>', side=200)
    assert _decoded(small)[1].size == (8, 8)
    assert 'class="crisp"' in small
    assert 'alt="&quot;&lt;b&gt;"' in small
