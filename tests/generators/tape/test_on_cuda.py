"""Samplers that draw on a GPU; skipped where there is none."""

from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import latent_spaces_by_example as lsbe
from generators.tape import samplers

# the warnings are of diffusers and transformers about each other, not of ours
pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]


def walk(device, generator=None):
    """Every way to draw a Gaussian or a uniform number that samplers use."""
    kind = {"device": device, "generator": generator}
    x = torch.randn(5, 3, **kind)
    for _ in range(4):
        noise = torch.empty_like(x).normal_(0.5, 2.0, generator=generator)
        x = 0.7 * x + noise + torch.rand(5, 3, **kind)
        x = x + torch.empty_like(x).uniform_(-1.0, 3.0, generator=generator)
    return x + torch.randn(5, 3, dtype=torch.bfloat16, **kind).float()


def there(sampler):
    """The sampler, with all that it makes on the GPU."""
    with torch.device("cuda"):
        return sampler()


SAMPLERS = {
    "walk": partial(walk, "cuda"),
    "langevin": partial(there, samplers.langevin),
}


def numbers(output):
    values = list(output.values()) if isinstance(output, dict) else [output]
    return np.concatenate([value.cpu().numpy().ravel() for value in values])


@pytest.fixture(params=SAMPLERS)
def sampler(request):
    return SAMPLERS[request.param]


def test_the_recorded_latent_gives_the_recorded_output_bit_for_bit(sampler):
    tape = lsbe.generators.noise_tape(sampler)
    again = tape.generate(tape.recorded_latent[None])[0]
    np.testing.assert_array_equal(numbers(again), numbers(tape.recorded_output))
    assert all(part.combined for part in tape.parts)


def test_a_seed_is_what_would_have_been_drawn_on_the_cpu():
    here, there = (lsbe.generators.noise_tape(partial(walk, place)) for place in ("cpu", "cuda"))
    z = np.stack([there.latent_from_random_seed(seed) for seed in (1, 2)])
    np.testing.assert_array_equal(z, [here.latent_from_random_seed(seed) for seed in (1, 2)])
    found = np.stack([numbers(output) for output in there.generate(z)])
    expected = [numbers(walk("cpu", torch.Generator().manual_seed(seed))) for seed in (1, 2)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_the_gpu_s_own_stream_is_left_as_the_sampler_left_it(sampler):
    tape = lsbe.generators.noise_tape(sampler)
    before = torch.cuda.get_rng_state()
    tape.generate(tape.recorded_latent[None])
    assert torch.equal(torch.cuda.get_rng_state(), before)


def test_a_generator_of_the_gpu():
    drawn = torch.Generator("cuda")

    def sampler():
        return walk("cuda", drawn.manual_seed(3))

    tape = lsbe.generators.noise_tape(sampler)
    np.testing.assert_array_equal(numbers(tape.recorded_output), numbers(sampler()))


def test_masks_and_permutations_are_held():
    def sampler():
        x = torch.randn(8, device="cuda")
        x = torch.nn.functional.dropout(x, 0.5, training=True)
        return x[torch.randperm(8, device="cuda")] + torch.randint(3, (8,), device="cuda")

    tape = lsbe.generators.noise_tape(sampler)
    assert [part.combined for part in tape.parts] == [True, False, False, False]
    z = np.stack([tape.recorded_latent, 2.0 * tape.recorded_latent])
    first, second = map(numbers, tape.generate(z))
    np.testing.assert_array_equal(first, numbers(tape.recorded_output))
    assert np.count_nonzero(first != second) >= 1
