import base64
import io

import numpy as np
import pytest
from PIL import Image

from latent_spaces_by_example.report.output_pictures import Picture

RED = Image.new("RGB", (32, 32), "red")


def _decoded(source):
    kind, _, data = source.uri.removeprefix("data:image/").partition(";base64,")
    return kind, Image.open(io.BytesIO(base64.b64decode(data)))


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
