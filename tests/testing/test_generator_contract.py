"""The generator contract accepts a sound generator and catches each way of being unsound."""

import inspect

import numpy as np
import pytest
from PIL import Image

from latent_spaces_by_example.testing.generator_contract import GeneratorContract

MATRIX = np.random.default_rng(7).standard_normal((3, 3))


class Sound:
    latent_shape = (3,)
    suffix = ".txt"

    def generate(self, z):
        return list(z @ MATRIX)

    def invert(self, outputs):
        return np.stack(outputs) @ np.linalg.inv(MATRIX)

    def latent_from_random_seed(self, random_seed):
        return np.random.default_rng(random_seed).standard_normal(3)

    def render(self, output):
        return Image.linear_gradient("L")

    def save(self, output, path):
        path.write_text(str(output))


class Minimal:
    latent_shape = (2, 2)

    def generate(self, z):
        return z.reshape(len(z), 4)


class Random(Sound):
    def generate(self, z):
        return list(z @ MATRIX + np.random.default_rng().standard_normal(3))


class Mixing(Sound):
    def generate(self, z):
        return list(z @ MATRIX + z.mean(axis=0))


class Overwriting(Sound):
    def generate(self, z):
        z *= 2.0
        return list(z @ MATRIX / 2.0)


class Constant(Sound):
    def generate(self, z):
        return [np.ones(3) for _ in z]


class Short(Sound):
    def generate(self, z):
        return list(z @ MATRIX)[:-1]


class BadShape(Sound):
    latent_shape = 3


class BadInverse(Sound):
    def invert(self, outputs):
        return np.stack(outputs)


class ForgetsSeed(Sound):
    def latent_from_random_seed(self, random_seed):
        return np.zeros(3)


class Blank(Sound):
    def render(self, output):
        return Image.new("RGB", (4, 4))


class SavesNothing(Sound):
    def save(self, output, path):
        path.touch()


def failures(kind, folder):
    """Names of the contract's tests that ``kind`` fails."""
    contract = GeneratorContract()
    contract.make_generator = kind
    failed = set()
    for name, test in inspect.getmembers(contract, inspect.ismethod):
        if not name.startswith("test_"):
            continue
        arguments = [folder] if "tmp_path" in inspect.signature(test).parameters else []
        try:
            test(*arguments)
        except (AssertionError, IndexError, TypeError, ValueError):
            failed.add(name)
    return failed


@pytest.mark.parametrize("kind", [Sound, Minimal])
def test_sound_generators_pass(kind, tmp_path):
    assert failures(kind, tmp_path) == set()


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (Random, "test_same_latents_same_outputs"),
        (Mixing, "test_batch_does_not_matter"),
        (Overwriting, "test_latents_are_left_as_they_were"),
        (Constant, "test_different_latents_different_outputs"),
        (Short, "test_one_output_per_latent"),
        (BadShape, "test_latent_shape_is_a_tuple_of_positive_integers"),
        (BadInverse, "test_invert_finds_latents_of_outputs"),
        (ForgetsSeed, "test_latent_from_random_seed"),
        (Blank, "test_render_gives_a_picture"),
        (SavesNothing, "test_save_writes_a_file"),
    ],
)
def test_unsound_generators_are_caught(kind, test, tmp_path):
    assert test in failures(kind, tmp_path)


def test_a_contract_without_a_generator_says_so():
    with pytest.raises(AssertionError, match="make_generator"):
        GeneratorContract().test_one_output_per_latent()
