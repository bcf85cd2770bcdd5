"""What the embedded models have in common: refusals, and Heun's method there and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latent_spaces_by_example import generators, objectives
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.zoo.embedded import flow_backward, flow_forward


@pytest.mark.parametrize("name", ["airfoil", "digits", "microstructure:size=8"])
def test_latents_that_are_none_are_refused(name):
    generator = generators.load(name)
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


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("microstructure:size=1", "size"),
        ("microstructure:size=true", "size"),
        ("microstructure:correlation_length=0", "correlation_length"),
        ("microstructure:correlation_length=300", "correlation_length"),
        ("microstructure:correlation_length=nan", "correlation_length"),
        ("microstructure:volume_fraction=1", "volume_fraction"),
        ("microstructure:anisotropy=-1", "anisotropy"),
        ("microstructure:spectrum=pink", "gaussian, ring"),
        ("microstructure:size=4,correlation_length=0.01,spectrum=ring", "wave"),
        ("effective-conductivity:contrast=0", "contrast"),
        ("effective-conductivity:volume_fraction=0", "volume_fraction"),
        ("effective-conductivity:excess_cost=-1", "excess_cost"),
        ("effective-conductivity:direction=up", "direction"),
        ("effective-conductivity:sides=none", "sides"),
        ("digit-margin:digit=10", "digit"),
        ("digit-margin:slant=90", "slant"),
        ("digit-margin:slant=nan", "slant"),
        ("digit-margin:tolerance=0", "tolerance"),
        ("lift-to-drag:cl=0", "cl=0.0; expected a number above 0 and at most 3"),
        ("lift-to-drag:cl=3.5", "cl="),
        ("lift-to-drag:cl=nan", "cl="),
        ("lift-to-drag:reynolds=-1e6", "reynolds=.*from 1000 to 1e.09"),
        ("lift-to-drag:min_thickness=0.6", "min_thickness=0.6; .* from 0 to 0.5"),
        ("lift-to-drag:min_confidence=1", "min_confidence=1.0; .* 0 to 0.99"),
        ("lift-to-drag:max_fit_error=0", "max_fit_error=0.0; .* above 0"),
        ("lift-to-drag:model_size=huge", "model_size='huge'.*xxsmall, "),
        ("lift-to-drag:floors=walls", "floors='walls'.*constraints, penalties"),
    ],
)
def test_parameters_out_of_range_are_refused(spec, message):
    load = generators.load if spec.startswith("microstructure") else objectives.load
    with pytest.raises(ArgumentError, match=message):
        load(spec)


@pytest.mark.parametrize(
    "spec",
    [
        "effective-conductivity",
        "effective-conductivity:direction=y",
        "digit-margin",
        "digit-margin:digit=7,slant=-12.5,tolerance=4",
        "lift-to-drag:cl=0.8,floors=penalties",
    ],
)
def test_an_objective_is_made_again_from_its_spec(spec):
    objective = objectives.load(spec)
    again = objectives.load(objective.spec)
    assert (type(again), again) == (type(objective), objective)


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
