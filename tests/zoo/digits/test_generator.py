import numpy as np
import pytest
from PIL import Image
from scipy.stats import chi2

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError
from latent_spaces_by_example.generators import load
from latent_spaces_by_example.generators.base import Generator
from latent_spaces_by_example.testing.generator_contract import GeneratorContract
from latent_spaces_by_example.zoo.digits import DigitsGenerator, scans

pytest.importorskip("onnxruntime")
pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def generator() -> DigitsGenerator:
    return load("digits")


class TestContract(GeneratorContract):
    inverse_tolerance = 0.0

    def make_generator(self):
        return load("digits")


def draw(n: int, *, random_seed: int = 0) -> np.ndarray:
    return np.random.default_rng(random_seed).standard_normal((n, 8, 8))


def test_outputs_are_whole_levels(generator):
    assert isinstance(generator, Generator)
    outputs = generator.generate(draw(50))
    assert outputs.shape == (50, 8, 8)
    assert outputs.dtype == np.float64
    assert np.isin(outputs, np.arange(17)).all()


def test_prior_samples_are_recognised_as_digits(generator):
    """By the nearest real digit's class: neighbours of samples agree with one another."""
    images, classes = scans.load_scans()
    samples = generator.generate(draw(200)).reshape(200, -1)
    squared = ((samples[:, None] - images.reshape(1, -1, 64)) ** 2).sum(axis=2)
    three = classes[np.argsort(squared, axis=1)[:, :3]]
    agree = (three == three[:, :1]).all(axis=1)
    assert agree.mean() > 0.6
    assert len(np.unique(three[agree, 0])) == 10


def test_real_digits_come_back_exactly(generator):
    images = scans.load_scans()[0][:25]
    assert np.array_equal(generator.generate(generator.invert(images)), images)


def test_latents_of_real_digits_are_ones_the_model_would_draw(generator):
    z = generator.invert(scans.load_scans()[0][::40]).reshape(-1, 64)
    squared = (z**2).sum(axis=1)
    inside = (squared > chi2.ppf(0.005, 64)) & (squared < chi2.ppf(0.995, 64))
    assert inside.mean() > 0.85


def test_examples_are_scans_of_their_class(generator):
    images, classes = scans.load_scans()
    assert np.array_equal(generator.example("0:0"), images[classes == 0][0])
    assert np.array_equal(generator.example(" 3 : 17 "), images[classes == 3][17])
    example = generator.example("3:17")
    example[:] = 0.0  # a copy, or the next one would be blank
    assert generator.example("3:17").any()


@pytest.mark.parametrize("name", ["3", "3:", "12:1", "three:1", "3:-1", "3:1.5", "", "3:183"])
def test_names_of_no_example(generator, name):
    beyond = name == "3:183"
    with pytest.raises(ArgumentError, match="0 to 182" if beyond else "class:index"):
        generator.example(name)


def test_without_scikit_learn_the_command_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    scans.load_scans.cache_clear()
    with pytest.raises(MissingPackageError, match=r"latent-spaces-by-example\[digits\]"):
        scans.load_scans()


@pytest.mark.parametrize(
    "image",
    [np.zeros((8, 9)), np.full((8, 8), 0.5), np.full((8, 8), 17), np.full((8, 8), np.nan), "3"],
)
def test_outputs_that_are_no_digits(generator, tmp_path, image):
    for use in (lambda x: generator.invert([x]), generator.render):
        with pytest.raises(ArgumentError, match=r"an output (has|cannot be read)"):
            use(image)


def test_pictures(generator, tmp_path):
    digit = generator.example("7:5")
    assert generator.render(digit).size == (256, 256)
    generator.save(digit, tmp_path / "best.png")
    with Image.open(tmp_path / "best.png") as picture:
        assert np.array_equal(np.rint((255 - np.asarray(picture, dtype=float)) / 255 * 16), digit)
