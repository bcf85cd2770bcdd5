import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.zoo.digits.digit_margin import DigitMargin, count_holes, ink_slant

sklearn_datasets = pytest.importorskip("sklearn.datasets")

IMAGES = arrays(np.float64, (8, 8), elements=st.integers(0, 16).map(float))


def scans() -> tuple[np.ndarray, np.ndarray]:
    levels, classes = sklearn_datasets.load_digits(return_X_y=True)
    return levels.reshape(-1, 8, 8), classes


@pytest.mark.parametrize("digit", range(10))
def test_real_digits_of_the_class_score_above_all_others(digit):
    images, classes = (each[::8] for each in scans())
    scores = np.array([f["score"] for f in DigitMargin(digit=digit)(images)])
    assert scores[classes == digit].min() > scores[classes != digit].max()


def test_noise_earns_nothing():
    noise = np.random.default_rng(0).integers(0, 17, size=(100, 8, 8))
    for digit in (0, 8):
        assert max(f["score"] for f in DigitMargin(digit=digit)(noise)) < 1.0


def test_a_wanted_slant_costs_quadratically():
    image = scans()[0][3]
    (plain,) = DigitMargin(digit=3)([image])
    (leaning,) = DigitMargin(digit=3, slant=plain["slant"] + 5.0, tolerance=10.0)([image])
    assert leaning["margin"] == plain["margin"] == plain["score"]
    assert leaning["score"] == pytest.approx(plain["score"] - 0.25)


def test_same_scores_in_any_company():
    images = scans()[0][:20]
    objective = DigitMargin(digit=7)
    together = [f["score"] for f in objective(images)]
    assert [objective([image])[0]["score"] for image in images] == pytest.approx(together, rel=1e-9)
    assert objective([]) == []


@settings(max_examples=15, deadline=None)
@given(image=IMAGES)
def test_slant_changes_sign_in_a_mirror(image):
    assert ink_slant(image[:, ::-1]) == pytest.approx(-ink_slant(image), abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(slope=st.integers(-2, 2))
def test_slant_of_a_line_is_its_angle(slope):
    line = np.zeros((9, 40))
    line[np.arange(9), 20 - slope * np.arange(9)] = 1.0
    assert ink_slant(line) == pytest.approx(np.degrees(np.arctan(slope)))


@pytest.mark.parametrize(
    ("picture", "holes"),
    [
        (["...", "...", "..."], 0),
        (["###", "#.#", "###"], 1),
        (["###", "#.#", "##."], 1),  # ink hangs together across a corner
        (["###", "#..", "###"], 0),
        (["####", "#.##", "####", "##.#", "####"], 2),
    ],
)
def test_holes(picture, holes):
    ink = np.array([[16.0 if c == "#" else 0.0 for c in row] for row in picture])
    assert count_holes(ink) == holes


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((8, 9)), "shape"),
        (np.full((8, 8), 16.5), "outside 0"),
        (np.full((8, 8), np.nan), "outside 0"),
        ("three", "shape"),
    ],
)
def test_outputs_that_are_no_digits(image, words):
    with pytest.raises(ArgumentError, match=words):
        DigitMargin()([image])
