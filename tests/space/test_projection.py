import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import OutsideSpaceError

RULES = ["linear", "shell"]


@pytest.fixture
def seeds():
    rng = np.random.default_rng(0)
    return rng.standard_normal((4, 6, 10)) + 0.5 * rng.standard_normal((6, 10))


@pytest.mark.parametrize("combination", RULES)
def test_inside_the_space_it_is_the_inverse(seeds, combination):
    chart = lsbe.SurrogateChart(seeds, combination=combination)
    z = chart.from_u_to_z(np.random.default_rng(1).random((5, 3)))
    projection = chart.project(z)
    np.testing.assert_allclose(projection.w, chart.from_z_to_w(z), rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(projection.residual, 0.0, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(projection.norm_ratio, 1.0, rtol=1e-12)


@pytest.mark.parametrize("combination", RULES)
def test_it_finds_the_largest_cosine(seeds, combination):
    chart = lsbe.SurrogateChart(seeds, combination=combination)
    rng = np.random.default_rng(2)
    z = rng.standard_normal((6, 6, 10)) + seeds[:1]
    projection = chart.project(z)
    flat = z.reshape(6, -1) / np.linalg.norm(z.reshape(6, -1), axis=1, keepdims=True)

    def cosines(w):
        candidates = chart.from_w_to_z(w).reshape(len(w), -1)
        return candidates @ flat.T / np.linalg.norm(candidates, axis=1, keepdims=True)

    best = np.diagonal(cosines(projection.w))
    np.testing.assert_allclose(projection.residual, np.sqrt(1.0 - best**2), rtol=1e-9)
    # a cone is convex, so a direction that beats its neighbours beats all; try some of those too
    anywhere = rng.standard_normal((500, 4))
    nearby = (projection.w + 0.01 * rng.standard_normal((200, 6, 4))).reshape(-1, 4)
    rivals = np.abs(np.concatenate([anywhere, nearby]))
    rivals /= np.linalg.norm(rivals, axis=1, keepdims=True)
    assert (cosines(rivals).max(axis=0) <= best + 1e-12).all()


def test_a_longer_latent_has_the_ratio_of_norms(seeds):
    chart = lsbe.SurrogateChart(seeds)
    z = chart.from_w_to_z(np.full((1, 4), 0.5))
    projection = chart.project(1.7 * z)
    np.testing.assert_allclose(projection.w, 0.5, rtol=1e-12)
    np.testing.assert_allclose(projection.norm_ratio, 1.7, rtol=1e-12)


def test_wrong_side_of_the_orthant_lands_on_its_face(seeds):
    chart = lsbe.SurrogateChart(seeds)
    projection = chart.project(chart.from_w_to_z(np.array([[0.9, -np.sqrt(0.19), 0.0, 0.0]])))
    assert projection.w[0, 1] == 0.0
    assert projection.residual[0] > 0.1


def test_nothing_is_near_the_opposite_of_orthogonal_seeds():
    chart = lsbe.SurrogateChart(np.eye(3, 8))
    with pytest.raises(OutsideSpaceError, match="right angle"):
        chart.project(-np.eye(3, 8)[:1])
