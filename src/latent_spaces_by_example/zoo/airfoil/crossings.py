"""Count where the outline of a section crosses itself."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Int64

Sections = Float64[np.ndarray, "n p 2"]
Pairs = Int64[np.ndarray, " q"]

_CHUNK = 32  # sections whose pairs of segments are tested at once: about 25 MB


def count_crossings(sections: Sections) -> Int64[np.ndarray, " n"]:
    """Count the pairs of segments of each open outline that cross, neighbours left out.

    Segments ab and cd cross if a, b lie strictly on different sides of cd, and c, d of ab.
    The first and the last segment are neighbours too: they meet at the trailing edge.
    """
    segments = sections.shape[1] - 1
    i, j = np.triu_indices(segments, k=2)
    neighbours = (i == 0) & (j == segments - 1)
    i, j = i[~neighbours], j[~neighbours]
    counts = np.zeros(len(sections), dtype=np.int64)
    for start in range(0, len(sections), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        counts[chunk] = _crossing(sections[chunk], i=i, j=j).sum(axis=1)
    return counts


def _crossing(sections: Sections, *, i: Pairs, j: Pairs) -> Bool[np.ndarray, "n q"]:
    x, y = sections[:, :, 0], sections[:, :, 1]
    dx, dy = np.diff(x, axis=1), np.diff(y, axis=1)

    def side(segment: np.ndarray, point: np.ndarray) -> np.ndarray:
        """Return twice the signed area of the triangle of a segment and a point."""
        across: np.ndarray = dx[:, segment] * (y[:, point] - y[:, segment])
        across -= dy[:, segment] * (x[:, point] - x[:, segment])
        return across

    apart = side(i, j) * side(i, j + 1) < 0.0
    crossing: np.ndarray = apart & (side(j, i) * side(j, i + 1) < 0.0)
    return crossing
