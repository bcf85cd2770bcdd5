import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latent_spaces_by_example.report.formatting import (
    shown,
    shown_alike,
    shown_difference,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234567, "1234567"),
        (1234567.0, "1.235\u00d710⁶"),
        (-0.00123456, "\u22120.001235"),
        (math.nan, "NaN"),
        (-math.inf, "\u2212∞"),
        (10**30, "1.000\u00d710³⁰"),
        ("thick", "thick"),
        (False, "no"),
    ],
)
def test_values(value, text):
    assert shown(value) == text


@settings(max_examples=40)
@given(st.floats(-1e300, 1e300, allow_subnormal=False))
def test_four_digits_are_kept(value):
    mantissa, _, power = shown(value).replace("\N{MINUS SIGN}", "-").partition("\u00d710")
    plain = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    assert float(f"{mantissa}e{plain or 0}") == pytest.approx(value, rel=6e-4)


def test_values_to_compare_share_their_decimals():
    assert shown_alike([124.7, 4.0, 90.26]) == ["124.7", "4.0", "90.3"]
    assert shown_alike([1e-9, 4.0, None, True]) == ["1.000\u00d710⁻⁹", "4", "", "yes"]


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (90.26, 124.7, "\u221234.4"),
        (1.0, 1.0 + 1e-11, "0"),
        (3, 1, "+2"),
        ("3", "1", ""),
        (True, False, ""),
        (1.0, None, ""),
    ],
)
def test_only_quantities_differ_and_to_their_own_decimals(first, second, text):
    assert shown_difference(first, second) == text
