"""Airfoil coordinate files: text with a title and one point per line (``.dat``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.zoo.airfoil.geometry import as_points, to_selig_order

_COMMENT = ("#", "!", "*", "%", "//")
_NOT_GIVEN = "....."  # how some tables print an ordinate that is not given
_EXPECTED = "two numbers, x and y"


@dataclass(frozen=True)
class DatFile:
    """What a coordinate file holds.

    Attributes:
        title: its first line, if that is not a point; else the name of the file.
        coordinates: shape (p, 2), in Selig order, in the file's own unit and position.
    """

    title: str
    coordinates: Float64[np.ndarray, "p 2"]


def read_dat(path: str | Path) -> DatFile:
    """Read a coordinate file in Selig's or Lednicer's format, in any order of points.

    Lines before the first point are the title and remarks, lines after the last are remarks;
    between them there may be only points, blank lines and comments (``#``, ``!``, ``*``, ``%``).

    Args:
        path: the file; bytes that are not UTF-8 are read as Latin-1.

    Returns:
        The title, and the points in Selig order.

    Raises:
        ArgumentError: the file cannot be read, a line is not a point, or the points are no
            section; the message names the file, the line and what was expected there.

    >>> import tempfile
    >>> upper = ["1 0", "0.5 0.06", "0.1 0.04", "0 0"]
    >>> lower = ["0.1 -0.03", "0.5 -0.04", "1 0"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mine.dat"
    ...     _ = path.write_text("\\n".join(["My section", *upper, *lower]))
    ...     read_dat(path).title
    'My section'
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ArgumentError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    lines = text.splitlines()
    numbered = _point_lines(lines, path=path)
    rows = _without_counts(numbered, path=path)
    try:
        coordinates = to_selig_order(np.array(rows))
    except ArgumentError as error:
        raise ArgumentError(f"{path} is not an airfoil section: {error}") from error
    first = next((line.strip() for line in lines[: numbered[0][0] - 1] if line.strip()), "")
    return DatFile(title=first or path.stem, coordinates=coordinates)


def write_dat(path: str | Path, coordinates: npt.ArrayLike, *, name: str) -> None:
    """Write a section in Selig's format: the name, then one point per line, eight decimals.

    Args:
        path: the file to write; overwritten if it exists.
        coordinates: shape (p, 2), Selig order.
        name: the title, one line that does not read as a point.

    Raises:
        ArgumentError: bad coordinates, a bad name, or the file cannot be written.

    >>> import tempfile
    >>> points = [(1, 0), (.5, .06), (.1, .04), (0, 0), (.1, -.03), (.5, -.04), (1, 0)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mine.dat"
    ...     write_dat(path, points, name="Mine")
    ...     bool(np.array_equal(read_dat(path).coordinates, points))
    True
    """
    title = name.strip()
    if not title or len(title.splitlines()) != 1 or _as_point(title) is not None:
        raise ArgumentError(f"name must be one line of text that is not two numbers, not {name!r}")
    points = as_points(coordinates)
    body = "".join(f"{x: .8f} {y: .8f}\n" for x, y in points)
    try:
        Path(path).write_text(f"{title}\n{body}", encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"cannot write {path}: {error.strerror or error}") from error


def _point_lines(lines: list[str], *, path: Path) -> list[tuple[int, tuple[float, float]]]:
    """Line numbers and points; an error for whatever else stands between points."""
    points: list[tuple[int, tuple[float, float]]] = []
    doubtful: tuple[int, str] | None = None
    for number, line in enumerate(lines, start=1):
        content = line.strip()
        if not content or content.startswith(_COMMENT) or content.endswith(_NOT_GIVEN):
            continue
        point = _as_point(content)
        if point is None:
            remark = not points and (number == 1 or not _starts_as_point(content))
            if not remark and doubtful is None:
                doubtful = (number, content)
            continue
        if doubtful is not None:
            raise _bad_line(doubtful, path=path)
        if not np.isfinite(point).all():
            raise _bad_line((number, content), path=path)
        points.append((number, point))
    if doubtful is not None and _starts_as_point(doubtful[1]):
        raise _bad_line(doubtful, path=path)
    if not points:
        raise ArgumentError(f"{path} holds no points: expected lines of {_EXPECTED}")
    return points


def _bad_line(line: tuple[int, str], *, path: Path) -> ArgumentError:
    return ArgumentError(f"{path}, line {line[0]}: expected {_EXPECTED}, found {line[1][:60]!r}")


def _tokens(content: str) -> list[str]:
    """The items of a line: separated by blanks, or commas or semicolons; decimal commas allowed."""
    blanks = content.replace(";", " ").split()
    if len(blanks) == 2 and all(item.count(",") == 1 and item[-1] != "," for item in blanks):
        return [item.replace(",", ".") for item in blanks]
    return re.split(r"[\s,;]+", content.strip(" \t,;"))


def _as_point(content: str) -> tuple[float, float] | None:
    """The two numbers of a line, or None; brackets mark a constructed point in some tables."""
    items = [item.strip("()") for item in _tokens(content)]
    if len(items) != 2:
        return None
    try:
        return float(items[0]), float(items[1])
    except ValueError:
        return None


def _starts_as_point(content: str) -> bool:
    """Whether a line that is no point looks meant as one: one or two items, a number first."""
    items = _tokens(content)
    try:
        float(items[0].strip("()"))
    except ValueError:
        return False
    return len(items) <= 2


def _without_counts(
    numbered: list[tuple[int, tuple[float, float]]], *, path: Path
) -> list[tuple[float, float]]:
    """Drop Lednicer's first row, the number of points on each side, after checking it."""
    points = [point for _, point in numbered]
    (upper, lower), rest = points[0], points[1:]
    whole = upper >= 2.0 and lower >= 2.0 and upper == int(upper) and lower == int(lower)
    if not whole or not rest:
        return points
    if upper + lower == len(rest):
        sides = np.array(rest)
        halves = sides[: int(upper)], sides[int(upper) :]
        return [tuple(row) for half in (halves[0][::-1], halves[1]) for row in half.tolist()]
    if max(abs(x) for x, _ in rest) < 2.0:
        raise ArgumentError(
            f"{path}, line {numbered[0][0]}: announces {int(upper)} + {int(lower)} points, "
            f"but {len(rest)} follow"
        )
    return points
