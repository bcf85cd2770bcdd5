"""Scores without their noise: nearer to the truth, and better to choose by."""

from dataclasses import replace

import numpy as np
import pytest

from latent_spaces_by_example.search.latent_gp import LatentGPSearch, expected_scores
from latent_spaces_by_example.testing.search import SimulatedStudy


def rising(x):
    return float(3 * x[0] + x[1] * x[2])


def study_of(score, *, random_seed=0, until=50):
    study = SimulatedStudy(
        score, num_given=0, num_latent_dims=32, random_seed=random_seed, budget=100
    )
    study.run(LatentGPSearch(), until=until)
    return study


def test_smooth_scores_are_nearly_what_is_expected():
    study = study_of(rising)
    expected = expected_scores(study.history())
    assert np.std(expected - study.scores) < 0.1 * np.std(study.scores)


def test_of_noisy_scores_what_is_expected_is_better_than_what_scored_best():
    gained = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        history = study_of(rising, until=0).history()
        weights = rng.standard_normal((40, 6))
        weights /= np.linalg.norm(weights, axis=1, keepdims=True)
        exact = np.array([rising(w) for w in weights])
        history = replace(
            history,
            space=replace(history.space, correlation=np.eye(6)),
            weights=weights,
            scores=exact + exact.std() * rng.standard_normal(40),
            finished=np.ones(40, dtype=bool),
            failed=np.zeros(40, dtype=bool),
            violations=np.zeros((40, 0)),
            objectives=np.zeros((40, 0)),
            num_known=np.arange(40),
        )
        expected = expected_scores(history)
        gained.append(exact[np.argmax(expected)] - exact[np.argmax(history.scores)])
        assert np.std(expected - exact) < np.std(history.scores - exact)
    # were it luck alone, a mean of more than three standard errors would be one in 700
    assert np.mean(gained) > 3 * np.std(gained, ddof=1) / len(gained) ** 0.5


def test_trials_without_a_score_have_none():
    history = study_of(rising, until=20).history()
    finished = np.arange(20) % 4 > 0
    history = replace(
        history,
        scores=np.where(finished, history.scores, np.nan),
        finished=finished,
        failed=~finished,
    )
    np.testing.assert_array_equal(np.isfinite(expected_scores(history)), finished)


@pytest.mark.parametrize("until", [0, 1, 2])
def test_hardly_any_trials(until):
    study = study_of(rising, until=until)
    expected = expected_scores(study.history())
    assert expected.shape == (until,)
    assert np.isfinite(expected).all()


@pytest.mark.parametrize("score", [0.0, 7.0, -1e300])
def test_equal_scores(score):
    expected = expected_scores(study_of(lambda x: score, until=12).history())
    np.testing.assert_allclose(expected, score)


def test_an_outlier_leaves_the_others_what_they_are():
    study = study_of(lambda x: -1e12 if x[0] < 0 else rising(x), until=30)
    scores = np.array(study.scores)
    assert (scores == -1e12).any()
    others = scores > -1e12
    expected = expected_scores(study.history())
    assert (expected >= scores.min()).all()
    # of the others, those that matter: the better half
    better = scores > np.median(scores[others])
    assert np.abs(expected - scores)[better].max() < 0.3 * np.ptp(scores[others])
