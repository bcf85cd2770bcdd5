import html
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_spaces_by_example.report.markup import (
    Html,
    element,
    section,
    shown,
    shown_alike,
    shown_difference,
    table,
    text,
)


@given(st.text())
def test_text_comes_back_but_for_what_cannot_be_shown(words):
    back = html.unescape(text(words))
    assert len(back) == len(words)
    for was, now in zip(words, back, strict=True):
        assert now in (was, "\N{REPLACEMENT CHARACTER}")
        assert was != now or was.isprintable() or was in "\t\n" or ord(was) > 127
    back.encode("utf-8")


@given(st.text(), st.text())
def test_no_text_is_markup(words, value):
    made = element("p", words, title=value)
    inner = made.removeprefix("<p ").removesuffix("</p>")
    assert inner.count("<") == 0
    assert inner.count('"') == 2
    assert inner.count(">") == 1


@pytest.mark.parametrize("hidden", ["\u202e", "\x00", "\ud800", "\x1b", "\u2066"])
def test_what_changes_the_text_after_it_is_replaced(hidden):
    assert text(f"a{hidden}b") == "a\N{REPLACEMENT CHARACTER}b"


def test_markup_is_kept_and_strings_are_escaped():
    assert element("p", Html("<b>x</b>"), "<i>") == "<p><b>x</b>&lt;i&gt;</p>"


def test_a_section_without_content_is_not_there():
    assert section("Title", "", Html(), anchor="a") == ""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"),
        (1234567, "1234567"),
        (1234567.0, "1.235\u00d710⁶"),
        (-0.00123456, "\u22120.001235"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "\u2212∞"),
        (10**30, "1.000\u00d710³⁰"),
        ("thick", "thick"),
        (False, "no"),
    ],
)
def test_figures(value, said):
    assert shown(value) == said


@given(st.floats(-1e300, 1e300, allow_subnormal=False))
def test_four_digits_are_kept(value):
    said = shown(value).replace("\N{MINUS SIGN}", "-")
    mantissa, _, power = said.partition("\u00d710")
    plain = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    back = float(f"{mantissa}e{plain or 0}")
    assert back == pytest.approx(value, rel=6e-4)


def test_figures_to_compare_share_their_decimals():
    assert shown_alike([124.7, 4.0, 90.26]) == ["124.7", "4.0", "90.3"]
    assert shown_alike([1e-9, 4.0, None, True]) == ["1.000\u00d710⁻⁹", "4", "", "yes"]


def test_a_difference_is_rounded_like_what_it_is_between():
    assert shown_difference(90.26, 124.7) == "\u221234.4"
    assert shown_difference(1.0, 1.0 + 1e-11) == "0"
    assert shown_difference(3, 1) == "+2"


def test_a_table_names_its_columns_and_rows():
    made = table(["", "a"], [["first", "1"]], label="of <b>")
    assert '<th scope="col">a</th>' in made
    assert '<th scope="row">first</th>' in made
    assert 'aria-label="of &lt;b&gt;"' in made
