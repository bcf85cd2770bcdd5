"""The trained generator: its contract, its errors, and its card's figures on small samples."""

import json
from pathlib import Path

import numpy as np
import pytest

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators import load
from latent_spaces_by_example.testing.generator_contract import GeneratorContract
from latent_spaces_by_example.zoo.airfoil import list_sections, read_dat
from models.airfoil.section_check import check_all

GENERATOR = load("airfoil")
PACKAGE = Path(__file__).parents[3] / "src/latent_spaces_by_example/zoo/airfoil"
FIGURES = Path(__file__).parents[3] / "models/airfoil/figures.json"
NAMES = ["naca2412", "s1223", "rae2822", "clarky", "naca0012", "e387", "naca23012"]


class TestContract(GeneratorContract):
    num_latents = 8
    batch_tolerance = 1e-5
    inverse_tolerance = 1e-4

    def make_generator(self):
        return load("airfoil")


def draws(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, *GENERATOR.latent_shape))


@pytest.mark.parametrize("name", NAMES)
def test_named_sections_round_trip(name):
    section = GENERATOR.example(name)
    z = GENERATOR.invert([section])
    error = np.sqrt(np.mean((GENERATOR.generate(z)[0] - section)[:, 1] ** 2))
    assert error < 4e-4
    assert 0.3 < np.linalg.norm(z) / np.sqrt(z.size) < 2.0


def test_examples_from_files_and_near_names(tmp_path):
    section = GENERATOR.generate(draws(1))[0]
    GENERATOR.save(section, tmp_path / "mine.dat")
    np.testing.assert_allclose(
        read_dat(tmp_path / "mine.dat").coordinates, section, rtol=0.0, atol=1e-8
    )
    np.testing.assert_allclose(
        GENERATOR.example(str(tmp_path / "mine.dat")), section, rtol=0.0, atol=1e-6
    )
    with pytest.raises(ArgumentError, match="s1223"):
        GENERATOR.example("s1223x")


def test_example_that_the_model_cannot_make():
    with pytest.raises(ArgumentError, match=r"vr8.*touch or cross"):
        GENERATOR.example("vr8")


def broken(what):
    section = GENERATOR.generate(draws(1))[0]
    if what == "grid":
        section[10, 0] += 1e-3
    elif what == "crossing":
        section[:, 1] *= -1.0
    elif what == "blunt":
        section[[0, -1], 1] = [0.05, -0.05]
    elif what == "off axis":
        section[[0, -1], 1] += 0.01
    elif what == "nose":
        section[63, 1] = 0.01
    else:
        section[3, 1] = np.nan
    return section


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("grid", "grid"),
        ("crossing", "touch or cross"),
        ("blunt", "blunter"),
        ("off axis", "off the x axis"),
        ("nose", "leading edge"),
        ("nan", "not finite"),
    ],
)
def test_bad_outputs(what, message):
    with pytest.raises(ArgumentError, match=message):
        GENERATOR.invert([GENERATOR.generate(draws(1))[0], broken(what)])


@pytest.mark.parametrize("output", [np.zeros((5, 2)), np.zeros(127), [["a"] * 2] * 127])
def test_outputs_of_other_shapes(output):
    for use in (GENERATOR.render, lambda x: GENERATOR.invert([x])):
        with pytest.raises(ArgumentError, match=r"\(127, 2\)"):
            use(output)


def test_picture_shows_the_section():
    picture = GENERATOR.render(GENERATOR.example("naca2412"))
    assert picture.size == (800, 320)
    pixels = np.asarray(picture).astype(int)
    assert (pixels[160, 20] == 255).all()  # above the nose's left
    assert pixels[160, 300].tolist() != [255, 255, 255]  # inside


def test_prior_samples_are_valid():
    # of 10,000 at least 99.5 % must be: 6 or more of 300 failing has probability below 1 %
    validity = check_all(GENERATOR.generate(draws(300, seed=1)))
    assert sum(not each.valid for each in validity) < 6


def test_card_agrees_with_what_is_shipped():
    figures = json.loads(FIGURES.read_text())
    training = json.loads((PACKAGE / "training.json").read_text())
    assert figures["latent dimensions"] == GENERATOR.latent_shape[0]
    assert figures["parameters"] == training["parameters"]
    # a fresh sample of real sections, training ones included, must agree with the card
    names = [n for n in list_sections()[::120] if n not in training["left_out"]]
    sections = np.stack([GENERATOR.example(name) for name in names])
    z = GENERATOR.invert(sections)
    error = np.sqrt(np.mean((GENERATOR.generate(z) - sections)[:, :, 1] ** 2, axis=1))
    assert np.median(error) < 1.5 * figures["held-out round trip"]["median"]
    norms = np.linalg.norm(z, axis=1) / np.sqrt(z.shape[1])
    assert 0.7 < np.median(norms) < 1.15
