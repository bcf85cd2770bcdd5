"""Categories drawn by uniform numbers of the latent: the law is torch's own."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.testing import GeneratorContract

noise_tape = lsbe.generators.noise_tape
SHARES = torch.tensor([0.5, 0.0, 0.2, 0.3])
NUM_DRAWS = 3000
ROWS = SHARES.expand(NUM_DRAWS, 4)


def drawn(sampler):
    """Return what a sampler of many rows makes of one latent of the right law, and its size."""
    tape = noise_tape(sampler, categorical=True, check=False)
    assert {part.law for part in tape.parts} == {"uniform"}
    (output,) = tape.generate(np.random.default_rng(0).random((1, *tape.latent_shape)))
    return np.asarray(output), tape.latent_shape[0] // NUM_DRAWS


@pytest.mark.parametrize(
    ("sampler", "size"),
    [
        (lambda: torch.multinomial(ROWS, 1), 4),
        (lambda: torch.multinomial(ROWS, 2, replacement=True)[:, :1], 8),
        (lambda: torch.distributions.Categorical(ROWS).sample()[:, None], 4),
        (lambda: torch.nn.functional.gumbel_softmax(ROWS.log()).argmax(-1, keepdim=True), 4),
        (lambda: (ROWS / torch.empty(ROWS.shape).exponential_()).argmax(-1, keepdim=True), 4),
    ],
)
def test_categories_have_their_probabilities(sampler, size):
    categories, numbers = drawn(sampler)
    assert numbers == size
    shares = np.bincount(categories[:, 0], minlength=4) / NUM_DRAWS
    np.testing.assert_allclose(shares, SHARES, atol=0.04)  # four standard deviations
    assert shares[1] == 0.0


def test_draws_without_replacement_have_torchs_law():
    pairs, _ = drawn(lambda: torch.multinomial(ROWS, 2))
    assert (pairs[:, 0] != pairs[:, 1]).all()
    first = pairs[:, 0] == 0
    after = (pairs[first, 1] == 2).mean()  # 0.2 of the 0.5 that is left
    assert after == pytest.approx(0.4, abs=0.06)


def test_a_row_for_each_of_a_batch_and_the_ends_of_the_interval():
    rows = torch.stack([SHARES, SHARES.flip(0)])
    tape = noise_tape(lambda: torch.multinomial(rows, 1)[:, 0], categorical=True)
    assert tape.latent_shape == (8,)
    z = np.array([[0, 1, 0, 1.0] + [0.5] * 4, [0.0] * 8, [1.0] * 8])
    first, *_ = tape.generate(z)
    assert first.tolist() == [3, 3]


def test_exponential_numbers_have_their_rate():
    values, _ = drawn(lambda: torch.empty(NUM_DRAWS).exponential_(2.0))
    assert (values.mean(), values.std()) == pytest.approx((0.5, 0.5), rel=0.1)


def text():
    """Six tokens, each drawn from what a table says of the one before."""
    table = torch.softmax(3.0 * torch.sin(torch.arange(25.0)).reshape(5, 5), dim=-1)
    tokens = [torch.tensor(0)]
    for _ in range(6):
        tokens.append(torch.multinomial(table[tokens[-1]], 1)[0])
    return torch.stack(tokens[1:])


class TestTextContract(GeneratorContract):
    batch_tolerance = 0.0

    def make_generator(self):
        return noise_tape(text, categorical=True)

    def make_latents(self, generator):
        return np.stack([generator.latent_from_random_seed(i) for i in range(self.num_latents)])


def test_text_between_seeds_is_searched():
    tape = noise_tape(text, categorical=True)
    study = lsbe.optimise(
        tape, lambda outputs: [float((x == 4).sum()) for x in outputs], budget=6, random_seed=0
    )
    assert study.best_score >= 1.0
