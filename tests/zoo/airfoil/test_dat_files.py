import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.zoo.airfoil import find_section, read_dat, write_dat

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
    ],
)
def test_formats(tmp_path, text):
    found = read_dat(written(tmp_path, text))
    assert found.title == "Mine"
    np.testing.assert_array_equal(found.coordinates, SELIG)


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
        ("Mine\n9 5\n" + text_of(SELIG), r"line 2: announces 9 \+ 5 points, but 9 follow"),
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


@pytest.mark.parametrize("name", ["naca2412", "s1223", "rae2822"])
def test_round_trip_of_real_sections(tmp_path, name):
    section = find_section(name)
    path = tmp_path / f"{name}.dat"
    write_dat(path, section, name=name.upper())
    found = read_dat(path)
    assert found.title == name.upper()
    np.testing.assert_allclose(found.coordinates, section, atol=5.1e-9)
    np.testing.assert_allclose(find_section(path), section, atol=1e-6)
    np.testing.assert_array_equal(find_section(str(path)), find_section(path))


@settings(max_examples=30, deadline=None)
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
