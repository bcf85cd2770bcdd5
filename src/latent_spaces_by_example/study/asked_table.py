"""The table of trials that a person, or a laboratory, fills in: written by ask, read by tell.

Between the two it is opened in some spreadsheet program, which may change its separators, its
decimal marks, its encoding, and the order of its columns.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latent_spaces_by_example.errors import ArgumentError, StudyError

_STUDY, _TRIAL, _FILE, _ERROR = "study", "trial", "file", "error"
_SCORE, _CONSTRAINT, _METRIC = "score", "constraint ", "metric "
_SEPARATORS = ",;\t"
_MOST_BYTES = 64 * 2**20
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WITH_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Result:
    """The result of one trial, as its row of a filled table has it.

    Attributes:
        trial: its number.
        value: what :meth:`Study.tell` takes: a mapping with scores, constraints and metrics. None
            where the row has an error, or was left empty.
        error: why the trial has no score, or None.
    """

    trial: int
    value: dict[str, Any] | None = None
    error: str | None = None

    @property
    def left_empty(self) -> bool:
        """True where the row has neither scores nor an error."""
        return self.value is None and self.error is None


@dataclass(frozen=True)
class FilledTable:
    """A filled table.

    Attributes:
        results: one for each row, in the table's order.
        ignored_columns: headings that ask did not write.
    """

    results: tuple[Result, ...]
    ignored_columns: tuple[str, ...] = ()


def write_asked(
    path: str | os.PathLike[str],
    *,
    study_id: str,
    rows: Iterable[tuple[int, str]],
    score_names: Sequence[str] = (),
    constraint_names: Sequence[str] = (),
    metric_names: Sequence[str] = (),
) -> Path:
    """Write a table of trials with empty columns for what is to be found out about them.

    Args:
        path: of the table, CSV in UTF-8.
        study_id: stands in each row, so that another study refuses the table.
        rows: the number of each trial and the file of its output, or "".
        score_names: of the scores; empty for a single one without a name.
        constraint_names: of the constraints.
        metric_names: of the metrics seen so far.

    Raises:
        StudyError: ``path`` exists, and may be filled in; or it cannot be written.
    """
    header = [_STUDY, _TRIAL, _FILE, *_score_columns(score_names)]
    header += [_CONSTRAINT + name for name in constraint_names]
    header += [_METRIC + name for name in metric_names] + [_ERROR]
    path = Path(path)
    try:
        # without the byte-order mark Excel takes UTF-8 for its own old encoding
        with open(path, "x", newline="", encoding="utf-8-sig") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            for number, output in rows:
                start = [safe_cell(study_id), number, safe_cell(output)]
                writer.writerow(start + [""] * (len(header) - len(start)))
    except FileExistsError:
        raise StudyError(f"{str(path)!r} exists, and may be filled in; name another file") from None
    except OSError as error:
        raise StudyError(f"{str(path)!r} cannot be written: {error}") from error
    return path


def read_results(
    path: str | os.PathLike[str],
    *,
    study_id: str,
    score_names: Sequence[str] = (),
    constraint_names: Sequence[str] = (),
) -> FilledTable:
    """Read a table that :func:`write_asked` wrote and somebody filled in.

    Separators may be commas, semicolons or tabs, and decimal marks points or commas where they
    cannot be mistaken; columns may be reordered, added, and those of metrics and errors missing.

    Raises:
        ArgumentError: the table is another study's, or a cell cannot be read; the message names
            the file, the line and the column.
    """
    path = Path(path)
    score_columns = _score_columns(score_names)
    constraint_columns = [_CONSTRAINT + name for name in constraint_names]
    columns, rows = _rows_of(path)
    needed = [_STUDY, _TRIAL, *score_columns, *constraint_columns]
    for name in needed:
        if name not in columns:
            raise ArgumentError(
                f"{str(path)!r} has no column {name!r}; it has {', '.join(columns)}"
            )
    results: dict[int, tuple[int, Result]] = {}
    for row in rows:
        if row[_STUDY] != study_id:
            raise row.error(_STUDY, f"the study is {study_id!r}: this is a table of another study")
        result = _result(row, scores=score_columns, constraints=constraint_columns)
        if result.trial in results:
            line = results[result.trial][0]
            raise row.error(_TRIAL, f"trial {result.trial} is in line {line} too")
        results[result.trial] = row.line, result
    known = {*needed, _FILE, _ERROR}
    extra = (name for name in columns if name not in known and not name.startswith(_METRIC))
    return FilledTable(tuple(r for _, r in results.values()), ignored_columns=tuple(extra))


def safe_cell(value: Any) -> Any:
    """Return a value as a cell that no spreadsheet program takes for a formula.

    >>> safe_cell("=SUM(A1)"), safe_cell("-1.5"), safe_cell(-1.5)
    ("'=SUM(A1)", '-1.5', -1.5)
    """
    if isinstance(value, str) and value.startswith(_FORMULA) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def _score_columns(score_names: Sequence[str]) -> list[str]:
    return [f"{_SCORE} {name}" for name in score_names] or [_SCORE]


def _result(row: _Row, *, scores: Sequence[str], constraints: Sequence[str]) -> Result:
    trial = row.number(_TRIAL)
    if trial is None or trial < 0 or trial != int(trial):
        raise row.error(_TRIAL, "expected the number of a trial")
    numbers = {column: row.number(column) for column in (*scores, *constraints)}
    given = {column: value for column, value in numbers.items() if value is not None}
    metrics = {
        column.removeprefix(_METRIC): row.number_or_text(column)
        for column in row.cells
        if column.startswith(_METRIC) and row[column]
    }
    error = _as_written(row[_ERROR]) or None
    if error is not None:
        if given:
            raise row.error(_ERROR, "the row has a score or constraint too; empty one of them")
    elif given and len(given) < len(numbers):
        missing = next(column for column in numbers if column not in given)
        raise row.error(missing, "expected a number, as the row has others")
    elif metrics and not given:
        raise row.error(scores[0], "expected a score, as the row has metrics")
    value: dict[str, Any] | None = None
    if given:
        value = {**metrics, **{name.removeprefix(f"{_SCORE} "): given[name] for name in scores}}
        if constraints:
            value["constraints"] = {c.removeprefix(_CONSTRAINT): given[c] for c in constraints}
    return Result(int(trial), value, error)


@dataclass(frozen=True)
class _Row:
    """The cells of one line by column, and whether numbers have decimal commas in this table."""

    path: Path
    line: int
    cells: dict[str, str]
    decimal_comma: bool

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def number(self, column: str) -> float | None:
        cell = self[column].replace("\N{MINUS SIGN}", "-")
        if not cell:
            return None
        if "," in cell and not (self.decimal_comma and _WITH_COMMA.fullmatch(cell)):
            raise self.error(column, "a comma may be a decimal mark or not; write a point")
        if "." in cell and self.decimal_comma and column != _TRIAL:
            raise self.error(column, "other numbers of this table have a comma; write all alike")
        cell = cell.replace(",", ".")
        if not _NUMBER.fullmatch(cell) or not math.isfinite(float(cell)):
            raise self.error(column, "expected a finite number")
        return float(cell)

    def number_or_text(self, column: str) -> float | str:
        if re.match(r"[+-]?[.,]?\d[\d.,eE+-]*$", self[column].replace("\N{MINUS SIGN}", "-")):
            return self.number(column) or 0.0
        return _as_written(self[column])

    def error(self, column: str, problem: str) -> ArgumentError:
        cell = f" ({self[column]!r:.60})" if self[column] else ""
        place = f"{str(self.path)!r}, line {self.line}, column {column!r}{cell}"
        return ArgumentError(f"{place}: {problem}")


def _rows_of(path: Path) -> tuple[list[str], list[_Row]]:
    """Return the columns of a table and its rows, empty ones left out."""
    text = _decoded(path)
    # names in quotes may have any of them
    separator = max(_SEPARATORS, key=re.sub(r'"[^"]*"', "", text.partition("\n")[0]).count)
    reader, line = csv.reader(io.StringIO(text, newline=""), delimiter=separator), 1
    lines: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            lines.append((line, [cell.strip() for cell in cells]))
            line = 1 + reader.line_num
    except csv.Error as error:
        raise ArgumentError(f"{str(path)!r}, line {line}: {error}") from error
    lines = [(line, cells) for line, cells in lines if any(cells)]
    header = lines.pop(0)[1] if lines else []
    if _TRIAL not in header:
        raise ArgumentError(
            f"{str(path)!r}, line 1: expected a table that lsbe ask wrote, with columns "
            f"{_STUDY!r} and {_TRIAL!r}"
        )
    columns = [name for name in header if name]
    if twice := {name for name in columns if columns.count(name) > 1}:
        raise ArgumentError(f"{str(path)!r}: column {min(twice)!r} is there twice; remove one")
    rows = []
    for line, cells in lines:
        if len(cells) > len(header):
            raise ArgumentError(
                f"{str(path)!r}, line {line}: {len(cells)} cells, where the first line has "
                f"{len(header)}; a decimal comma between commas is written as a point"
            )
        rows.append((line, dict(zip(header, cells, strict=False))))
    comma = _has_decimal_commas((cells for _, cells in rows), separator=separator)
    return columns, [_Row(path, line, cells, comma) for line, cells in rows]


def _has_decimal_commas(rows: Iterable[dict[str, str]], *, separator: str) -> bool:
    """Return whether "0,31" is a number here: where nothing says that "1,234" is 1234."""
    numbers = [
        cell
        for cells in rows
        for name, cell in cells.items()
        if name.startswith((_SCORE, _CONSTRAINT, _METRIC)) and _WITH_COMMA.fullmatch(cell)
    ]
    if separator == ";":
        return bool(numbers)
    return separator == "\t" and any(not _THOUSANDS.fullmatch(cell) for cell in numbers)


def _as_written(cell: str) -> str:
    """Return a text without the mark that :func:`safe_cell` put before it."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _decoded(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ArgumentError(f"{str(path)!r} has more than {_MOST_BYTES // 2**20} MiB")
        content = path.read_bytes()
    except OSError as error:
        raise ArgumentError(f"{str(path)!r} cannot be read: {error}") from error
    if content.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        raise ArgumentError(f"{str(path)!r} is a workbook; save the sheet as CSV")
    encodings = ["utf-8-sig", "cp1252", "latin-1"]  # the last reads everything
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise ArgumentError(f"{str(path)!r} is no text; save the sheet as CSV in UTF-8")
