from dataclasses import replace

import numpy as np
import pytest

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import History, SearchSpace
from latent_spaces_by_example.search.latent_gp import ScoreModel, predicted_scores
from latent_spaces_by_example.search.latent_gp.posterior import Posterior


def _history(n):
    rng = np.random.default_rng(0)
    weights = np.abs(rng.standard_normal((n, 3)))
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    space = SearchSpace(
        correlation=np.eye(3),
        num_given=3,
        num_latent_dims=50,
        within_span=True,
        draw=lambda m: np.eye(3 + m),
    )
    scores = 10 * weights[:, 0] + np.sin(3 * weights[:, 1])
    return History(
        space=space,
        weights=weights,
        scores=scores,
        finished=np.ones(n, dtype=bool),
        failed=np.zeros(n, dtype=bool),
    )


def test_left_out_errors_are_those_of_leaving_each_out():
    model = ScoreModel.of(_history(12))
    given = model.posterior
    for i, error in enumerate(model.left_out_errors()):
        kept = np.arange(12) != i
        without = Posterior.given(
            given.points[kept], given.values[kept], kernel=given.kernel, constant=given.constant
        )
        expected = given.values[i] - without.mean(given.points[i : i + 1])[0]
        assert error == pytest.approx(model.spread * expected, rel=1e-6, abs=1e-8)


def test_is_sure_where_it_was_told_and_less_so_elsewhere():
    history = _history(30)
    model = ScoreModel.of(history)
    # far below the rest, scores count as three spreads below the median
    told = np.maximum(history.scores, model.centre - 3 * model.spread)
    np.testing.assert_allclose(model.mean(history.weights), told, atol=0.2)
    np.testing.assert_array_equal(
        model.mean(history.weights), predicted_scores(history, history.weights)
    )
    away = np.array([[-1.0, 0.0, 0.0]])
    assert model.uncertainty(away)[0] > 3 * model.uncertainty(history.weights).max()


def test_needs_a_score():
    history = _history(3)
    nothing = History(
        space=history.space,
        weights=history.weights,
        scores=np.full(3, np.nan),
        finished=np.zeros(3, dtype=bool),
        failed=np.ones(3, dtype=bool),
    )
    with pytest.raises(ArgumentError, match="no finished trial"):
        ScoreModel.of(nothing)


def test_noise_that_is_said_is_smoothed_over():
    history = _history(40)
    noise = 2 * np.random.default_rng(1).standard_normal(40)
    noisy = replace(history, scores=history.scores + noise)
    off = [
        np.std(ScoreModel.of(replace(noisy, noisy=said)).mean(history.weights) - history.scores)
        for said in (False, True)
    ]
    assert off[1] < np.std(noise)
    assert off[1] < off[0]
