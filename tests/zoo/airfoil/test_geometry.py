import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.zoo.airfoil import (
    cosine_grid,
    find_section,
    naca_section,
    normalise,
    resample,
    to_selig_order,
)

NAMES = ["naca2412", "s1223", "rae2822", "e387", "fx63137", "naca0006"]


def cst_section(points_per_side, *, gap=0.0):
    """A smooth section with a nose of known form, and its exact ordinates as functions."""

    def upper(x):
        return np.sqrt(x) * (1 - x) * (0.16 + 0.1 * x - 0.05 * x**2) + gap / 2 * x

    def lower(x):
        return -np.sqrt(x) * (1 - x) * (0.16 - 0.2 * x) - gap / 2 * x

    x = cosine_grid(points_per_side)
    top, bottom = np.c_[x, upper(x)], np.c_[x, lower(x)]
    return np.concatenate([top[::-1], bottom[1:]]), upper, lower


def transformed(points, *, angle, scale, shift):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * points @ turn.T + shift


@pytest.mark.parametrize("name", NAMES)
def test_normal_position(name):
    section = normalise(find_section(name))
    np.testing.assert_allclose((section[0] + section[-1]) / 2, [1, 0], atol=1e-13)
    distance = np.hypot(*(section - [1, 0]).T)
    assert distance.max() <= 1 + 1e-12
    assert distance.max() > 1 - 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_resampled_section_is_on_the_grid(name):
    section = resample(find_section(name))
    grid = cosine_grid(64)
    assert section.shape == (127, 2)
    np.testing.assert_array_equal(section[:, 0], np.concatenate([grid[::-1], grid[1:]]))
    assert tuple(section[63]) == (0.0, 0.0)


def test_resampled_ordinates_are_those_of_the_formula():
    # A symmetric section is in normal position already, so its formula is the reference.
    section = resample(naca_section("0012"))
    x = cosine_grid(64)
    half = 0.6 * (0.2969 * np.sqrt(x) - 0.126 * x - 0.3516 * x**2 + 0.2843 * x**3 - 0.1015 * x**4)
    np.testing.assert_allclose(section[63:, 1], -half, atol=2e-6)
    np.testing.assert_allclose(section[63::-1, 1], half, atol=2e-6)


@settings(max_examples=10, deadline=None)
@given(
    angle=st.floats(-0.3, 0.3),
    scale=st.floats(0.01, 1000.0),
    shift=st.tuples(st.floats(0.1, 5), st.floats(-5, 5)),
    gap=st.floats(0.0, 0.03),
)
def test_position_scale_and_rotation_do_not_matter(angle, scale, shift, gap):
    section, _, _ = cst_section(60, gap=gap)
    moved = transformed(section, angle=angle, scale=scale, shift=np.array(shift) * scale)
    other = section + np.array(
        [0.3, 0.2]
    )  # not in normal position either, so its nose is searched for
    np.testing.assert_allclose(normalise(moved), normalise(other), atol=1e-10)
    np.testing.assert_allclose(resample(moved), resample(other), atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_both_are_idempotent(name):
    section = find_section(name)
    np.testing.assert_allclose(normalise(section), section, atol=1e-12)
    once = resample(section)
    np.testing.assert_allclose(resample(once), once, atol=1e-7)
    np.testing.assert_array_equal(normalise(once), once)


@pytest.mark.parametrize("gap", [0.0, 0.01])
def test_orders_of_points(gap):
    selig, _, _ = cst_section(40, gap=gap)
    upper, lower = selig[:40], selig[39:]
    lednicer = np.concatenate([upper[::-1], lower])
    lower_first = np.concatenate([lower, upper[::-1]])
    round_from_nose = np.concatenate([upper[::-1], lower[::-1]])
    for other in (selig[::-1], lednicer, lower_first, round_from_nose, round_from_nose[::-1]):
        np.testing.assert_array_equal(to_selig_order(other), selig)
        np.testing.assert_array_equal(resample(other), resample(selig))


def test_repeated_points_and_the_base_of_a_blunt_edge_are_dropped():
    selig, _, _ = cst_section(40, gap=0.02)
    repeated = np.repeat(selig, 2, axis=0)
    np.testing.assert_array_equal(to_selig_order(repeated), selig)
    closed = np.concatenate([[[1.0, 0.0], [1.0, 0.005]], selig, [[1.0, -0.004], [1.0, 0.0]]])
    np.testing.assert_array_equal(to_selig_order(closed), selig)


def test_reordering_can_be_left_out():
    swapped = cst_section(40)[0][::-1]
    kept = resample(swapped, reorder=False)
    assert kept[20, 1] < 0 < kept[-20, 1]
    np.testing.assert_allclose(resample(swapped), kept[::-1], atol=1e-9)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((10, 3)), r"shape \(n_points, 2\)"),
        (np.zeros((3, 2)), "at least 7 points"),
        (np.zeros((10, 2)), "all be the same point"),
        ([[0, "a"]] * 9, "cannot be read as real numbers"),
        (np.r_[cst_section(10)[0], [[np.nan, 0.0]]], "row 19"),
        (np.repeat(cst_section(10)[0][::6], 3, axis=0), "7 different points"),
        (np.c_[np.linspace(0, 1, 20), np.zeros(20)], "start at the leading edge"),
    ],
)
def test_bad_coordinates(bad, message):
    for function in (resample, to_selig_order):
        with pytest.raises(ArgumentError, match=message):
            function(bad)


@pytest.mark.parametrize("bad", [7, 0, -3, True])
def test_bad_number_of_points(bad):
    with pytest.raises(ArgumentError, match="points_per_side"):
        resample(cst_section(10)[0], points_per_side=bad)
