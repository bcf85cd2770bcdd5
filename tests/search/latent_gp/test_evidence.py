"""What the scores themselves say about how they are to be modelled, over draws of known law."""

import numpy as np
import pytest

from latent_spaces_by_example.search.latent_gp.evidence import best_explanation, num_explained
from latent_spaces_by_example.search.latent_gp.kernel import AngleKernel
from latent_spaces_by_example.search.latent_gp.matern import FIVE_HALVES, THREE_HALVES
from latent_spaces_by_example.search.latent_gp.tail import LONG


def draw(matern, seed, *, n=100, dims=2):
    """Points of the sphere, and a draw of the Gaussian process there."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, dims))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    truth = AngleKernel(linear=0.1, smooth=1.0, length=0.7, noise=1e-6, matern=matern)
    factor = np.linalg.cholesky(truth(x @ x.T) + 1e-6 * np.eye(n))
    return x, factor @ rng.standard_normal(n)


@pytest.mark.parametrize("matern", [THREE_HALVES, FIVE_HALVES], ids=lambda m: m.name)
def test_it_tells_smooth_from_kinked(matern):
    # the right one in at least 11 of 12 draws; a fair coin does that in 0.3 % of the cases
    found = [best_explanation(*draw(matern, seed)).kernel.matern for seed in range(12)]
    assert sum(kind is matern for kind in found) >= 11


def test_a_cliff_shortens_the_tail():
    found = []
    for seed in range(6):
        x, scores = draw(FIVE_HALVES, seed)
        found.append(best_explanation(x, np.where(x[:, 0] > 0.3, scores - 40, scores)).tail)
    assert all(tail.scale < LONG.scale for tail in found)


def test_a_smooth_score_is_taken_as_it_is():
    # a straight slope has no tail to bend; in 5 of 6 draws
    found = [best_explanation(x, x[:, 0]).tail for x, _ in (draw(FIVE_HALVES, s) for s in range(6))]
    assert sum(tail == LONG for tail in found) >= 5


@pytest.mark.parametrize("scores", [[1.0], [2.0, 2.0, 2.0], [1.0, 3.0]])
def test_few_scores(scores):
    scores = np.array(scores)
    found = best_explanation(np.eye(4)[: len(scores)], scores)
    assert np.isfinite(found.kernel.variance)


@pytest.mark.parametrize("n", [0, 1, 11, 12, 13, 100, 1000])
def test_almost_all_trials_are_explained_and_rarely_others(n):
    assert num_explained(n) <= n
    assert n - num_explained(n) <= n / 8
    assert num_explained(num_explained(n)) == num_explained(n)


def test_the_models_of_a_thousand_proposals_are_few():
    assert len({num_explained(n) for n in range(1000)}) < 60
