import numpy as np
import pytest

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError
from latent_spaces_by_example.zoo.airfoil import (
    find_section,
    list_sections,
    lookup,
    naca_section,
    write_dat,
)
from latent_spaces_by_example.zoo.airfoil import normalise as normal


@pytest.mark.parametrize("name", ["S1223", " s-1223", "s_1223", "s 12 23"])
def test_spellings(name):
    np.testing.assert_array_equal(find_section(name), find_section("s1223"))


def test_codes_are_computed():
    np.testing.assert_array_equal(find_section("NACA 2412"), normal(naca_section("2412")))
    np.testing.assert_array_equal(find_section("naca4413"), normal(naca_section("4413")))


def test_both_spellings_of_the_six_series():
    np.testing.assert_array_equal(find_section("naca 64-012"), find_section("n64012"))
    np.testing.assert_array_equal(find_section("n64210"), find_section("naca64210"))


@pytest.mark.parametrize("near", ["s1223", "rae2822", "clarky"])
def test_unknown_names_suggest_near_ones(near):
    with pytest.raises(ArgumentError, match=f"near ones: .*{near}"):
        find_section(near + "q")


def test_an_unknown_name_with_nothing_near():
    with pytest.raises(ArgumentError, match=r"called '@@@@@@'\. Expected a name"):
        find_section("@@@@@@")


@pytest.mark.parametrize("path", ["absent.dat", "absent/section", "ABSENT.DAT", "~/a.dat", "b.txt"])
def test_paths(path):
    with pytest.raises(ArgumentError, match=r"cannot read .*: No such file"):
        find_section(path)


def test_files_in_the_home_and_this_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    write_dat(tmp_path / "mine.txt", find_section("s1223"), name="Mine")
    for path in ("mine.txt", "~/mine.txt", "./mine.txt"):
        np.testing.assert_allclose(find_section(path), find_section("s1223"), atol=1e-6)
    (tmp_path / "wing").write_text("1 0")
    with pytest.raises(ArgumentError, match=r"for the file of that name write \./wing"):
        find_section("wing")
    with pytest.raises(ArgumentError, match=r"wing.* is not an airfoil section"):
        find_section("./wing")


def test_names_that_hold_a_query():
    assert lookup.search_sections("S 12")[:3] == ["s1210", "s1221", "s1223"]
    assert "mh112" in lookup.search_sections("112")
    assert lookup.search_sections("@") == []


def test_without_aerosandbox(monkeypatch):
    monkeypatch.setattr(lookup, "find_spec", lambda name: None)
    lookup._database.cache_clear()
    lookup._squashed_names.cache_clear()
    try:
        with pytest.raises(MissingPackageError, match=r"latent-spaces-by-example\[airfoil\]"):
            find_section("s1223")
        with pytest.raises(MissingPackageError):
            list_sections()
        assert find_section("naca2412").shape == (399, 2)
    finally:
        lookup._database.cache_clear()
        lookup._squashed_names.cache_clear()


def test_sections_of_the_database_can_be_read():
    names = list_sections()
    assert len(names) > 2000
    for name in names[::40]:
        section = find_section(name)
        assert len(section) >= 7
        assert np.isfinite(section).all()
