"""Every way in which a picture is stored reads as the same numbers, or is refused."""

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image")

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.pictures import read_picture, to_pil

LEVELS = np.random.default_rng(0).integers(0, 256, (6, 4, 3), dtype=np.uint8)
GREY = LEVELS[..., 0]
WIDE = GREY.astype(np.uint16) * 257  # the same whites in 16 bits
COLOURS, GREYS = LEVELS / 255.0, GREY[..., None].repeat(3, axis=2) / 255.0
TURNED = 6  # of EXIF: the camera was held on its side


def rgba(alpha):
    return np.dstack([LEVELS, np.full(GREY.shape, alpha, dtype=np.uint8)])


def palette_with_a_transparent_colour():
    picture = Image.fromarray(GREY).convert("P")
    picture.info["transparency"] = int(GREY[0, 0])
    return picture


def on_white(alpha):
    return COLOURS * alpha / 255 + 1.0 - alpha / 255


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (LEVELS, COLOURS),
        (COLOURS, COLOURS),
        (COLOURS.astype(np.float16), COLOURS),
        (GREY, GREYS),
        (GREY[..., None], GREYS),
        (WIDE, GREYS),
        (GREY > 100, (GREYS > 100 / 255).astype(float)),
        (np.full((6, 4, 3), 1.000001), np.ones((6, 4, 3))),
        (rgba(255), COLOURS),
        (rgba(51), on_white(51)),
        (Image.fromarray(LEVELS), COLOURS),
        (Image.fromarray(GREY), GREYS),
        (Image.fromarray(WIDE), GREYS),
        (Image.fromarray((GREY / 255).astype(np.float32)), GREYS),
        (Image.fromarray(rgba(0)), np.ones((6, 4, 3))),
        (Image.fromarray(rgba(51)), on_white(51)),
        (Image.fromarray(LEVELS).convert("CMYK").convert("RGB"), COLOURS),
    ],
)
def test_the_same_picture_reads_alike(picture, expected):
    values = read_picture(picture)
    assert values.dtype == np.float32
    assert values.min() >= 0.0
    assert values.max() <= 1.0
    np.testing.assert_allclose(values, expected, atol=2e-3)


@pytest.mark.parametrize("save", ["png", "tiff", "npy", "turned", "grey 16"])
def test_files(save, tmp_path):
    path, expected = tmp_path / f"picture.{save}", COLOURS
    if save == "npy":
        np.save(path, LEVELS)
    elif save == "grey 16":
        path, expected = tmp_path / "wide.png", GREYS
        Image.fromarray(WIDE).save(path)
    elif save == "turned":
        path, exif = tmp_path / "turned.png", Image.Exif()
        exif[0x0112] = TURNED
        Image.fromarray(np.rot90(LEVELS)).save(path, exif=exif)
    else:
        Image.fromarray(LEVELS).save(path)
    np.testing.assert_allclose(read_picture(path), expected, atol=1e-6)
    np.testing.assert_array_equal(read_picture(str(path)), read_picture(path))


def test_a_transparent_palette_colour_shows_white():
    values = read_picture(palette_with_a_transparent_colour())
    np.testing.assert_array_equal(values[0, 0], 1.0)


def test_tensors_of_any_kind():
    torch = pytest.importorskip("torch")
    for tensor in (torch.from_numpy(LEVELS), torch.from_numpy(COLOURS).requires_grad_()):
        np.testing.assert_allclose(read_picture(tensor), COLOURS, atol=1e-6)
    coarse = read_picture(torch.from_numpy(COLOURS).bfloat16())
    np.testing.assert_allclose(coarse, COLOURS, atol=4e-3)


def test_grey_asked_for_weighs_colours_as_pil_does():
    expected = np.asarray(Image.fromarray(LEVELS).convert("L")) / 255.0
    np.testing.assert_allclose(read_picture(LEVELS, channels=1)[..., 0], expected, atol=4e-3)
    np.testing.assert_array_equal(read_picture(to_pil(read_picture(GREY)))[..., 0] * 255, GREY)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((3, 8, 8)), r"shape \(3, 8, 8\)"),
        (np.zeros((5, 8, 8, 3)), "a frame"),
        (np.zeros((0, 8, 3)), "shape"),
        (np.full((8, 8, 3), 2.0), "from 2 to 2.*0 to 1"),
        (np.full((8, 8), np.nan), "nan"),
        (np.zeros((8, 8, 3), dtype=int), "int64"),
        (Image.new("I", (4, 4), 70000), "32 bits"),
        (Image.new("F", (4, 4), 255.0), "from 255 to 255"),
        ("nowhere.png", "'nowhere.png': there is no such file"),
        ("a car", "no such file"),
        (None, "NoneType"),
    ],
)
def test_what_has_no_one_meaning_is_refused(picture, words):
    with pytest.raises(ArgumentError, match=words):
        read_picture(picture, name=f"the picture {picture!r:.20}")


def test_a_file_that_is_no_picture_is_named(tmp_path):
    for name in ("notes.png", "notes.npy"):
        (tmp_path / name).write_text("not a picture")
        with pytest.raises(ArgumentError, match=rf"{name} cannot be read as an image"):
            read_picture(tmp_path / name, name=name)
