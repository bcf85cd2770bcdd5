import numpy as np
import pytest
from PIL import Image

from latent_spaces_by_example.generators.default_pictures import picture_of, save_output

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)
COLOUR = np.arange(105, dtype=np.uint8).reshape(5, 7, 3)


@pytest.mark.parametrize(
    ("output", "pixels"),
    [
        (GREY, GREY),
        (GREY[..., None], GREY),
        (COLOUR, COLOUR),
        (np.moveaxis(COLOUR, 2, 0), COLOUR),
        (COLOUR / 255.0, COLOUR),
        ((COLOUR.astype(np.uint16) * 256), COLOUR),
        (np.eye(3, dtype=bool), np.eye(3) * 255),
        (np.array([[-2.0, 0.0], [np.nan, 2.0]]), [[0, 128], [0, 255]]),
        (np.array([[-1.7e308, 1.7e308]]), [[0, 255]]),
        ([[0.0, 1.0], [1.0, 0.0]], [[0, 255], [255, 0]]),
        (np.full((2, 2), 7.0), np.full((2, 2), 128)),
    ],
)
def test_arrays_are_pictures(output, pixels):
    np.testing.assert_array_equal(np.asarray(picture_of(output)), pixels)


@pytest.mark.parametrize(
    "values", [np.sin(np.arange(50.0)), [1.0], np.array([0.0, np.inf, 1.0, 2.0])]
)
def test_rows_of_numbers_are_lines(values):
    picture = picture_of(values)
    assert picture.size == (800, 320)
    assert np.asarray(picture).min() < 128


@pytest.mark.parametrize(
    "output",
    [
        "MKV",
        3.0,
        None,
        {"a": 1},
        np.array(["a"]),
        np.zeros((2, 0)),
        np.full((2, 2), np.nan),
        np.full(3, np.nan),
        np.zeros((2, 2, 2)),
        np.zeros((2,) * 4),
        [[1], [1, 2]],
        np.eye(2) * 1j,
    ],
)
def test_what_has_no_usual_picture_is_not_drawn(output):
    assert picture_of(output) is None


def test_images_are_themselves_and_large_arrays_are_thinned_out():
    image = Image.new("RGB", (2, 2))
    assert picture_of(image) is image
    assert picture_of(np.zeros((3000, 10))).size == (10, 1000)


def test_tensors_of_any_kind():
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([[0.0, 1.0]], dtype=torch.bfloat16, requires_grad=True)
    np.testing.assert_array_equal(np.asarray(picture_of(tensor)), [[0, 255]])


def test_arrays_are_saved_as_arrays_and_images_as_images(tmp_path):
    path = save_output(GREY, tmp_path / "best.of")
    assert path == tmp_path / "best.of.npy"
    np.testing.assert_array_equal(np.load(path), GREY)
    path = save_output(Image.fromarray(COLOUR), tmp_path / "best")
    np.testing.assert_array_equal(np.asarray(Image.open(path)), COLOUR)
    assert save_output({"a": 1}, tmp_path / "none") is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best.of.npy", "best.png"]
