import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError


def look_alikes(num_seeds=8, correlation=0.3, num_dims=4000):
    rng = np.random.default_rng(0)
    shared, own = rng.standard_normal(num_dims), rng.standard_normal((num_seeds, num_dims))
    return np.sqrt(correlation) * shared + np.sqrt(1.0 - correlation) * own


def test_shell_keeps_correlated_candidates_at_the_seeds_norms_and_linear_does_not():
    seeds = look_alikes()
    w = np.full((1, 8), np.sqrt(1.0 / 8.0))
    norms = np.linalg.norm(seeds, axis=1)
    shell = lsbe.SurrogateChart(seeds, combination="shell").from_w_to_z(w)
    linear = lsbe.SurrogateChart(seeds).from_w_to_z(w)
    expected = np.sqrt((norms**2).mean())
    np.testing.assert_allclose(np.linalg.norm(shell), expected, rtol=1e-12)
    # 1 + 7 * 0.3 = 3.1 times the squared norm, but for sampling.
    np.testing.assert_allclose(np.linalg.norm(linear) ** 2 / expected**2, 3.1, rtol=0.05)


def test_shell_interpolates_the_seeds_norms():
    seeds = look_alikes(2) * np.array([[1.0], [3.0]])
    chart = lsbe.SurrogateChart(seeds, combination="shell")
    w = np.array([[0.6, 0.8], [0.6, -0.8]])
    z = chart.from_w_to_z(w)
    expected = np.sqrt(w**2 @ (seeds**2).sum(axis=1))
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), expected, rtol=1e-12)
    unit = seeds / np.linalg.norm(seeds, axis=1, keepdims=True)
    direction = w @ unit
    cosine = np.einsum("nd,nd->n", z, direction)
    cosine /= np.linalg.norm(z, axis=1) * np.linalg.norm(direction, axis=1)
    np.testing.assert_allclose(cosine, 1.0, rtol=1e-12)


def test_for_orthogonal_seeds_of_one_norm_the_rules_agree():
    seeds = 5.0 * np.eye(4, 9)
    w = np.random.default_rng(0).standard_normal((20, 4))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    linear = lsbe.SurrogateChart(seeds).from_w_to_z(w)
    shell = lsbe.SurrogateChart(seeds, combination="shell").from_w_to_z(w)
    np.testing.assert_allclose(shell, linear, rtol=0.0, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shell_says_when_directions_cancel(dtype):
    seeds = look_alikes(2, correlation=1.0 - 1e-13).astype(dtype)
    seeds[1] += np.finfo(dtype).eps
    chart = lsbe.SurrogateChart(seeds, combination="shell")
    w = np.array([[0.8, 0.6], [np.sqrt(0.5), -np.sqrt(0.5)]])
    with pytest.raises(ArgumentError, match=r"w\[1\] makes the seed directions cancel"):
        chart.from_w_to_z(w)
    assert chart.from_w_to_z(w[:1]).dtype == dtype


def test_signed_one_hot_weights_give_the_seed_s_opposite():
    seeds = look_alikes(3)
    for combination in ("linear", "shell"):
        chart = lsbe.SurrogateChart(seeds, combination=combination)
        np.testing.assert_array_equal(chart.from_w_to_z(-np.eye(3)), -seeds)
