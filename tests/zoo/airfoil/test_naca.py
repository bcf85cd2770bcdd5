import numpy as np
import pytest

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.zoo.airfoil import find_section, naca_code, naca_section

# Ordinates in per cent chord at per cent stations, from Abbott and von Doenhoff, Theory of Wing
# Sections (1959), appendix III; two decimals, read off a graph's table, hence the tolerance.
STATIONS = [2.5, 5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 95, 100]
PUBLISHED = {
    "2412": (
        "2.99 4.13 5.63 6.61 7.26 7.67 7.88 7.80 7.24 6.36 5.18 3.75 2.08 1.14 0.13",
        "-2.27 -3.01 -3.75 -4.10 -4.23 -4.22 -4.12 -3.80 -3.34 -2.76 -2.14 -1.50 -0.82 -0.48 -0.13",
    ),
    "23012": (
        "3.61 4.91 6.43 7.19 7.50 7.60 7.55 7.14 6.41 5.47 4.36 3.08 1.68 0.92 0.13",
        "-1.71 -2.26 -2.92 -3.50 -3.97 -4.28 -4.46 -4.48 -4.17 -3.67 -3.00 -2.16 -1.23 -0.70 -0.13",
    ),
}


@pytest.mark.parametrize("code", sorted(PUBLISHED))
def test_published_ordinates(code):
    section = naca_section(code) * 100
    nose = int(np.argmin(section[:, 0]))
    upper, lower = section[nose::-1], section[nose:]
    for side, row in zip((upper, lower), PUBLISHED[code], strict=True):
        published = [float(value) for value in row.split()]
        np.testing.assert_allclose(np.interp(STATIONS, *side.T), published, atol=0.025)


@pytest.mark.parametrize("code", ["0012", "4415", "23012", "22112", "24112", "25121"])
def test_thickness_and_trailing_edge(code):
    section = naca_section(code)
    thickness = int(code[-2:]) / 100
    gap = np.hypot(*(section[0] - section[-1]))
    np.testing.assert_allclose(gap, 0.021 * thickness, rtol=1e-9)
    half = len(section) // 2
    across = np.hypot(*(section[: half + 1][::-1] - section[half:]).T)
    np.testing.assert_allclose(across.max(), thickness, rtol=6e-4)  # the published polynomial's own


def test_a_reflexed_line_turns_up_at_the_tail_and_a_simple_one_does_not():
    for code, turns in (("23012", False), ("23112", True)):
        section = naca_section(code)
        line = (section[:200][::-1] + section[199:]) / 2
        assert (line[-2, 1] < line[-1, 1] - 1e-9) == turns or abs(line[-1, 1]) < 1e-9
        slope = np.diff(line[:, 1]) / np.diff(line[:, 0])
        assert (np.diff(slope)[150:].max() > 1e-6) == turns


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("naca2412", "2412"),
        ("NACA 2412", "2412"),
        (" Naca-23012 ", "23012"),
        ("naca_0012", "0012"),
        ("naca63206", None),
        ("naca64012", None),
        ("naca16009", None),
        ("naca241", None),
        ("naca2412b", None),
        ("2412", None),
    ],
)
def test_codes(name, code):
    assert naca_code(name) == code


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("2400", "no thickness"),
        ("2012", "no position"),
        ("21112", "second digit must be 2 to 5"),
        ("12", "four digits"),
        ("63206", "four digits"),
    ],
)
def test_bad_codes(code, message):
    with pytest.raises(ArgumentError, match=message):
        naca_section(code)
    if len(code) > 2 and code != "63206":
        with pytest.raises(ArgumentError, match=message):
            find_section("naca" + code)
