"""The model of the scores, over draws of known law."""

from dataclasses import replace

import numpy as np
import pytest

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.latent_gp import (
    LatentGPSearch,
    ScoreModel,
    expected_scores,
)
from latent_spaces_by_example.search.latent_gp.acquisition import Beliefs
from latent_spaces_by_example.search.latent_gp.model import best_explanation, num_explained
from latent_spaces_by_example.search.latent_gp.process import (
    FIVE_HALVES,
    THREE_HALVES,
    AngleKernel,
    Posterior,
)
from latent_spaces_by_example.search.latent_gp.warp import LONG, from_standardised
from latent_spaces_by_example.testing.search_contract import SimulatedStudy


def draw(matern, seed, *, n=70, dims=2):
    """Points of the sphere, and a draw of the Gaussian process there."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, dims))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    truth = AngleKernel(linear=0.1, smooth=1.0, length=0.7, noise=1e-6, smoothness=matern)
    factor = np.linalg.cholesky(truth(x @ x.T) + 1e-6 * np.eye(n))
    return x, factor @ rng.standard_normal(n)


@pytest.mark.parametrize("matern", [THREE_HALVES, FIVE_HALVES], ids=str)
def test_it_tells_smooth_from_kinked(matern):
    # the right one in at least 7 of 8 draws; a fair coin does that in 3.5 % of the cases
    kinds = [best_explanation(*draw(matern, seed))[1].smoothness for seed in range(8)]
    assert kinds.count(matern) >= 7


def test_a_cliff_shortens_the_tail_and_a_slope_leaves_it_as_it_is():
    cliffs, slopes = [], []
    for seed in range(4):
        x, scores = draw(FIVE_HALVES, seed)
        cliffs.append(best_explanation(x, np.where(x[:, 0] > 0.3, scores - 40, scores))[0])
        slopes.append(best_explanation(x, x[:, 0])[0])
    assert all(warp.scale < LONG.scale for warp in cliffs)
    assert slopes.count(LONG) >= 3


@pytest.mark.parametrize("n", [0, 1, 11, 12, 13, 100, 1000])
def test_almost_all_trials_are_explained_and_rarely_others(n):
    assert num_explained(n) <= n
    assert n - num_explained(n) <= n / 8
    assert num_explained(num_explained(n)) == num_explained(n)


def test_the_models_of_a_thousand_proposals_are_few():
    assert len({num_explained(n) for n in range(1000)}) < 60


def rising(x):
    return float(3 * x[0] + x[1] * x[2])


def study_of(score, *, random_seed=0, until=20):
    study = SimulatedStudy(
        score, num_given=0, num_latent_dims=32, random_seed=random_seed, budget=100
    )
    study.run(LatentGPSearch(), until=until)
    return study


def test_smooth_scores_are_nearly_what_is_expected():
    study = study_of(rising)
    expected = expected_scores(study.history())
    assert np.std(expected - study.scores) < 0.1 * np.std(study.scores)


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
    study = study_of(lambda x: -1e12 if x[0] < 0 else rising(x), until=26)
    scores = np.array(study.scores)
    assert (scores == -1e12).any()
    others = scores > -1e12
    expected = expected_scores(study.history())
    assert (expected >= scores.min()).all()
    # of the others, those that matter: the better half
    better = scores > np.median(scores[others])
    assert np.abs(expected - scores)[better].max() < 0.3 * np.ptp(scores[others])


def _history(n):
    weights = np.abs(np.random.default_rng(0).standard_normal((n, 3)))
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    study = SimulatedStudy(rising, num_given=3, within_span=True, num_latent_dims=50)
    study.add(weights)
    study.scores = (10 * weights[:, 0] + np.sin(3 * weights[:, 1])).tolist()
    return study.history()


def test_left_out_errors_are_those_of_leaving_each_out():
    model = ScoreModel.of(_history(12))
    given = model.posterior
    for i, error in enumerate(model.left_out_errors()):
        kept = np.arange(12) != i
        without = Posterior.given(
            given.points[kept], given.values[kept], kernel=given.kernel, constant=given.constant
        )
        value = np.maximum(without.mean(given.points[i : i + 1]), given.values.min())
        expected = from_standardised(value, model.scores, output_warp=model.output_warp)
        assert error == pytest.approx(model.scores[i] - expected[0], rel=1e-6, abs=1e-8)


def test_is_sure_where_it_was_scored_and_less_so_elsewhere():
    history = _history(30)
    model = ScoreModel.of(history)
    np.testing.assert_allclose(model.mean(history.weights), history.scores, atol=0.2)
    away = np.array([[-0.6, 0.8, 0.0]])
    assert model.uncertainty(away)[0] > 3 * np.median(model.uncertainty(history.weights))


def test_needs_a_score():
    nothing = replace(
        _history(3),
        scores=np.full(3, np.nan),
        finished=np.zeros(3, dtype=bool),
        failed=np.ones(3, dtype=bool),
    )
    with pytest.raises(ArgumentError, match="none of the 3 trials"):
        ScoreModel.of(nothing)
    assert np.isnan(expected_scores(nothing)).all()


@pytest.mark.parametrize("noisy", [False, True])
def test_search_report_and_expected_scores_have_one_model(noisy):
    study = SimulatedStudy(
        rising, num_given=4, num_latent_dims=8, noisy=noisy, constraints=lambda x: [float(x[0])]
    )
    weights = np.random.default_rng(0).standard_normal((20, 4))
    study.add(weights / np.linalg.norm(weights, axis=1, keepdims=True))
    study.scores[5] = np.nan
    history = study.history()
    model = ScoreModel.of(history)
    believed = Beliefs.of(history, model.directions, start=0).posterior
    assert believed.kernel == model.posterior.kernel
    np.testing.assert_array_equal(believed.weights, model.posterior.weights)
    known = history.scored
    np.testing.assert_allclose(
        expected_scores(history)[known], model.mean(history.weights[known]), rtol=1e-9
    )
