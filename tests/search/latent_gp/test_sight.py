"""Generate many, score few: what is proposed when the search may look at outputs first."""

import numpy as np
import pytest

from latent_spaces_by_example.search import History, SearchSpace
from latent_spaces_by_example.search.latent_gp import LatentGPSearch
from latent_spaces_by_example.search.latent_gp.sight import outputs_tell

DIMS = 24
LATENTS = np.random.default_rng(1).standard_normal((120, DIMS))
UNIT = LATENTS / np.linalg.norm(LATENTS, axis=1, keepdims=True)
MODEL = np.random.default_rng(2).standard_normal((4, DIMS)) / 2


def outputs(weights):
    directions = weights @ UNIT[: weights.shape[1]]
    return np.tanh(directions @ MODEL.T / np.linalg.norm(directions, axis=1, keepdims=True))


GOAL = outputs(np.array([[0.6, 0.5, 0.5, 0.4]]))[0]


def scored(weights):
    return -((outputs(weights) - GOAL) ** 2).sum(axis=1)


class Run:
    """A study without a database: proposes, scores and keeps what the search is told."""

    def __init__(self, *, num_candidates, num_given=0, look=outputs, score=scored):
        self.num_given, self.num_candidates = num_given, num_candidates
        self.look, self.score = look, score
        self.weights, self.scores = np.zeros((0, num_given)), np.zeros(0)
        self.violations = None
        self.num_looks = 0

    def history(self, num_pending=0):
        size, n = self.weights.shape[1], len(self.scores)
        settled = np.arange(n) < n - num_pending
        finished = np.isfinite(self.scores) & settled
        features = self.look(self.weights) if n else np.zeros((0, 0))
        kind = {} if self.violations is None else {"violations": self.violations(self.weights)}

        def look(weights):
            self.num_looks += len(weights)
            return self.look(weights)

        return History(
            space=SearchSpace(
                correlation=UNIT[:size] @ UNIT[:size].T,
                num_given=self.num_given,
                num_latent_dims=DIMS,
                within_span=self.num_given > 0,
                draw=lambda m: UNIT[: size + m] @ UNIT[: size + m].T,
                look=look,
                num_candidates=self.num_candidates,
            ),
            weights=self.weights,
            scores=np.where(finished, self.scores, np.nan),
            finished=finished,
            failed=settled & ~finished,
            features=features,
            **kind,
        )

    def propose(self, n=1, num_pending=0):
        rng = np.random.default_rng(len(self.scores))
        return LatentGPSearch().propose(self.history(num_pending), n, rng)

    def until(self, budget):
        while len(self.scores) < budget:
            new = self.propose()
            wider = new.shape[1] - self.weights.shape[1]
            self.weights = np.vstack([np.pad(self.weights, ((0, 0), (0, wider))), new])
            self.scores = np.append(self.scores, self.score(new))
        return self


@pytest.mark.parametrize("num_given", [0, 4])
def test_it_finds_in_few_scores_what_outputs_show(num_given):
    seeing = Run(num_candidates=96, num_given=num_given).until(24)
    assert seeing.scores.max() > -0.01
    np.testing.assert_allclose(np.linalg.norm(seeing.weights, axis=1), 1, atol=1e-9)
    assert num_given == 0 or (seeing.weights >= 0).all()


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
    cosines = outputs(first) @ outputs(first).T
    assert len(np.unique(cosines.round(6))) > 4
    directions = first @ UNIT[: first.shape[1]]
    gaps = np.linalg.norm(directions[:, None] - directions[None], axis=2)
    assert gaps[np.triu_indices(4, 1)].min() > 1e-4


def test_scores_tell_whether_they_follow_what_is_seen():
    def noise(weights):
        return np.random.default_rng(0).standard_normal((len(weights), 3))

    run = Run(num_candidates=1).until(16)
    assert outputs_tell(run.history())
    run.look = noise
    assert not outputs_tell(run.history())


@pytest.mark.parametrize(
    "features",
    [
        lambda weights: np.ones((len(weights), 2)),
        lambda weights: np.sin(1e6 * outputs(weights) + 1e7 * weights[:, :1]),
    ],
    ids=["constant", "noise"],
)
def test_useless_features_leave_a_search_that_finds_more_than_draws(features):
    run = Run(num_candidates=48, look=features).until(26)
    draws = scored(np.eye(60))[:26]
    assert run.scores.max() > draws.max()


def test_what_the_generator_fails_at_is_not_proposed():
    def look(weights):
        seen = outputs(weights)
        return np.where(seen[:, :1] > 0, seen, np.nan)

    def score(weights):
        return np.where(outputs(weights)[:, 0] > 0, scored(weights), np.nan)

    run = Run(num_candidates=48, look=look, score=score).until(18)
    # half of all latents fail; one proposal may be made before scores follow what is seen
    assert np.isnan(run.scores[10:]).sum() <= 1


def test_constraints_keep_it_where_they_are_met():
    run = Run(num_candidates=48)
    run.violations = lambda weights: outputs(weights)[:, 1:2] - GOAL[1] + 0.2
    run.until(22)
    late = run.violations(run.weights)[12:]
    assert (late <= 0.02).mean() > 0.6
