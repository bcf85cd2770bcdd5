"""Boltz's own sampler of structures, with a small network of random weights in place of its own."""

import numpy as np
import pytest

from latent_spaces_by_example.generators import noise_tape

NUM_ATOMS, NUM_TOKENS, WIDTH = 7, 3, 4


@pytest.fixture
def sampler(package, monkeypatch):
    torch = pytest.importorskip("torch")
    diffusion = package("boltz.model.modules.diffusion")

    class Network(torch.nn.Module):
        def __init__(self, **_):
            super().__init__()
            self.layer = torch.nn.Linear(3, 3)

        def forward(self, *, r_noisy, times, multiplicity, **_):
            token = torch.zeros(multiplicity, NUM_TOKENS, 2 * WIDTH)
            return {"r_update": torch.tanh(self.layer(r_noisy)), "token_a": token}

    monkeypatch.setattr(diffusion, "DiffusionModule", Network)
    torch.manual_seed(0)
    model = diffusion.AtomDiffusion(score_model_args={"token_s": WIDTH}, num_sampling_steps=6)
    feats = {"token_index": torch.zeros(1, NUM_TOKENS, dtype=torch.long)}

    def sample():
        mask = torch.ones(1, NUM_ATOMS)
        made = model.sample(mask, max_parallel_samples=1, steering_args=None, feats=feats)
        return made["sample_atom_coords"][0]

    return sample


def test_a_structure_is_that_of_its_seed_and_any_latent_makes_one(sampler):
    torch = pytest.importorskip("torch")
    tape = noise_tape(sampler, name="boltz")
    # the start, and in each step a rotation's quaternion, a translation and the churn's noise
    assert tape.latent_shape == (3 * NUM_ATOMS + 6 * (4 + 3 + 3 * NUM_ATOMS),)
    torch.manual_seed(7)
    expected = sampler()
    made = tape.generate(tape.latent_from_random_seed(7)[None])[0]
    assert torch.equal(made, expected)
    draws = np.random.default_rng(0).standard_normal((2, *tape.latent_shape))
    first, second = tape.generate(draws)
    assert torch.isfinite(first).all()
    assert not torch.allclose(first, second)
