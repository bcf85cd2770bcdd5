"""What the default search makes of constraints and failures."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from latent_spaces_by_example.search.latent_gp import LatentGPSearch
from latent_spaces_by_example.search.latent_gp.acquisition import Beliefs, log_feasibility
from latent_spaces_by_example.search.latent_gp.directions import Directions
from latent_spaces_by_example.search.latent_gp.process import Prediction
from latent_spaces_by_example.search.latent_gp.warp import margins
from latent_spaces_by_example.testing.search_contract import SimulatedStudy

# what is proposed for the histories of ``fixed_study``: a change here is a change of the search
STORED = json.loads(Path(__file__).with_name("proposals.json").read_text())


def smooth(x):
    return float(3 * x[0] + x[1] * x[2] - x[3] ** 2)


def fixed_study(*, within_span, trials, num_failed):
    study = SimulatedStudy(smooth, num_given=4, within_span=within_span, budget=100)
    weights = np.random.default_rng(trials).standard_normal((trials, 4))
    weights = np.abs(weights) if within_span else weights
    weights[:4] = np.eye(4)
    for row in weights / np.linalg.norm(weights, axis=1, keepdims=True):
        study.add(row[None])
    for index in range(num_failed):
        study.scores[5 + 2 * index] = np.nan
    return study


@pytest.mark.parametrize("case", STORED)
def test_without_constraints_it_proposes_what_is_stored(case):
    within_span, trials, num_failed, num_pending = case.split("-")
    study = fixed_study(
        within_span=within_span == "True", trials=int(trials), num_failed=int(num_failed)
    )
    history = study.history(num_pending=int(num_pending))
    proposal = LatentGPSearch().propose(history, 2, np.random.default_rng(7))
    # a climb ends where it does to the rounding of the machine: 2e-6 apart was seen
    np.testing.assert_allclose(proposal, STORED[case], rtol=0, atol=1e-4)


@given(
    arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e308, 1e308)),
    st.floats(-1e3, 1e3),
)
def test_margins_keep_sign_and_order(constraint, shift):
    with np.errstate(over="ignore"):
        constraint = np.clip(constraint + shift, -1e308, 1e308)
    found = margins(constraint)
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 2000
    np.testing.assert_array_equal(found >= 0, constraint <= 0)
    order = np.argsort(-constraint, kind="stable")
    assert (np.diff(found[order]) >= 0).all()


def test_margins_far_from_zero_stay_apart():
    # all violated by far: what is less so must still be seen
    found = margins(50 + np.linspace(-1, 1, 11))
    assert (found < -4).all()
    assert found.std() > 0.5


@pytest.mark.parametrize("noise", [0.0, 0.7])
def test_log_feasibility_is_the_probability_of_a_margin_above_zero(noise):
    mean, spread, flat = np.array([-1.7, 1.69]), np.array([1.79, 0.6]), np.zeros((2, 1))
    value, _ = log_feasibility(Prediction(mean, spread, flat, flat), noise=noise)
    np.testing.assert_allclose(value, norm.logcdf(mean / np.sqrt(spread**2 + noise)))


def test_log_feasibility_where_it_is_hopeless():
    mean, spread = np.array([-1e300, -1e3, 1e3]), np.array([1e-8, 1e-8, 1e-8])
    flat = np.zeros((3, 2))
    value, gradient = log_feasibility(Prediction(mean, spread, flat + 1, flat))
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()


def model_of(study, **options):
    history = study.history(**options)
    directions = Directions.from_correlation(history.space.correlation)
    return Beliefs.of(history, directions, start=0), directions, history


def constrained_study(constraints, *, trials=30):
    study = SimulatedStudy(smooth, num_given=4, num_latent_dims=8, constraints=constraints)
    weights = np.random.default_rng(0).standard_normal((trials, 4))
    study.add(weights / np.linalg.norm(weights, axis=1, keepdims=True))
    return study


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("threshold", [0.1, 10.0])
def test_the_acquisition_has_its_own_gradient(threshold, fails):
    # feasible from 0.1 on; with 10 nothing is
    study = constrained_study(lambda x: [threshold - float(x[0]), float(x[1]) - 0.9])
    study.scores[3:6] = [np.nan if fails else 0.0] * 3
    model, _, _ = model_of(study)
    assert (model.success is not None) == fails
    assert np.isfinite(model.best) == (threshold < 1)
    points = np.random.default_rng(1).standard_normal((5, 4))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    _, gradient = model.acquisition(points)
    for axis in range(4):
        step = 1e-6 * np.eye(4)[axis]
        slope = (model.acquisition(points + step)[0] - model.acquisition(points - step)[0]) / 2e-6
        np.testing.assert_allclose(gradient[:, axis], slope, rtol=1e-3, atol=1e-4)


def test_the_incumbent_is_feasible_though_others_score_higher():
    study = constrained_study(lambda x: [float(x[0])])  # the score is mostly 3 x[0]
    model, directions, history = model_of(study)
    points = directions.from_weights(history.weights)
    leader = int(np.argmax(points @ model.incumbent))
    assert history.feasible[leader]
    assert study.scores[leader] == pytest.approx(study.best, abs=0.05)
    assert study.best < max(study.scores) - 0.5


def test_where_nothing_is_feasible_the_least_violating_leads():
    study = constrained_study(lambda x: [2.0 - float(x[1])])
    model, directions, history = model_of(study)
    points = directions.from_weights(history.weights)
    leader = int(np.argmax(points @ model.incumbent))
    violation = np.array(study.violations)[:, 0]
    assert violation[leader] <= np.sort(violation)[1]
    assert (model.uphill != 0).any()


def test_a_believed_point_raises_the_bar_only_where_it_is_believed_feasible():
    study = constrained_study(lambda x: [float(x[0])])
    model, _, _ = model_of(study)
    best = model.posterior.points[np.argmax(model.posterior.values)]
    worse = replace(model, best=-1.0)
    assert worse.believing(best).best == -1.0  # scores more, and violates
    assert worse.believing(model.incumbent).best > -1.0


DIMS = 8


def by_chance(share, *, seed=0):
    """The score, but for a share of the evaluations, whatever is evaluated."""
    rng = np.random.default_rng(seed)
    return lambda x: np.nan if rng.uniform() < share else smooth(x)


def beyond_a_border(x):
    return np.nan if x[1] > 0.1 else smooth(x)


def studied(score, *, trials=60):
    study = SimulatedStudy(score, num_given=DIMS, num_latent_dims=DIMS)
    weights = np.random.default_rng(0).standard_normal((trials, DIMS))
    study.add(weights / np.linalg.norm(weights, axis=1, keepdims=True))
    history = study.history()
    directions = Directions.from_correlation(history.space.correlation)
    return Beliefs.of(history, directions, start=0), directions, study


def probability(model, points):
    return np.exp(
        log_feasibility(model.success.predict(points), noise=model.success.kernel.noise)[0]
    )


def elsewhere(study, directions, *, n=300):
    """New points, and their latents' directions."""
    weights = np.random.default_rng(1).standard_normal((n, DIMS))
    latents = weights @ study.seed_latents(DIMS)
    unit = latents / np.linalg.norm(latents, axis=1, keepdims=True)
    norms = np.linalg.norm(study.seed_latents(DIMS), axis=1)
    return directions.from_weights(weights * norms), unit


def test_the_score_is_modelled_from_the_trials_that_have_one():
    model, directions, study = studied(beyond_a_border)
    known = np.isfinite(study.scores)
    assert len(model.posterior.points) == known.sum() < len(known) == len(model.success.points)
    points = directions.from_weights(study.history().weights)
    np.testing.assert_allclose(model.posterior.points, points[known])
    # what failed is no point to propose again
    assert not model.is_new(points[~known][0])


def test_a_border_is_found():
    model, directions, study = studied(beyond_a_border)
    points, latents = elsewhere(study, directions)
    found, fails = probability(model, points), latents[:, 1] > 0.1
    assert found[~fails].mean() > 0.7 > 0.4 > found[fails].mean()


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_chance_is_no_border(share):
    """A probability about the share that succeeds; beside a border it varies by 0.4 and more."""
    model, directions, study = studied(by_chance(share))
    found = probability(model, elsewhere(study, directions)[0])
    assert found.std() < 0.25
    assert found.mean() == pytest.approx(1 - share, abs=0.2)


def test_trials_under_way_are_believed_to_go_as_expected():
    model, directions, study = studied(beyond_a_border)
    point = elsewhere(study, directions, n=1)[0]
    after = model.believing(point[0])
    np.testing.assert_allclose(
        after.success.mean(point), model.success.mean(point), rtol=1e-6, atol=1e-9
    )
    assert after.success.predict(point).spread < 0.01 * model.success.predict(point).spread


@pytest.mark.parametrize(
    ("outcomes", "draws"),
    [("ffffffss", False), ("fffffffs", True), ("sfffffff", True), ("ssffff", True)],
)
def test_failed_trials_are_part_of_the_opening_if_two_others_have_a_score(outcomes, draws):
    made = iter(outcomes)
    study = SimulatedStudy(
        lambda x: smooth(x) if next(made) == "s" else np.nan, num_given=0, num_latent_dims=64
    )
    study.add(np.eye(len(outcomes)))
    proposal = LatentGPSearch().propose(study.history(), 1, np.random.default_rng(0))
    assert (np.count_nonzero(proposal) == 1) == draws


@pytest.mark.parametrize("failures_in_a_row", [0, 1, 5])
def test_each_failure_in_a_row_makes_it_more_cautious(failures_in_a_row):
    results = iter([1.0, 2.0, np.nan, 1.5, 3.0, 2.5] + [np.nan] * failures_in_a_row)
    model, _, _ = studied(lambda x: next(results), trials=6 + failures_in_a_row)
    assert model.caution == 4 * (1 + failures_in_a_row)
