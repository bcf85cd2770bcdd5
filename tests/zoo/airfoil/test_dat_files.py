import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.zoo.airfoil import (
    find_section,
    lookup,
    normalise,
    read_dat,
    resample,
    write_dat,
)

UPPER = [(1.0, 0.001), (0.7, 0.05), (0.3, 0.07), (0.05, 0.03), (0.0, 0.0)]
LOWER = [(0.06, -0.02), (0.3, -0.03), (0.7, -0.02), (1.0, -0.001)]
SELIG = np.array(UPPER + LOWER)


def text_of(points, *, form="{} {}"):
    return "\n".join(form.format(x, y) for x, y in points)


def written(tmp_path, text):
    path = tmp_path / "mine.dat"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "Mine\n" + text_of(SELIG),
        "\n\nMine\n\n" + text_of(SELIG) + "\n\n",
        "Mine\r\n" + text_of(SELIG).replace("\n", "\r\n"),
        "Mine\n" + text_of(SELIG, form="\t{},\t{}"),
        "Mine\n" + text_of(SELIG, form="{};{}"),
        "Mine\n" + text_of(SELIG, form="{:.3f} {:.3f}").replace(".", ","),
        "Mine\nBy nobody in particular\n# a comment\n" + text_of(SELIG),
        "Mine\n" + text_of(SELIG[:4]) + "\n# a comment\n\n" + text_of(SELIG[4:]),
        "Mine\n" + text_of(SELIG) + "\nThickness: 7 %\n20 nov 2005\nhttp://example.org 12",
        "Mine\n-2.0 3.0 -2.6 3.4\n" + text_of(SELIG),
        "Mine\n1.0 ......\n" + text_of(SELIG),
        "Mine\n" + text_of(SELIG).replace("-0.001", "(-0.001)"),
        "Mine\n" + text_of(SELIG[::-1]),
        "Mine\n5. 5.\n\n" + text_of(UPPER[::-1]) + "\n\n" + text_of([(0, 0), *LOWER]),
        "Mine\n5 4\n" + text_of(UPPER[::-1]) + "\n" + text_of(LOWER),
        "Mine\n" + text_of(UPPER[::-1]) + "\n" + text_of([(0, 0), *LOWER]),
        "\ufeffMine\n" + text_of(SELIG),
        # both counts of a Lednicer file, in the wrong order, and one count in all
        "Mine\n4. 5.\n\n" + text_of(UPPER[::-1]) + "\n\n" + text_of(LOWER),
        "Mine\n9\n" + text_of(SELIG),
        "Mine\n10 NumCoords ! of the shape file\n! reference\n0.25 0\n! outline\n" + text_of(SELIG),
        "Mine\n0.250000 0\n" + text_of(UPPER[::-1]) + "\n" + text_of([(0, 0), *LOWER]),
        "Mine\n" + text_of(SELIG, form="{:.5f}{:+.5f}"),
        "Mine\n" + text_of(SELIG, form="{:.3e} {:.3E}").replace("e", "D").replace("E", "d"),
        "Mine\n" + text_of(SELIG) + "\n999.0 999.0\n",
        "Mine\n" + text_of(UPPER[::-1]) + "\n999 999\n" + text_of([(0, 0), *LOWER]),
        "Mine\n" + text_of(SELIG, form="{} {} 0.0"),
        "Mine\n" + text_of(SELIG, form="{} 3.5 {}"),
        "Mine\n" + "\n".join(f"{i} {x} {y}" for i, (x, y) in enumerate(SELIG, start=1)),
        ("Mine\n" + text_of(SELIG)).encode("utf-16"),
        ("Mine\n" + text_of(SELIG)).encode("utf-16-le"),
    ],
)
def test_formats(tmp_path, text):
    found = read_dat(written(tmp_path, text))
    assert found.title == "Mine"
    np.testing.assert_array_equal(found.coordinates, SELIG)


@pytest.mark.parametrize("title", ["2412 0.12", "2412", "63-206", "999 1 1"])
def test_titles_of_numbers(tmp_path, title):
    found = read_dat(written(tmp_path, f"{title}\n" + text_of(SELIG)))
    assert found.title == title
    np.testing.assert_array_equal(found.coordinates, SELIG)


@pytest.mark.parametrize("unit", [100.0, 250.0, 1e-3, 1 / 3])
@pytest.mark.parametrize("name", ["naca2412", "ag35", "giiic"])
def test_the_unit_does_not_change_a_section(tmp_path, name, unit):
    points = read_dat(lookup._database()[name]).coordinates if name != "naca2412" else SELIG
    path = written(tmp_path, "Mine\n" + text_of((points * unit).tolist(), form="{!r} {!r}"))
    np.testing.assert_allclose(find_section(path), normalise(points), rtol=0, atol=1e-9)
    np.testing.assert_allclose(resample(find_section(path)), resample(points), rtol=0, atol=1e-9)


def test_a_side_that_stops_short_is_continued_and_not_stretched(tmp_path):
    cut = [*UPPER, *LOWER[:-1]]
    found = read_dat(written(tmp_path, "Mine\n" + text_of(cut))).coordinates
    np.testing.assert_array_equal(found, [*cut, UPPER[0]])
    lednicer = "Mine\n5 3\n" + text_of(UPPER[::-1]) + "\n" + text_of(LOWER[:-1])
    np.testing.assert_array_equal(read_dat(written(tmp_path, lednicer)).coordinates, found)
    upper_cut = np.concatenate([[LOWER[-1]], UPPER[1:], LOWER])
    other = read_dat(written(tmp_path, "Mine\n" + text_of(upper_cut[1:]))).coordinates
    np.testing.assert_array_equal(other, upper_cut)
    mh112 = resample(find_section("mh112"))
    assert np.interp(0.862196, mh112[63:, 0], mh112[63:, 1]) == pytest.approx(-0.01586, abs=5e-5)


def test_no_title_and_other_encodings(tmp_path):
    assert read_dat(written(tmp_path, text_of(SELIG))).title == "mine"
    latin = "Flügel\n".encode("latin-1") + text_of(SELIG).encode()
    assert read_dat(written(tmp_path, latin)).title == "Flügel"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Mine\n" + text_of(SELIG[:4]) + "\n0.1 oops\n" + text_of(SELIG[4:]), "line 6: .*0.1 oops"),
        ("Mine\n" + text_of(SELIG[:4]) + "\nan aside\n" + text_of(SELIG[4:]), "line 6: .*an aside"),
        ("Mine\n" + text_of(SELIG[:4]) + "\n1 2 3\n" + text_of(SELIG[4:]), "line 6: .*1 2 3"),
        ("Mine\n1.0 0.0O1\n" + text_of(SELIG), "line 2: .*0.0O1"),
        ("Mine\n" + text_of(SELIG) + "\n1.0", "line 11: expected two numbers.*'1.0'"),
        ("Mine\n" + text_of(SELIG[:4]) + "\nnan 0\n" + text_of(SELIG[4:]), "line 6: .*nan 0"),
        ("Mine\n1 0.1 2\n" + text_of(SELIG), "line 2: .*1 0.1 2"),
        ("Mine\n" + text_of(SELIG, form="{0} {1} {1}"), "line 2 holds three numbers"),
        (
            "Mine\n" + text_of(SELIG) + "\n999.0 999.0\n" + text_of(SELIG),
            "holds 2 elements, the second from line 12",
        ),
        ("Mine\n9 5\n" + text_of(SELIG), r"line 2 announces 9 \+ 5 points, but 9 follow"),
        ("Mine\n" + text_of(SELIG[:4]), "not an airfoil section: .* at least 7"),
        ("Mine", "holds no points"),
        ("", "holds no points"),
        (b"\x00\x01\x02\xff", "holds no points"),
    ],
)
def test_bad_files(tmp_path, text, message):
    with pytest.raises(ArgumentError, match=message) as error:
        read_dat(written(tmp_path, text))
    assert "mine.dat" in str(error.value)


def test_unreadable_files(tmp_path):
    with pytest.raises(ArgumentError, match=r"cannot read .*absent\.dat: No such file"):
        read_dat(tmp_path / "absent.dat")
    with pytest.raises(ArgumentError, match="cannot read"):
        read_dat(tmp_path)
    with pytest.raises(ArgumentError, match="cannot write"):
        write_dat(tmp_path / "absent" / "mine.dat", SELIG, name="Mine")


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "1.0 2.0"])
def test_bad_names(tmp_path, name):
    with pytest.raises(ArgumentError, match="name must be"):
        write_dat(tmp_path / "mine.dat", SELIG, name=name)


@settings(max_examples=10, deadline=None)
@given(
    wiggle=arrays(np.float64, (len(SELIG), 2), elements=st.floats(-0.004, 0.004)),
    scale=st.sampled_from([1.0, 1000.0, 0.01]),
)
def test_round_trip_of_any_section(tmp_path_factory, wiggle, scale):
    section = SELIG + wiggle
    section[[0, -1], 0] = 1.0
    path = tmp_path_factory.mktemp("dat") / "any.dat"
    write_dat(path, section * scale, name="any 1")
    np.testing.assert_allclose(read_dat(path).coordinates, section * scale, atol=5.1e-9)
