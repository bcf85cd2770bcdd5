import numpy as np
import pytest

import dry_run
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.testing import GeneratorContract

pytest.importorskip("PIL")


class TestStandInGenerator(GeneratorContract):
    def make_generator(self):
        return dry_run.StandInGenerator(32)


def test_without_the_packages_it_has_their_shapes(monkeypatch):
    monkeypatch.setattr(dry_run, "find_spec", lambda name: None)
    generator, objective, what = dry_run.flux_and_clip(prompt="car", score_prompt="red", size=64)
    assert "torch, diffusers, transformers, PIL not installed" in what
    assert generator.latent_shape == (16, 8, 8)
    images = generator.generate(np.zeros((2, 16, 8, 8), dtype=np.float32))
    assert (images.shape, images.dtype) == ((2, 64, 64, 3), np.float32)
    assert objective(images) == [0.0, 0.0]
    red = np.zeros((1, 4, 4, 3))
    red[..., 0] = 1.0
    assert objective(red) == [1.0]
    with pytest.raises(ArgumentError, match="multiple of 16"):
        dry_run.flux_and_clip(prompt="car", score_prompt="red", size=60)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_with_the_packages_it_is_a_pipeline_with_flux_s_latents():
    for package in ("torch", "diffusers", "transformers"):
        pytest.importorskip(package)
    options = {"prompt": "car", "score_prompt": "red", "size": 64, "steps": 1, "device": "cpu"}
    generator, objective, what = dry_run.flux_and_clip(**options)
    assert what == "a FLUX and a CLIP of random weights"
    # FLUX.1: 16 channels, an eighth of the pixels along a side
    assert generator.latent_shape == (16, 8, 8)
    images = generator.generate(generator.latent_from_random_seed(0)[None])
    assert images.shape == (1, 64, 64, 3)
    assert -100 <= objective(images)[0]["score"] <= 100
    with pytest.raises(ArgumentError, match="prompt"):
        dry_run.flux_and_clip(**{**options, "prompt": "car " * 2000})
