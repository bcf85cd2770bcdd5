"""Airfoil coordinate files: text with a title and one point per line (``.dat``)."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from latent_spaces_by_example.arguments import checked_path
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.zoo.airfoil.geometry import as_points, to_selig_order

_COMMENT = ("#", "!", "*", "%", "//")
_NOT_GIVEN = "....."  # how some tables print an ordinate that is not given
_EXPECTED = "two numbers, x and y"
# Fortran writes exponents with D too, and its columns may touch where the second is negative.
_NUMBER = r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?|nan|inf(?:inity)?)(?![\w.])"
_NUMBERS = re.compile(rf"{_NUMBER}(?:(?:[\s,;]+|(?=[-+])){_NUMBER})*", re.IGNORECASE)
_SEPARATOR = 999.0  # both numbers of a line between the elements of a multi-element section


@dataclass(frozen=True)
class DatFile:
    """Hold the content of a coordinate file.

    Attributes:
        title: its first line, if that is not a point; else the name of the file.
        coordinates: shape (p, 2), in Selig order, in the file's own unit and position.
    """

    title: str
    coordinates: Float64[np.ndarray, "p 2"]


@dataclass(frozen=True)
class _Line:
    """Hold a line of numbers: where it stands in the file, its text and its numbers."""

    number: int
    text: str
    values: tuple[float, ...]


def read_dat(path: str | Path) -> DatFile:
    """Read a coordinate file in Selig's or Lednicer's format, in any order of points.

    Understood besides: counts of points, a reference point before the outline (AeroDyn), columns
    that touch, exponents with D, decimal commas, a third column that is constant or a counter,
    and ``999 999`` after a section or between its sides. Lines before the first point are the
    title and remarks, lines after the last are remarks; between them there may be only points,
    blank lines and comments (``#``, ``!``, ``*``, ``%``).

    Args:
        path: the file, in UTF-8 or UTF-16; other bytes are read as Latin-1.

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
    path = checked_path(path, argument="path").expanduser()
    lines = _read_text(path).splitlines()
    try:
        points = _without_heading(_number_lines(lines))
        coordinates = to_selig_order(_without_reference(_two_columns(_one_element(points))))
    except ArgumentError as error:
        raise ArgumentError(f"{path} is not an airfoil section: {error}") from error
    first = next((line.strip() for line in lines[: points[0].number - 1] if line.strip()), "")
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
    title = name.strip() if isinstance(name, str) else ""
    if len(title.splitlines()) != 1 or len(_numbers(title)) > 1:
        raise ArgumentError(f"name must be one line of text that is not two numbers, not {name!r}")
    file, points = checked_path(path, argument="path"), as_points(coordinates)
    body = "".join(f"{x: .8f} {y: .8f}\n" for x, y in points)
    try:
        file.write_text(f"{title}\n{body}", encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"cannot write {path}: {error.strerror or error}") from error


def _read_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ArgumentError(f"cannot read {path}: {error.strerror or error}") from error
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace")
    if raw[1:40:2].count(0) > 15:  # text in UTF-16 without a byte-order mark
        return raw.decode("utf-16-le", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _numbers(content: str) -> tuple[float, ...]:
    """Return the numbers of a line that holds nothing else, or none."""
    items = content.replace(";", " ").split()
    if len(items) == 2 and all(item.count(",") == 1 and item[-1] != "," for item in items):
        content = " ".join(items).replace(",", ".")  # decimal commas
    # brackets mark a constructed point in some tables
    content = re.sub(r"[()]", " ", content).strip(" \t,;")
    if not _NUMBERS.fullmatch(content):
        return ()
    numbers = re.findall(_NUMBER, content, re.IGNORECASE)
    return tuple(float(re.sub("[dD]", "e", number)) for number in numbers)


def _number_lines(lines: list[str]) -> list[_Line]:
    """Return the lines of numbers; an error for whatever else stands between them."""
    rows: list[_Line] = []
    doubtful: _Line | None = None
    for number, text in enumerate(lines, start=1):
        content = re.split(r"[!#]", text)[0].strip()
        if not content or content.startswith(_COMMENT) or content.endswith(_NOT_GIVEN):
            continue
        line = _Line(number, content, _numbers(content))
        if not rows and len(line.values) == 1 and line.values[0].is_integer():
            continue  # the number of points, or a title such as 2412
        if len(line.values) in (2, 3):
            if doubtful is not None:
                raise _bad_line(doubtful)
            if not np.isfinite(line.values).all():
                raise _bad_line(line)
            rows.append(line)
        elif (rows or (number > 1 and _is_meant_as_point(content))) and doubtful is None:
            doubtful = line
    if doubtful is not None and _is_meant_as_point(doubtful.text):
        raise _bad_line(doubtful)
    if not rows:
        raise ArgumentError(f"it holds no points; expected lines of {_EXPECTED}")
    return rows


def _bad_line(line: _Line) -> ArgumentError:
    return ArgumentError(f"line {line.number}: expected {_EXPECTED}, not {line.text[:60]!r}")


def _is_meant_as_point(content: str) -> bool:
    """Return whether a line that is no point looks like one: a number, and perhaps another."""
    first, *others = re.split(r"[\s,;]+", content.strip(" \t,;"))
    return bool(_numbers(first)) and len(others) <= 1 and not "".join(others)[:1].isalpha()


def _without_heading(rows: list[_Line]) -> list[_Line]:
    """Drop a first line that is no point: Lednicer's counts of points, or a title of numbers."""
    first, rest = rows[0], rows[1:]
    if rest and len(first.values) != len(rest[0].values) and first.number == 1:
        return rest
    if len(first.values) != 2 or len(rest) < 2:
        return rows
    inside = [row for row in rest if set(row.values) != {_SEPARATOR}]
    xs = [row.values[0] for row in inside] or [0.0]
    low, size = min(xs), max(xs) - min(xs)
    upper, lower = first.values
    counts = all(value.is_integer() and 2 <= value < 1000 for value in first.values)
    if counts and upper + lower == len(inside):
        return rest
    if low - size / 2 <= upper <= low + 3 * size / 2:
        return rows
    if counts:
        raise ArgumentError(
            f"line {first.number} announces {int(upper)} + {int(lower)} points, "
            f"but {len(inside)} follow"
        )
    return rest


def _one_element(rows: list[_Line]) -> list[_Line]:
    """Drop the separators of multi-element files, which may hold one section only."""
    parts: list[list[_Line]] = [[]]
    for row in rows:
        if set(row.values[:2]) == {_SEPARATOR}:
            parts.append([])
        else:
            parts[-1].append(row)
    parts = [part for part in parts if part]
    if len(parts) == 2:  # perhaps only two sides, each of which ends where no other point is
        sides = [np.array([row.values[0] for row in part]) for part in parts]
        if all(abs(side[0] - side[-1]) > 0.5 * np.ptp(side) for side in sides):
            return parts[0] + parts[1]
    if len(parts) > 1:
        raise ArgumentError(
            f"it holds {len(parts)} elements, the second from line {parts[1][0].number}; "
            "give a file for each"
        )
    return parts[0] if parts else []


def _two_columns(rows: list[_Line]) -> Float64[np.ndarray, "p 2"]:
    """Return x and y; of three columns one must be constant, or count the points."""
    widths = [len(row.values) for row in rows]
    for row, width in zip(rows, widths, strict=True):
        if width != widths[-1]:
            raise _bad_line(row)
    table = np.array([row.values for row in rows])
    if table.shape[1:] != (3,):
        return table.reshape(-1, 2)
    count = np.arange(len(table)) + table[0, 0]
    spare = [i for i in (2, 1) if np.ptp(table[:, i]) == 0.0]
    spare += [0] if np.array_equal(table[:, 0], count) or np.ptp(table[:, 0]) == 0.0 else []
    if not spare:
        raise ArgumentError(
            f"line {rows[0].number} holds three numbers; expected {_EXPECTED}, or a third column "
            "that is the same everywhere"
        )
    return np.delete(table, spare[0], axis=1)


def _without_reference(points: Float64[np.ndarray, "p 2"]) -> Float64[np.ndarray, "q 2"]:
    """Drop a reference point before the outline, such as AeroDyn's at a quarter of the chord."""
    if len(points) < 3:
        return points
    start, size = points[1:, 0].min(), np.ptp(points[1:, 0])
    first, second = (points[:2, 0] - start) / (size or 1.0)
    is_inside = 0.05 < first < 0.9
    return points[1:] if is_inside and (second > 0.99 or second < 0.01) else points
