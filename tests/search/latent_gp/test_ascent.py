import numpy as np

from latent_spaces_by_example.search.latent_gp.ascent import climb_circle, climb_orthant
from latent_spaces_by_example.search.latent_gp.directions import Directions, on_sphere


def towards(goal):
    return lambda points: (points @ goal, np.tile(goal, (len(points), 1)))


def test_circle_finds_the_point_nearest_to_the_goal():
    rng = np.random.default_rng(0)
    goal, centre = on_sphere(rng.standard_normal((2, 30)))
    points, values = climb_circle(
        towards(goal), rng.standard_normal((8, 30)), centre=centre, angle=0.4, iterations=40
    )
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1)
    np.testing.assert_allclose(points @ centre, np.cos(0.4))
    between = np.arccos(goal @ centre)
    assert (values > np.cos(between - 0.4) - 1e-4).all()


def test_circle_of_a_space_without_directions_is_its_centre():
    points, _ = climb_circle(
        towards(np.ones(1)), np.ones((3, 1)), centre=np.ones(1), angle=0.0, iterations=3
    )
    np.testing.assert_array_equal(points, 1)


def test_a_climb_never_goes_down():
    rng = np.random.default_rng(1)

    def wave(x):
        return np.sin(20 * x).sum(axis=1), 20 * np.cos(20 * x)

    centre = np.eye(5)[0]
    tangents = rng.standard_normal((8, 5))
    tangents[:, 0] = 0
    starts = np.cos(0.7) * centre + np.sin(0.7) * on_sphere(tangents)
    _, values = climb_circle(wave, tangents, centre=centre, angle=0.7, iterations=10)
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
