"""Steps by the model and blind ones, and the climbs to them."""

from dataclasses import replace

import numpy as np
import pytest

from latent_spaces_by_example.search.latent_gp.acquisition import Beliefs
from latent_spaces_by_example.search.latent_gp.directions import Directions, on_sphere
from latent_spaces_by_example.search.latent_gp.process import AngleKernel, Posterior
from latent_spaces_by_example.search.latent_gp.steps import (
    climb_orthant,
    climb_ring,
    step_anywhere,
    step_blindly,
)


def towards(goal):
    return lambda points: (points @ goal, np.tile(goal, (len(points), 1)))


@pytest.mark.parametrize("angles", [(0.1, 0.4), (0.4, 0.4), (0.0, np.pi)])
def test_ring_finds_the_point_nearest_to_the_goal(angles):
    rng = np.random.default_rng(0)
    goal, centre = on_sphere(rng.standard_normal((2, 30)))
    points, values = climb_ring(
        towards(goal), rng.standard_normal((8, 30)), centre=centre, angles=angles, iterations=60
    )
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1)
    assert (points @ centre <= np.cos(angles[0]) + 1e-12).all()
    assert (points @ centre >= np.cos(angles[1]) - 1e-12).all()
    farther = max(np.arccos(goal @ centre) - angles[1], 0.0)
    assert (values > np.cos(farther) - 1e-3).all()


def test_ring_keeps_away_from_a_goal_at_its_centre():
    rng = np.random.default_rng(0)
    centre = on_sphere(rng.standard_normal((1, 30)))[0]
    _, values = climb_ring(
        towards(centre),
        rng.standard_normal((8, 30)),
        centre=centre,
        angles=(0.2, 1.0),
        iterations=60,
    )
    np.testing.assert_allclose(values, np.cos(0.2), atol=1e-9)


def test_ring_of_a_space_of_one_dimension():
    points, _ = climb_ring(
        towards(np.ones(1)), np.ones((3, 1)), centre=np.ones(1), angles=(0.1, 0.4), iterations=3
    )
    np.testing.assert_allclose(points, 1)


def test_a_climb_never_goes_down():
    rng = np.random.default_rng(1)

    def wave(x):
        return np.sin(20 * x).sum(axis=1), 20 * np.cos(20 * x)

    starts = on_sphere(rng.standard_normal((8, 5)))
    _, values = climb_ring(wave, starts, centre=starts[0], angles=(0.0, np.pi), iterations=10)
    assert (values >= wave(starts)[0] - 1e-12).all()


def test_orthant_finds_the_face():
    # the goal has weights of both signs, so that the best non-negative ones lie on a face
    rng = np.random.default_rng(2)
    latents = on_sphere(rng.standard_normal((4, 50)))
    directions = Directions.from_correlation(latents @ latents.T)
    goal = directions.from_weights(np.array([[0.6, -0.5, 0.3, -0.2]]))[0]
    starts = on_sphere(np.abs(rng.standard_normal((8, 4))))
    weights, values = climb_orthant(towards(goal), starts, directions=directions, iterations=60)
    assert (weights >= 0).all()
    np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1)
    best = weights[values.argmax()]
    assert best[1] == 0
    assert best[3] == 0
    grid = on_sphere(np.abs(rng.standard_normal((200_000, 2))))
    on_face = np.zeros((len(grid), 4))
    on_face[:, [0, 2]] = grid
    assert values.max() >= (directions.from_weights(on_face) @ goal).max() - 1e-6


def test_orthant_uses_the_seed_latents_correlation():
    correlation = np.array([[1.0, 0.9], [0.9, 1.0]])
    directions = Directions.from_correlation(correlation)
    goal = directions.from_weights(np.array([[0.8, 0.6]]))[0]
    weights, _ = climb_orthant(
        towards(goal), np.array([[0.0, 1.0], [1.0, 0.0]]), directions=directions, iterations=60
    )
    np.testing.assert_allclose(weights, [[0.8, 0.6]] * 2, atol=5e-3)


DIMS = 12


ANGLE, MOST = 0.2, 0.8


def model_of_a_trend(*, noise, constrained=False, said=False, smooth=0.1, num_scored=30):
    """Scores that rise along the first axis, and are known exactly; the model is told of noise."""
    rng = np.random.default_rng(0)
    points = on_sphere(rng.standard_normal((num_scored, DIMS)))
    points[:, -1] = 0  # where the fresh draw lies
    points = on_sphere(points)
    kernel = AngleKernel(linear=1.0, smooth=smooth, length=0.7, noise=noise)
    posterior = Posterior.given(points, 2 * points[:, 0], kernel=kernel)
    leader = int(np.argmax(posterior.mean(points)))
    return Beliefs(
        posterior,
        points[leader],
        float(posterior.mean(points)[leader]),
        constraints=(posterior,) if constrained else (),
        is_known_noisy=said,
    )


def step(model):
    fresh = np.eye(DIMS)[-1:]
    return step_blindly(model, fresh, angle=ANGLE, most=MOST)


def test_without_noise_it_is_a_hill_climbs_step():
    model = model_of_a_trend(noise=1e-4)
    expected = np.cos(ANGLE) * model.incumbent
    expected[-1] = np.sin(ANGLE)
    np.testing.assert_allclose(step(model), expected, atol=1e-12)


def test_a_model_is_noisy_where_a_short_step_tells_of_noise_most():
    """For linear scores that is a noise of sin(0.06)^2 of their variance."""
    assert not model_of_a_trend(noise=1e-3).is_noisy
    assert model_of_a_trend(noise=1e-2).is_noisy


def test_a_model_is_noisy_where_that_is_said():
    assert model_of_a_trend(noise=1e-4, said=True).is_noisy


def correlation(model, angle):
    kernel = model.posterior.kernel
    return float(kernel(np.cos([angle]))[0] / kernel.variance)


@pytest.mark.parametrize(
    ("noise", "said", "times"),
    [(0.2, False, 1), (0.5, False, 1), (0.05, True, 2.5), (0.1, True, 2.5), (0.3, True, 2.5)],
)
def test_noise_makes_it_so_long_that_it_tells_as_much_or_more(noise, said, times):
    model = model_of_a_trend(noise=noise, said=said)
    angle = np.arcsin(step(model)[-1])
    variance = model.posterior.kernel.variance
    told = variance * (1 - correlation(model, angle) ** 2)
    assert told == pytest.approx(times * noise)
    assert angle > ANGLE


@pytest.mark.parametrize("noise", [1.0, 4.0])
def test_but_no_further_than_where_scores_have_to_do_with_each_other(noise):
    model = model_of_a_trend(noise=noise, said=True, smooth=0.9)
    assert correlation(model, np.arcsin(step(model)[-1])) == pytest.approx(0.35)


def test_of_noise_that_is_said_it_tells_as_much_as_of_any_where_there_is_no_trend():
    said, unsaid = (model_of_a_trend(noise=0.2, said=s, smooth=1.1) for s in (True, False))
    assert not said.is_noisy_trend
    np.testing.assert_array_equal(step(said), step(unsaid))


def test_nothing_is_longer_than_the_longest():
    assert np.arcsin(step(model_of_a_trend(noise=4.0))[-1]) == pytest.approx(1.2)


def test_with_noise_it_begins_where_the_mean_is_highest_nearby():
    model = model_of_a_trend(noise=0.2)
    known = step(model)[:-1]
    centre = np.append(known / np.linalg.norm(known), 0.0)
    away = np.arccos(centre @ model.incumbent)
    assert away <= 0.5 * MOST + 1e-9
    near = model.incumbent + 0.08 * np.random.default_rng(1).standard_normal((500, DIMS))
    near[:, -1] = 0
    near = on_sphere(near)
    near = near[near @ model.incumbent > np.cos(0.5 * MOST)]
    assert len(near) > 400
    assert model.posterior.mean(centre[None])[0] > model.posterior.mean(near).max()


def test_under_constraints_it_begins_at_the_incumbent():
    model = model_of_a_trend(noise=0.2, constrained=True)
    known = step(model)[:-1]
    centre = np.append(known / np.linalg.norm(known), 0.0)
    np.testing.assert_allclose(centre, model.incumbent, atol=1e-12)


def by_the_model(model, *, fresh=None, least=0.24):
    fresh = np.eye(DIMS)[-1:] if fresh is None else fresh
    return step_anywhere(model, fresh, angles=(least, MOST), rng=np.random.default_rng(3))


@pytest.mark.parametrize("least", [0.0, 0.24])
def test_a_step_by_the_model_leaves_the_span_of_what_was_scored(least):
    model = model_of_a_trend(noise=1e-6)
    point = by_the_model(model, least=least)
    assert np.linalg.norm(point) == pytest.approx(1)
    assert abs(point[-1]) >= np.sin(0.15 * MOST) - 1e-12
    # and loses little by that: it is still far above what it stepped from
    assert model.posterior.mean(point[None])[0] > model.best


@pytest.mark.parametrize(
    ("num_scored", "num_pending", "times"),
    [(30, 1, 1.04), (30, 7, 1.28), (8, 1, 1.56), (8, 7, 4.94), (4, 7, 1 / 0.15)],
)
def test_beside_pending_trials_it_leaves_further_while_few_have_a_score(
    num_scored, num_pending, times
):
    model = model_of_a_trend(noise=1e-6, num_scored=num_scored)
    # so far away that they have no say in the step itself
    there = -model.incumbent + 0.1 * np.eye(DIMS)[1 : 1 + num_pending]
    for point in on_sphere(there):
        model = model.believing(point)
    # points of the same batch are no reason
    assert np.arcsin(abs(by_the_model(model)[-1])) == pytest.approx(0.15 * MOST, rel=0.01)
    model = replace(model, num_pending=num_pending)
    # never by more than a step may be long
    assert np.arcsin(abs(by_the_model(model)[-1])) == pytest.approx(times * 0.15 * MOST, rel=0.01)


def test_noise_makes_it_leave_further_by_half_of_the_largest_angle_at_most():
    model = model_of_a_trend(noise=0.05)
    telling = model.posterior.kernel.telling_angle(1.2)
    assert 0.15 * MOST < telling < 0.5 * MOST
    assert np.arcsin(abs(by_the_model(model)[-1])) == pytest.approx(telling)
    model = model_of_a_trend(noise=3.0)
    assert np.arcsin(abs(by_the_model(model)[-1])) == pytest.approx(0.5 * MOST)


def test_where_every_direction_was_scored_it_goes_where_the_model_says():
    model = model_of_a_trend(noise=1e-6)
    known = by_the_model(model, fresh=np.eye(DIMS)[:1])
    assert known[-1] == 0
    # along the trend, as far as steps may go
    assert np.arccos(known @ model.incumbent) == pytest.approx(MOST)
