import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


@st.composite
def off_law_seeds(draw):
    """Seeds correlated with any signs, norms 0.45 to 3.6 of the expected, and unit weights."""
    num_seeds = draw(st.integers(1, 10))
    num_dims = draw(st.sampled_from([16, 64, 1000]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shared = rng.standard_normal(num_dims)
    loadings = rng.uniform(-1.0, 1.0, size=(num_seeds, 1)) * draw(st.floats(0.0, 3.0))
    seeds = loadings * shared + rng.standard_normal((num_seeds, num_dims))
    relative = rng.uniform(0.45, 3.6, size=(num_seeds, 1))
    seeds *= relative * np.sqrt(num_dims) / np.linalg.norm(seeds, axis=1, keepdims=True)
    w = rng.standard_normal((5, num_seeds))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    return seeds.astype(draw(st.sampled_from([np.float32, np.float64]))), w


@settings(max_examples=20, deadline=None)
@given(off_law_seeds())
def test_shell_keeps_norms_and_corners_and_has_an_exact_inverse(case):
    seeds, w = case
    eps = np.finfo(seeds.dtype).eps
    chart = lsbe.SurrogateChart(seeds, combination="shell")
    np.testing.assert_array_equal(chart.from_w_to_z(np.eye(len(seeds))), seeds)
    z = chart.from_w_to_z(w).astype(float)
    norms = np.linalg.norm(seeds.astype(float), axis=1)
    unit = seeds / norms[:, None]
    # the interpolated norm for any sign; where directions cancel, rounding counts for more
    rtol = 16 * eps / np.linalg.norm(w @ unit, axis=1)
    lengths = np.linalg.norm(z, axis=1)
    assert (np.abs(lengths / np.sqrt(w**2 @ norms**2) - 1) < rtol).all()
    assert (lengths > norms.min() * (1 - rtol)).all()
    assert (lengths < norms.max() * (1 + rtol)).all()
    positive = np.abs(w)
    smallest = np.linalg.svd(unit.astype(float), compute_uv=False)[-1]
    back = chart.from_z_to_w(chart.from_w_to_z(positive))
    np.testing.assert_allclose(back, positive, rtol=0.0, atol=64 * eps / smallest)
    wide = lsbe.SurrogateChart(seeds.astype(float), combination="shell")
    c = wide.coefficients(w)
    squares = np.einsum("nj,jk,nk->n", c, wide.gram, c)
    np.testing.assert_allclose(squares, (wide.from_w_to_z(w) ** 2).sum(axis=1), rtol=1e-9)


def test_shell_moves_continuously_into_a_corner():
    seeds = look_alikes(3) * np.array([[0.45], [3.6], [1.0]])
    chart = lsbe.SurrogateChart(seeds, combination="shell")
    near = np.array([[1.0, 1e-9, 0.0]])
    step = np.linalg.norm(chart.from_w_to_z(near)[0] - seeds[0])
    assert 0.0 < step < 1e-7 * np.linalg.norm(seeds[0])
