"""The model of taste, and the galleries that it proposes."""

from dataclasses import replace

import numpy as np
import pytest

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import Preference
from latent_spaces_by_example.search.latent_gp.gallery import propose_by_taste
from latent_spaces_by_example.search.latent_gp.person import Answers, Evidence, Person, fitted
from latent_spaces_by_example.search.latent_gp.taste import TasteModel, tastes
from latent_spaces_by_example.testing.search_contract import SimulatedStudy

DIMS = 10
DRAWS = np.random.default_rng(3).standard_normal((300, DIMS))
DRAWS /= np.linalg.norm(DRAWS, axis=1, keepdims=True)


class Drawn(SimulatedStudy):
    def seed_latents(self, size):
        return DRAWS[:size].copy()


def history_of(weights, preferences, *, features=None, **options):
    """Return a history of trials that were compared, and not scored."""
    study = Drawn(lambda x: 0.0, num_latent_dims=DIMS, **{"num_given": 0, **options})
    study.add(weights)
    history = study.history(num_pending=len(weights))
    features = history.features if features is None else features
    return replace(history, preferences=tuple(preferences), features=features)


def taste(weights):
    vectors = weights @ DRAWS[: weights.shape[1]]
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True))[:, 0]


def choices(weights, *, size=5):
    values = taste(weights)
    groups = [tuple(range(i, i + size)) for i in range(0, len(weights) - size + 1, size)]
    return [Preference(max(group, key=lambda row: values[row]), group) for group in groups]


@pytest.fixture(scope="module")
def compared():
    weights = np.eye(40)
    pairs = [(i, (i + 7) % 40) for i in range(40)]
    more = [Preference(max(pair, key=lambda row: taste(weights)[row]), pair) for pair in pairs]
    return history_of(weights, choices(weights) + more)


def test_the_taste_behind_choices_is_learnt(compared):
    learnt = tastes(compared)
    assert np.corrcoef(learnt, taste(compared.weights))[0, 1] > 0.8


def test_no_difference_pulls_together_and_a_choice_apart():
    pair = (0, 1)
    apart = tastes(history_of(np.eye(2), [Preference(0, pair)]))
    both = tastes(history_of(np.eye(2), [Preference(0, pair)] + 3 * [Preference(None, pair)]))
    assert 0 < both[0] - both[1] < apart[0] - apart[1]


def test_a_cycle_of_contradictions_likes_none_of_them_more():
    cycle = [Preference(0, (0, 1)), Preference(1, (1, 2)), Preference(2, (2, 0))]
    history = history_of(np.eye(3), cycle)
    space = replace(history.space, correlation=np.eye(3))
    learnt = tastes(replace(history, space=space))
    np.testing.assert_allclose(learnt, 0.0, atol=1e-3)


def test_a_person_who_chooses_by_chance_is_found_to_be_less_sharp(compared):
    rng = np.random.default_rng(0)
    chance = [Preference(int(rng.choice(p.among)), p.among) for p in compared.preferences]
    sharp = TasteModel.of(compared).fit.person.sharpness
    assert (
        TasteModel.of(replace(compared, preferences=tuple(chance))).fit.person.sharpness < sharp / 2
    )


def test_scores_of_the_same_study_count(compared):
    scores = np.where(np.arange(40) < 12, taste(compared.weights), np.nan)
    scored = replace(compared, scores=scores, finished=np.isfinite(scores))
    few = replace(scored, preferences=compared.preferences[-3:])
    assert np.corrcoef(tastes(few)[:12], scores[:12])[0, 1] > 0.9


def test_several_scores_and_constraints_are_refused(compared):
    for name in ("objectives", "violations"):
        with pytest.raises(ArgumentError, match="one score without constraints"):
            TasteModel.of(replace(compared, **{name: np.zeros((40, 2))}))
    with pytest.raises(ArgumentError, match="none of the 40 trials"):
        TasteModel.of(replace(compared, preferences=()))


def test_the_mode_is_where_the_log_posterior_is_flat(compared):
    answers = Answers.of((*compared.preferences, Preference(None, (0, 1, 2))))
    evidence = Evidence(DRAWS[:40], answers, np.array([3, 4]), np.array([1.0, -1.0]), 0)
    person = Person.of(np.zeros(6))
    carriers = evidence.points[evidence.carriers(person, most=100)]
    basis = evidence.basis(person, carriers, evidence.back(person, carriers))
    mode, factor, _ = evidence.laplace(person, basis)
    options, scored = evidence._options(person, basis), basis[evidence.scored]

    def height(v):
        return evidence._height(person, options, scored, v)[0]

    rng = np.random.default_rng(1)
    for step in 1e-3 * rng.standard_normal((5, len(mode))):
        slope = height(mode + step) - height(mode - step)
        curvature = height(mode + step) + height(mode - step) - 2 * height(mode)
        assert abs(slope) < 1e-6
        np.testing.assert_allclose(curvature, -np.sum((step @ factor) ** 2), rtol=1e-2)


@pytest.mark.parametrize("within_span", [True, False])
def test_a_gallery_is_good_and_differs(within_span):
    rng = np.random.default_rng(5)
    rows = np.abs(rng.standard_normal((30, 4)))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    history = history_of(
        rows, choices(rows), num_given=4 if within_span else 0, within_span=within_span
    )
    gallery = propose_by_taste(history, n=9, rng=np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(gallery, axis=1), 1.0)
    assert taste(gallery).max() > np.quantile(taste(rows), 0.8)
    vectors = gallery @ DRAWS[: gallery.shape[1]]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (vectors @ vectors.T)[np.triu_indices(9, 1)].max() < np.cos(1e-3)
    if within_span:
        assert gallery.shape == (9, 4)
        assert (gallery >= 0).all()
    else:
        assert gallery.shape == (9, 8)
    again = propose_by_taste(history, n=9, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(gallery, again)


def test_outputs_that_taste_follows_are_told_by_their_features():
    rng = np.random.default_rng(2)
    weights = np.eye(60)
    features = rng.standard_normal((60, 2))
    groups = [tuple(range(i, i + 6)) for i in range(0, 60, 6)] * 2
    answers = [Preference(max(g, key=lambda row: features[row, 0]), g) for g in groups]
    history = history_of(weights, answers, features=features)
    assert np.corrcoef(tastes(history), features[:, 0])[0, 1] > 0.8
    assert TasteModel.of(history).fit.person.by_output > 0.5


def test_evidence_is_fitted_once_and_told_apart_by_what_its_numbers_mean(compared):
    answers = Answers.of(compared.preferences)

    def evidence(num_features):
        scored = np.zeros(0, dtype=int)
        return Evidence(DRAWS[:40].copy(), answers, scored, np.zeros(0), num_features)

    assert fitted(evidence(0)) is fitted(evidence(0))
    assert fitted(evidence(0)) is not fitted(evidence(2))
