import base64
import io

import numpy as np
import pytest
from PIL import Image

from latent_spaces_by_example.report import output_pictures
from latent_spaces_by_example.report.output_pictures import Picture, draw_outputs

RED = Image.new("RGB", (32, 32), "red")


def _draw(
    numbers=range(8), *, make=lambda n: n, render=lambda x: RED, kept=lambda n: None, **limits
):
    limits = {"most": 8, "seconds": 60.0} | limits
    return draw_outputs(list(numbers), kept=kept, make=make, render=render, **limits)


def _decoded(source):
    kind, _, data = source.uri.removeprefix("data:image/").partition(";base64,")
    return kind, Image.open(io.BytesIO(base64.b64decode(data)))


def test_makes_no_more_than_it_may():
    drawn = _draw(most=3)
    assert list(drawn.outputs) == list(drawn.pictures) == [0, 1, 2]
    assert "3 outputs were made again for this page, 5 more were not" in drawn.missing


@pytest.mark.parametrize(("step", "seconds", "made"), [(40, 60, [0, 1]), (10**4, 1, [0])])
def test_begins_no_more_when_its_time_is_over(monkeypatch, step, seconds, made):
    clock = iter(range(0, 10**6, step))
    monkeypatch.setattr(output_pictures.time, "monotonic", lambda: float(next(clock)))
    assert list(_draw(seconds=seconds).pictures) == made


def test_what_was_kept_is_not_made_again():
    drawn = _draw(kept=lambda n: RED if n % 2 else None, most=2)
    assert sorted(drawn.pictures) == [0, 1, 2, 3, 5, 7]
    assert list(drawn.outputs) == [0, 2]
    without_generator = _draw(kept=lambda n: RED if n % 2 else None, make=None)
    assert sorted(without_generator.pictures) == [1, 3, 5, 7]
    assert without_generator.missing == ""


def test_one_that_fails_is_named_and_the_others_are_drawn():
    def render(number):
        if number % 2 == 0:
            raise ValueError("too dark")
        return RED

    drawn = _draw(render=render)
    assert list(drawn.pictures) == [1, 3, 5, 7]
    assert "Could not be drawn: trial 0 (ValueError: too dark)" in drawn.missing


def test_outputs_that_cannot_be_drawn_need_no_word():
    drawn = _draw(render=lambda x: None, most=3)
    assert drawn.pictures == {}
    assert drawn.missing == ""


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA"])
def test_pictures_of_every_kind(mode):
    image = Image.new("RGB", (8, 8), "white").convert(mode)
    _, decoded = _decoded(Picture.of(image).source(100))
    assert np.asarray(decoded.convert("RGB")).min() == 255


def test_what_is_transparent_is_on_white_and_16_bits_keep_their_brightness():
    assert np.asarray(Picture.of(Image.new("RGBA", (8, 8), (0, 0, 0, 0))).image).min() == 255
    grey = Image.fromarray(np.full((8, 8), 128 * 256, dtype=np.uint16))
    assert np.asarray(Picture.of(grey).image).max() == 128


def test_photographs_are_jpeg_and_drawings_png():
    rng = np.random.default_rng(0)
    noise = Picture.of(Image.fromarray(rng.integers(0, 256, (300, 300, 3), dtype=np.uint8)))
    assert _decoded(noise.source(300))[0] == "jpeg"
    assert _decoded(Picture.of(RED).source(300))[0] == "png"


def test_large_ones_are_made_smaller_and_small_ones_are_not_blurred():
    large = Picture.of(Image.new("RGB", (1000, 500), "red"))
    assert _decoded(large.source(200))[1].size == (200, 100)
    assert large.wide
    assert not large.source(1000).crisp
    small = Picture.of(RED).source(200)
    assert _decoded(small)[1].size == (small.width, small.height) == (32, 32)
    assert small.crisp
