"""Generate many, score few: what is proposed when the search may look at outputs first."""

from dataclasses import replace

import numpy as np
import pytest

from latent_spaces_by_example.search.latent_gp import LatentGPSearch
from latent_spaces_by_example.search.latent_gp.sight import outputs_tell
from latent_spaces_by_example.testing.search_contract import SimulatedStudy

DIMS = 24
LATENTS = np.random.default_rng(1).standard_normal((120, DIMS))
UNIT = LATENTS / np.linalg.norm(LATENTS, axis=1, keepdims=True)
MODEL = np.random.default_rng(2).standard_normal((4, DIMS)) / 2


def outputs(latents):
    return np.tanh(latents @ MODEL.T / np.linalg.norm(latents, axis=-1, keepdims=True))


GOAL = outputs(np.array([0.6, 0.5, 0.5, 0.4]) @ UNIT[:4])


def scored(latent):
    return -((outputs(latent) - GOAL) ** 2).sum()


class Run(SimulatedStudy):
    """A study whose search may look at outputs."""

    def __init__(self, *, num_candidates, num_given=0, look=outputs, score=scored, **options):
        within_span = num_given > 0
        super().__init__(
            score, num_given=num_given, num_latent_dims=DIMS, within_span=within_span, **options
        )
        self.num_candidates, self.look, self.num_looks = num_candidates, look, 0

    def seed_latents(self, size):
        return UNIT[:size].copy()

    def seen(self, weights):
        return self.look(weights @ UNIT[: weights.shape[1]])

    def history(self, *, num_pending=0):
        def look(weights):
            self.num_looks += len(weights)
            return self.seen(weights)

        blind = super().history(num_pending=num_pending)
        space = replace(blind.space, look=look, num_candidates=self.num_candidates)
        return replace(blind, space=space, features=self.seen(blind.weights))

    def propose(self, n=1, num_pending=0):
        rng = np.random.default_rng(len(self.scores))
        return LatentGPSearch().propose(self.history(num_pending=num_pending), n, rng)

    def until(self, budget):
        self.run(LatentGPSearch(), until=budget)
        return self


@pytest.mark.parametrize("num_given", [0, 4])
def test_it_finds_in_few_scores_what_outputs_show(num_given):
    seeing = Run(num_candidates=96, num_given=num_given).until(24)
    assert seeing.best > -0.01
    weights = seeing.history().weights
    np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1, atol=1e-9)
    assert num_given == 0 or (weights >= 0).all()


@pytest.mark.parametrize("number", [16, 96])
def test_it_generates_as_many_as_it_may(number):
    run = Run(num_candidates=number).until(9)
    run.num_looks = 0
    run.propose()
    # whole steps of the chains
    assert 0.8 * number < run.num_looks <= number


def test_with_one_candidate_nothing_is_looked_at():
    run = Run(num_candidates=1).until(10)
    assert run.num_looks == 0


def test_a_batch_differs_and_is_the_same_every_time():
    run = Run(num_candidates=48).until(12)
    first, again = run.propose(4, num_pending=2), run.propose(4, num_pending=2)
    np.testing.assert_array_equal(first, again)
    directions = first @ UNIT[: first.shape[1]]
    cosines = outputs(directions) @ outputs(directions).T
    assert len(np.unique(cosines.round(6))) > 4
    gaps = np.linalg.norm(directions[:, None] - directions[None], axis=2)
    assert gaps[np.triu_indices(4, 1)].min() > 1e-4


def test_scores_tell_whether_they_follow_what_is_seen():
    def noise(latents):
        return np.random.default_rng(0).standard_normal((len(latents), 3))

    run = Run(num_candidates=1).until(16)
    assert outputs_tell(run.history())
    run.look = noise
    assert not outputs_tell(run.history())


@pytest.mark.parametrize(
    "features",
    [
        lambda latents: np.ones((len(latents), 2)),
        lambda latents: np.sin(1e6 * outputs(latents) + 1e7 * latents[:, :1]),
    ],
    ids=["constant", "noise"],
)
def test_useless_features_leave_a_search_that_finds_more_than_draws(features):
    run = Run(num_candidates=48, look=features).until(26)
    assert run.best > max(scored(latent) for latent in UNIT[:26])


def test_what_the_generator_fails_at_is_not_proposed():
    def look(latents):
        seen = outputs(latents)
        return np.where(seen[:, :1] > 0, seen, np.nan)

    def score(latent):
        return scored(latent) if outputs(latent)[0] > 0 else np.nan

    run = Run(num_candidates=48, look=look, score=score).until(18)
    # half of all latents fail; one proposal may be made before scores follow what is seen
    assert np.isnan(run.scores[10:]).sum() <= 1


def test_constraints_keep_it_where_they_are_met():
    def constraints(latent):
        return [outputs(latent)[1] - GOAL[1] + 0.2]

    run = Run(num_candidates=48, constraints=constraints).until(22)
    assert (np.array(run.violations)[12:] <= 0.02).mean() > 0.6
