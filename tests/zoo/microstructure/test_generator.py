import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from latent_spaces_by_example.generators.base import Generator
from latent_spaces_by_example.testing.generator_contract import GeneratorContract
from latent_spaces_by_example.zoo.microstructure.generator import Microstructure


def draw(generator: Microstructure, n: int, *, random_seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(random_seed)
    return rng.standard_normal((n, *generator.latent_shape))


class TestContract(GeneratorContract):
    batch_tolerance = 0.0

    def make_generator(self):
        return Microstructure(size=48, correlation_length=3.0)


def test_it_is_a_generator_of_65536_dimensions_by_default():
    generator = Microstructure()
    assert isinstance(generator, Generator)
    assert generator.latent_shape == (256, 256)
    assert generator.generate(draw(generator, 1)).shape == (1, 256, 256)
    assert not hasattr(generator, "invert")


@settings(max_examples=10, deadline=None)
@given(
    size=st.integers(2, 40),
    length=st.floats(0.1, 1.0),
    anisotropy=st.floats(0.25, 4.0),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_pixel_has_unit_variance_exactly(size, length, anisotropy, seed):
    """The field is linear in z, so its variance at a pixel is that row's squared norm."""
    generator = Microstructure(size=size, correlation_length=length * size, anisotropy=anisotropy)
    rng = np.random.default_rng(seed)
    impulse = np.zeros((1, size, size))
    impulse[0, rng.integers(size), rng.integers(size)] = 1.0
    # a circular filter: rows and columns of its matrix hold the same numbers
    assert np.isclose((generator.fields(impulse) ** 2).sum(), 1.0, rtol=1e-10)


@pytest.mark.parametrize("spectrum", ["gaussian", "ring"])
@pytest.mark.parametrize("volume_fraction", [0.1, 0.5, 0.8])
def test_volume_fraction_in_expectation(spectrum, volume_fraction):
    generator = Microstructure(
        size=64, correlation_length=2.0, volume_fraction=volume_fraction, spectrum=spectrum
    )
    share = generator.generate(draw(generator, 200)).mean(axis=(1, 2))
    error = share.std(ddof=1) / np.sqrt(len(share))
    # six cases, each a false alarm once in 15,000
    assert abs(share.mean() - volume_fraction) < 4.0 * error


def test_the_gaussian_spectrum_has_the_correlation_it_promises():
    generator = Microstructure(size=128, correlation_length=5.0)
    impulse = np.zeros((1, 128, 128))
    impulse[0, 0, 0] = 1.0
    power = np.abs(np.fft.fft2(generator.fields(impulse)[0])) ** 2
    correlation = np.fft.ifft2(power).real
    r = np.arange(20)
    assert np.allclose(correlation[0, :20], np.exp(-0.5 * (r / 5.0) ** 2), atol=1e-6)


def test_the_ring_has_one_wave_length():
    generator = Microstructure(size=128, correlation_length=128 / (2 * np.pi * 8), spectrum="ring")
    power = np.abs(np.fft.fft2(generator.fields(draw(generator, 20)))) ** 2
    wave = np.hypot(*np.meshgrid(*[np.fft.fftfreq(128) * 128] * 2))
    assert abs((power.mean(axis=0) * wave).sum() / power.mean(axis=0).sum() - 8.0) < 0.3


def test_anisotropy_draws_phases_out_along_x():
    generator = Microstructure(size=128, correlation_length=4.0, anisotropy=4.0)
    phases = generator.generate(draw(generator, 4))
    changes_along_x = (phases[:, :, 1:] != phases[:, :, :-1]).mean()
    changes_along_y = (phases[:, 1:] != phases[:, :-1]).mean()
    assert 3.0 < changes_along_y / changes_along_x < 5.0


@pytest.mark.parametrize("suffix", [".png", ".npy"])
def test_saved_files_hold_the_material(tmp_path, suffix):
    generator = Microstructure(size=20, correlation_length=2.0)
    phases = generator.generate(draw(generator, 1))[0]
    path = tmp_path / f"best{suffix}"
    generator.save(phases, path)
    if suffix == ".npy":
        assert np.array_equal(np.load(path), phases)
    else:
        with Image.open(path) as picture:
            assert np.array_equal(np.asarray(picture) == 0, phases)
