"""What the embedded models have in common: refusals, and Heun's method there and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators import load
from latent_spaces_by_example.zoo.embedded import flow_backward, flow_forward


@pytest.mark.parametrize("name", ["airfoil", "digits", "microstructure:size=8"])
def test_latents_that_are_none_are_refused(name):
    generator = load(name)
    shape = generator.latent_shape
    for z, message in [
        (np.zeros((2, 5)), r"z has shape \(2, 5\)"),
        (np.zeros(shape), r"z\[None\]"),
        (np.zeros((1, *shape), dtype=int), "z .*floating-point"),
        (np.full((2, *shape), np.nan), "z .*NaN or infinite"),
        ("noise", "z .*float16, float32 or float64"),
    ]:
        with pytest.raises(ArgumentError, match=message):
            generator.generate(z)


def linear(x, t):
    return (1.0 + t) * x


def swirling(x, t):
    return np.stack([np.sin(2.0 * x[:, 1] + t), np.cos(3.0 * x[:, 0]) - x[:, 1]], axis=1)


def test_forward_is_of_second_order():
    z = np.array([[1.0, -2.0]])
    exact = z * np.exp(1.5)
    errors = [np.abs(flow_forward(linear, z, steps=n) - exact).max() for n in (20, 40)]
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.1)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(3, 30))
def test_backward_undoes_forward(seed, steps):
    z = 3.0 * np.random.default_rng(seed).standard_normal((5, 2))
    y = flow_forward(swirling, z, steps=steps)
    found = flow_backward(swirling, y, steps=steps)
    # a step of a third is long for this field: what must hold is that the output comes back
    assert np.abs(flow_forward(swirling, found, steps=steps) - y).max() < 1e-3
    if steps >= 10:
        assert np.abs(found - z).max() < 1e-3


def test_rows_are_independent_across_chunks():
    z = np.random.default_rng(1).standard_normal((1300, 2))
    together = flow_forward(swirling, z, steps=5)
    np.testing.assert_array_equal(together[600:601], flow_forward(swirling, z[600:601], steps=5))


@pytest.mark.parametrize("flow", [flow_forward, flow_backward])
def test_no_rows(flow):
    assert flow(swirling, np.empty((0, 2)), steps=3).shape == (0, 2)
