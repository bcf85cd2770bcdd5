"""Everything that the command line prints goes through here: plain text in the terminal's width."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

_GAP = "  "
_MOST_CELL = 40

# arguments of the library as options of the command line, where the two differ in more than dashes
_OPTIONS = {
    "max_consecutive_failures": "--max-failures",
    "num": "-n",
    "num_pending": "--pending",
    "num_seeds": "--seeds",
    "within_span=False": "--beyond-examples",
    "check_generator=False": "--no-check-generator",
    "replace=True": "--replace",
} | {
    name: "--" + name.replace("_", "-")
    for name in (
        *("artifacts", "batch_size", "budget", "candidates", "direction", "examples", "executor"),
        *("features", "generator", "grace", "max_seconds", "name", "noisy", "objective", "out"),
        *("random_seed", "repair", "scores", "search", "seed_latents", "storage", "timeout"),
        "workers",
    )
}
_NAMED = re.compile(
    r"(?<![\w./:?&,=-])("
    + "|".join(sorted(map(re.escape, _OPTIONS), key=len, reverse=True))
    + r")(?!\w)(=(?=[\w'\"<\[({+-]))?"
)


def plain(text: str) -> str:
    """Return a text with its line breaks, and without anything that a terminal would act on."""
    from latent_spaces_by_example.study.plain_text import plain as plain_text  # --help is instant

    return plain_text(text, lines=True)


def say(text: str = "", *, err: bool = False) -> None:
    """Print a text, in a terminal with its lines broken between words but for those with a command.

    What a terminal would act on is left out.
    """
    lines = plain(text).split("\n")
    if (sys.stderr if err else sys.stdout).isatty():
        lines = [
            line if len(line) <= width() or "lsbe " in line else textwrap.fill(line, width())
            for line in lines
        ]
    click.echo("\n".join(lines), err=err)


def as_options(message: str) -> str:
    """Return a message of the library in the words of the command line.

    >>> as_options("out='runs/wing' exists; or say within_span=False, replace=True")
    "--out 'runs/wing' exists; or say --beyond-examples, --replace"
    """
    return _NAMED.sub(_option, message)


def _option(match: re.Match[str]) -> str:
    name, equals = match.groups()
    if "=" in name:
        return _OPTIONS[name]
    return f"{_OPTIONS[name]} " if equals else name


def split_names(text: str) -> list[str]:
    """Return what is separated by commas; a file whose name has a comma is one name.

    >>> split_names("naca2412, s1223,")
    ['naca2412', 's1223']
    """
    if Path(text).is_file():
        return [text]
    return [name.strip() for name in text.split(",") if name.strip()]


def width() -> int:
    """Return how many characters a line may have; 80 where there is no terminal."""
    return max(40, shutil.get_terminal_size().columns)


def number(value: Any) -> str:
    """Return a value in a cell: numbers to four digits, nothing for None.

    >>> number(0.123456), number(True), number(None), number(120000.0)
    ('0.1235', 'yes', '', '1.2e+05')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: its heading.
        cells: one text for each row.
        always: show it even if all its cells are equal.
    """

    title: str
    cells: Sequence[str]
    always: bool = False


def columns(cells: Mapping[str, Sequence[str]]) -> list[Column]:
    """Return the columns of a table by their titles, all of them shown whatever they hold."""
    return [Column(title, texts, always=True) for title, texts in cells.items()]


def say_table(columns: Sequence[Column], *, more_in: str = "") -> None:
    """Print rows in the terminal's width; see :func:`table`."""
    lines, left_out = table(columns, width=width())
    for place, line in enumerate(lines):
        click.secho(line, bold=place == 0)
    if left_out:
        where = f"; all is in {more_in}" if more_in else ""
        say(f"(no room for {', '.join(left_out)}{where})")


def table(columns: Sequence[Column], *, width: int) -> tuple[list[str], list[str]]:
    """Return the lines of a table, and the titles of columns that do not fit into the width.

    Columns whose cells are the same in every row are hidden, and so are empty ones.

    >>> rows = [Column("trial", ["1", "22"]), Column("cl", ["1", "1"]), Column("cd", ["7", "8"])]
    >>> table(rows, width=40)[0]
    ['trial  cd', '    1   7', '   22   8']
    """
    telling = [column for column in columns if _tells(column)]
    lines = [""] * (1 + max((len(column.cells) for column in columns), default=0))
    left_out = []
    for place, column in enumerate(telling):
        cells = [_cut(column.title), *map(_cut, column.cells)]
        size = max(map(len, cells))
        gap = _GAP if place else ""
        if place and len(lines[0]) + len(gap) + size > width:
            left_out.append(column.title)
            continue
        is_text = any(cell and not _is_number(cell) for cell in column.cells)
        aligned = [cell.ljust(size) if is_text else cell.rjust(size) for cell in cells]
        lines = [line + gap + cell for line, cell in zip(lines, aligned, strict=True)]
    return [line.rstrip() for line in lines], left_out


def _tells(column: Column) -> bool:
    if not any(column.cells):
        return False
    return column.always or len(column.cells) < 2 or len(set(column.cells)) > 1


def _cut(cell: str) -> str:
    text = plain(cell)
    return text if len(text) <= _MOST_CELL else text[: _MOST_CELL - 1] + "…"


def shortened(text: str, *, most: int) -> str:
    """Return a text of at most so many characters, the middle of a longer one left out.

    >>> shortened("lift-to-drag:cl=0.7,reynolds=1000000.0", most=20)
    'lift-to-dra…000000.0'
    """
    if len(text) <= most:
        return text
    end = 2 * most // 5
    return f"{text[: most - end - 1]}…{text[-end:]}"


def _is_number(cell: str) -> bool:
    try:
        float(cell.rstrip("°"))
    except ValueError:
        return False
    return True
