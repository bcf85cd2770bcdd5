import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latent_spaces_by_example.zoo.airfoil import find_section, resample
from latent_spaces_by_example.zoo.airfoil.crossings import count_crossings
from models.airfoil.section_check import check, check_all

SECTION = resample(find_section("naca2412"))


def changed(**rows):
    section = SECTION.copy()
    for row, shift in rows.items():
        section[int(row[1:]), 1] += shift
    return section


def test_open():
    found = check(changed(_0=0.1))
    assert found.reasons == ("open at the trailing edge: gap 0.1025, at most 0.05",)
    assert check(changed(_0=0.1), max_gap=0.2).valid


def test_sides_that_cross():
    found = check(changed(_10=-0.1, _11=-0.1))
    assert [reason.split()[-1] for reason in found.reasons] == ["-0.081", "times"]
    assert found.min_thickness < -0.07
    assert found.crossings == 2
    assert check(SECTION[::-1]).min_thickness == pytest.approx(-0.12, abs=1e-3)


def test_a_loop_that_thickness_does_not_see():
    section = SECTION.copy()
    section[[20, 22], 0] = section[[22, 20], 0]
    section[20, 1] += 0.01
    found = check(section)
    assert found.min_thickness > 0
    assert found.crossings > 0


def brute_crossings(points):
    def side(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    segments = list(itertools.pairwise(points))
    count = 0
    for i in range(len(segments)):
        for j in range(i + 2, len(segments)):
            if (i, j) != (0, len(segments) - 1):
                (a, b), (c, d) = segments[i], segments[j]
                apart = side(a, b, c) * side(a, b, d) < 0
                count += apart and side(c, d, a) * side(c, d, b) < 0
    return count


@settings(max_examples=10, deadline=None)
@given(arrays(np.int64, (70, 9, 2), elements=st.integers(-6, 6)))
def test_crossings_against_the_plain_loop(points):
    points = points.astype(np.float64)
    expected = [brute_crossings(polygon) for polygon in points[::7]]
    assert count_crossings(points)[::7].tolist() == expected


def test_a_batch_is_its_rows():
    sections = np.stack([SECTION, changed(_5=np.nan), changed(_0=0.1), changed(_10=-0.1)])
    assert [found.valid for found in check_all(sections)] == [True, False, False, False]
    assert str(check_all(sections)) == str(tuple(check(section) for section in sections))


def test_nearly_all_of_the_database_is_valid():
    from latent_spaces_by_example.zoo.airfoil import list_sections

    sections = np.stack([resample(find_section(name)) for name in list_sections()[::40]])
    wrong = [i for i, found in enumerate(check_all(sections)) if not found.valid]
    assert len(wrong) <= 1
