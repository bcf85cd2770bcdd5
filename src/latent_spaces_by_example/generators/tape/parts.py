"""The parts of a tape: one for each random draw that a sampler makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

GAUSSIAN = "Gaussian"
UNIFORM = "uniform"


@dataclass(frozen=True)
class Part:
    """Describe one random draw of a sampler.

    Attributes:
        name: such as "randn:3 at sampler.py:41", the third draw of the sampler.
        op: what drew it, such as "randn" or "numpy.permutation".
        law: "Gaussian" or "uniform", standardised, for one that is part of the latent; for one
            that is held fixed, what drew it.
        shape: of its numbers; of a complex draw, with a last axis for the real and the imaginary.
        dtype: that the sampler drew, such as "float32".
        combined: whether it is part of the latent; otherwise it is held fixed as recorded.
        place: where in the sampler's code it is drawn, such as "sampler.py:41".
        start: index of its first number in the latent; None where it is held fixed.
        repeated: whether an earlier draw came from the same random state, so that this one has
            the same numbers and no place of its own.
    """

    name: str
    op: str
    law: str
    shape: tuple[int, ...]
    dtype: str
    combined: bool
    place: str
    start: int | None = None
    repeated: bool = False

    @property
    def size(self) -> int:
        """Return how many numbers it has."""
        return prod(self.shape)

    @property
    def columns(self) -> slice:
        """Return its place in the latent; empty where it is held fixed."""
        return slice(self.start, self.start + self.size) if self.start is not None else slice(0)


def table(parts: Sequence[Part], *, frozen_streams: Sequence[str]) -> str:
    """Return the parts as lines of text: a heading first, whole streams that are held last."""
    rows = [("draw", "law", "shape", "dtype", "in the latent")]
    rows += [(part.name, part.law, str(part.shape), part.dtype, _where(part)) for part in parts]
    rows += [(stream, "any", "", "", "held fixed") for stream in frozen_streams]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[4]])
        for row in rows
    )


def _where(part: Part) -> str:
    if part.start is None:
        return "held fixed"
    return f"[{part.start}:{part.start + part.size}]{' again' if part.repeated else ''}"
