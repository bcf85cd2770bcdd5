from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.zoo.microstructure.two_phase_conduction import (
    conductivity_bounds,
    effective_conductivity,
)

PICTURES = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=12))
CONTRASTS = st.floats(1.0, 1e4)
SIDES = st.sampled_from(["periodic", "insulated"])


@settings(max_examples=10, deadline=None)
@given(row=arrays(bool, st.integers(1, 20)), width=st.integers(1, 15), c=CONTRASTS, sides=SIDES)
def test_layers_along_and_across_the_current(row, width, c, sides):
    """Arithmetic mean along the layers, harmonic mean across them."""
    k = np.where(row, c, 1.0)
    layers = np.repeat(row[:, None], width, axis=1)
    along = effective_conductivity(layers, contrast=c, sides=sides)
    across = effective_conductivity(layers, contrast=c, sides=sides, direction="y")
    assert along == pytest.approx(k.mean(), rel=1e-9)
    assert across == pytest.approx(1.0 / (1.0 / k).mean(), rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(phases=PICTURES, c=CONTRASTS, sides=SIDES, direction=st.sampled_from(["x", "y"]))
def test_wiener_bounds_hold_for_every_picture(phases, c, sides, direction):
    k = effective_conductivity(phases, contrast=c, sides=sides, direction=direction)
    bounds = conductivity_bounds(float(phases.mean()), contrast=c)
    assert bounds.wiener_lower * (1 - 1e-9) <= k <= bounds.wiener_upper * (1 + 1e-9)


@settings(max_examples=10, deadline=None)
@given(phases=PICTURES, c=CONTRASTS, sides=SIDES)
def test_symmetries(phases, c, sides):
    k = effective_conductivity(phases, contrast=c, sides=sides)
    mirrored = effective_conductivity(phases[:, ::-1], contrast=c, sides=sides)
    turned = effective_conductivity(phases.T, contrast=c, sides=sides, direction="y")
    assert mirrored == pytest.approx(k, rel=1e-9)
    assert turned == pytest.approx(k, rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(phases=PICTURES, c=st.floats(1.0, 100.0), seed=st.integers(0, 1000))
def test_more_of_the_conductor_never_conducts_less(phases, c, seed):
    more = phases | (np.random.default_rng(seed).random(phases.shape) < 0.2)
    k = effective_conductivity(phases, contrast=c)
    assert effective_conductivity(more, contrast=c) >= k * (1 - 1e-9)


def test_one_pixel_by_hand():
    """Two parallel rows, insulated: 2 k in series with the rest, by Ohm's law."""
    phases = np.array([[True, False]])
    assert effective_conductivity(phases, contrast=3.0) == pytest.approx(2 / (1 / 3 + 1))


def checkerboard(cells: int) -> np.ndarray:
    """One period, cut through the middle of squares, where by symmetry potentials are even."""
    square = np.indices((2 * cells, 2 * cells)) // cells
    return np.roll(square.sum(axis=0) % 2 == 0, cells // 2, axis=1)


@pytest.mark.parametrize("contrast", [4.0, 10.0])
def test_checkerboards_tend_to_the_geometric_mean(contrast):
    """Keller 1964, J. Math. Phys. 5, 548; Dykhne 1971, Sov. Phys. JETP 32, 63."""
    errors = [
        abs(effective_conductivity(checkerboard(n), contrast=contrast) / np.sqrt(contrast) - 1)
        for n in (8, 16, 32, 64)
    ]
    assert all(fine < 0.7 * coarse for coarse, fine in pairwise(errors))
    assert errors[-1] < 0.03


@settings(max_examples=15, deadline=None)
@given(v=st.floats(0.01, 0.99), c=st.floats(1.01, 1e3))
def test_hashin_shtrikman_bounds_are_dual_in_the_plane(v, c):
    """Exchanging the phases turns one bound into the other: k_upper(v) k_lower(1 - v) = c."""
    upper = conductivity_bounds(v, contrast=c).hashin_shtrikman_upper
    lower = conductivity_bounds(1.0 - v, contrast=c).hashin_shtrikman_lower
    assert upper * lower == pytest.approx(c, rel=1e-6)


@pytest.mark.parametrize(
    ("phases", "parameters", "words"),
    [
        (np.zeros(4), {}, "shape"),
        (np.zeros((0, 4)), {}, "shape"),
        (np.full((2, 2), 0.5), {}, "other than 0 and 1"),
        (np.full((2, 2), np.nan), {}, "other than 0 and 1"),
        ("rock", {}, "two phases"),
        (np.zeros((2, 2)), {"contrast": 0.5}, "contrast"),
        (np.zeros((2, 2)), {"contrast": float("nan")}, "contrast"),
        (np.zeros((2, 2)), {"direction": "z"}, "direction"),
        (np.zeros((2, 2)), {"sides": "open"}, "sides"),
    ],
)
def test_bad_input(phases, parameters, words):
    with pytest.raises(ArgumentError, match=words):
        effective_conductivity(phases, **parameters)
