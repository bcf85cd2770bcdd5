"""Sections by name: NACA codes, AeroSandbox's database, and the user's own files."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError
from latent_spaces_by_example.zoo.airfoil.dat_files import read_dat
from latent_spaces_by_example.zoo.airfoil.geometry import normalise
from latent_spaces_by_example.zoo.airfoil.naca import naca_code, naca_section

_FOLDER = ("geometry", "airfoil", "airfoil_database")


def find_section(name_or_path: str | Path) -> Float64[np.ndarray, "p 2"]:
    """Return the section of that name, or in that file, with its chord from (0, 0) to (1, 0).

    In this order: a file, which a slash, a ``~`` or the ending ``.dat``, ``.txt`` or ``.csv``
    tells; a NACA code of four or five digits, computed; a name in AeroSandbox's database. Names
    may be written in any case and with or without blanks, dashes and underscores.

    Args:
        name_or_path: such as "naca2412", "NACA 23012", "s1223" or "wings/mine.dat".

    Returns:
        Shape (p, 2), Selig order, in chords; the number of points is the source's own.

    Raises:
        ArgumentError: no such name (the message suggests near ones) or an unreadable file.
        MissingPackageError: the name needs the database, and AeroSandbox is not installed.

    >>> find_section("NACA 2412").shape
    (399, 2)
    >>> find_section("s-1223").shape[1]
    2
    """
    if not isinstance(name_or_path, str | Path):
        raise ArgumentError(f"name_or_path={name_or_path!r}; expected the name of a section")
    if isinstance(name_or_path, str) and not _looks_like_path(name_or_path):
        code = naca_code(name_or_path)
        if code is not None:
            return normalise(naca_section(code))
        name_or_path = _database_file(name_or_path)
    coordinates = read_dat(name_or_path).coordinates
    try:
        return normalise(coordinates)
    except ArgumentError as error:
        raise ArgumentError(f"{name_or_path} is not an airfoil section: {error}") from error


def list_sections() -> tuple[str, ...]:
    """Return the names in AeroSandbox's database, sorted, which ``find_section`` takes.

    Raises:
        MissingPackageError: AeroSandbox is not installed.

    >>> "s1223" in list_sections()
    True
    """
    return tuple(sorted(_database()))


def search_sections(query: str) -> list[str]:
    """Return the names in the database that contain the query, those that begin with it first.

    >>> search_sections("S 12")[:3]
    ['s1210', 's1221', 's1223']
    """
    wanted = _squash(query)
    names = [name for name in list_sections() if wanted in _squash(name)]
    return sorted(names, key=lambda name: not _squash(name).startswith(wanted))


def _looks_like_path(name: str) -> bool:
    return bool(re.search(r"[/\\]|^~|\.(dat|txt|csv)\s*$", name, re.IGNORECASE))


def _squash(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()


@lru_cache(maxsize=1)
def _database() -> dict[str, Path]:
    """Find the files by name, without importing AeroSandbox, which takes a second."""
    spec = find_spec("aerosandbox")
    roots = list(spec.submodule_search_locations or ()) if spec is not None else []
    for root in roots:
        files = {path.stem: path for path in Path(root).joinpath(*_FOLDER).glob("*.dat")}
        if files:
            return files
    raise MissingPackageError(
        "airfoil sections by name need the package AeroSandbox, which brings the database: "
        "pip install 'latent-spaces-by-example[airfoil]'"
    )


@lru_cache(maxsize=1)
def _squashed_names() -> dict[str, str]:
    """Return names by squashed name; of names that differ in dashes only, the plainest."""
    return {_squash(name): name for name in sorted(_database(), key=len, reverse=True)}


def _database_file(name: str) -> Path:
    files = _database()
    if name in files:
        return files[name]
    squashed, wanted = _squashed_names(), _squash(name)
    # The database writes some NACA sections n64012 and others naca64210.
    for alias in (wanted, re.sub(r"^naca(?=\d)", "n", wanted), re.sub(r"^n(?=\d)", "naca", wanted)):
        if alias in squashed:
            return files[squashed[alias]]
    near = difflib.get_close_matches(wanted, squashed, n=4, cutoff=0.6)
    hint = f"; near ones: {', '.join(squashed[key] for key in near)}" if near else ""
    here = f"; for the file of that name write ./{name}" if Path(name).is_file() else ""
    raise ArgumentError(
        f"no airfoil section is called {name!r}{hint}{here}. Expected a name in AeroSandbox's "
        "database, a NACA code of four or five digits such as naca2412, or the path of a .dat file"
    )
