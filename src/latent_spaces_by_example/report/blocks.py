"""Tables and pictures as values; the template of the page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from latent_spaces_by_example.report.output_pictures import Picture

_LONG_WORD = 24
UNMET = "violates a constraint"


@dataclass(frozen=True)
class Share:
    """A cell with a number from 0 to 1 and a bar, hatched where the weight is negative."""

    value: float
    negative: bool = False

    def __str__(self) -> str:
        return f"{self.value:.2f}"


Cell = str | Share


@dataclass(frozen=True)
class Table:
    """A table that scrolls inside the page if it is too wide; its first column names the rows.

    Attributes:
        label: what it shows, for those who do not see it.
        head: of each column.
        rows: cells of each row.
        best_column: one that is set off, or None.
        words: whether the cells are sentences and not numbers.
    """

    label: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    best_column: int | None = None
    words: bool = False

    def kind_of(self, column: int, cell: Cell) -> str:
        """Return the classes of a cell: "best" and "long" where it is in that column or wraps."""
        text = str(cell)
        long = len(text) > 2 * _LONG_WORD or max(map(len, text.split()), default=0) > _LONG_WORD
        return " ".join(["best"] * (column == self.best_column) + ["long"] * long)


@dataclass(frozen=True)
class Tile:
    """A picture with a line below it.

    Attributes:
        picture: None where the output was not drawn.
        alt: what it shows, for those who do not see it.
        side: pixels that it is shown at, at most.
        title: in bold.
        note: after the title.
        best: whether it is the best output.
        infeasible: whether it violates a constraint.
    """

    picture: Picture | None
    alt: str
    side: int
    title: str
    note: str = ""
    best: bool = False
    infeasible: bool = False
