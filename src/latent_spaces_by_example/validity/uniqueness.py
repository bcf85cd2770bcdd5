"""Measure a space's uniqueness: are distinct points distinct latents and distinct outputs?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.spatial.distance import pdist

from latent_spaces_by_example.validity.spaces import Points, Rows, Space

_MOST_COORDINATES = 32
_SAME = 1e-9


@dataclass(frozen=True)
class CollapsedFace:
    """A face of the cube on which some coordinates change nothing.

    Attributes:
        coordinate: k, counted from 0, of the face u_k = side.
        side: 0 or 1.
        lost: the coordinates, counted from 0, that do not matter there; of more than 32 only
            the first and the last 16 are looked at.
    """

    coordinate: int
    side: int
    lost: tuple[int, ...]

    def __str__(self) -> str:
        """Return the face in words, coordinates counted from 1."""
        first, last = self.lost[0] + 1, self.lost[-1] + 1
        if len(self.lost) == 1:
            others = f"u_{first} does"
        elif self.lost == tuple(range(first - 1, last)):
            others = f"u_{first} to u_{last} do"
        else:
            others = f"{len(self.lost)} of the coordinates u_{first} to u_{last} do"
        return f"where u_{self.coordinate + 1} = {self.side}, {others} not matter"


@dataclass(frozen=True)
class Uniqueness:
    """The pairs of distinct points of a space that come closest to being the same.

    Attributes:
        latent_ratio: smallest \\|inner - inner'\\| / sqrt(d) over \\|u - u'\\|, over all pairs of
            random points and short steps from them.
        latent_pair: these two points, shape (2, m).
        output_ratio: smallest distance of outputs, over the median one between random points, to
            \\|u - u'\\|; None without a generator.
        output_pair: these two points, shape (2, m); None without a generator.
        identical_outputs: share of the pairs of random points with the very same output; None
            without a generator.
        collapsed: faces of the cube on which coordinates change nothing, of the first and the
            last 16 coordinates.
    """

    latent_ratio: float
    latent_pair: Float64[np.ndarray, "2 m"]
    output_ratio: float | None
    output_pair: Float64[np.ndarray, "2 m"] | None
    identical_outputs: float | None
    collapsed: tuple[CollapsedFace, ...]


def uniqueness_of(
    space: Space,
    u: Points,
    stepped: Points,
    *,
    outputs: Rows | None,
    stepped_outputs: Rows | None,
    rng: np.random.Generator,
) -> Uniqueness:
    """Look for the closest pair among the points, and between each and its short step."""
    scale = np.sqrt(space.num_latent_dims)
    positions, moved = space.positions(u) / scale, space.positions(stepped) / scale
    ratio, pair = _closest(u, stepped, positions, moved)
    output_ratio, output_pair, identical = None, None, None
    if outputs is not None and stepped_outputs is not None:
        apart = pdist(outputs)
        identical = float((apart == 0.0).mean())
        usual = float(np.median(apart)) or 1.0
        output_ratio, output_pair = _closest(u, stepped, outputs / usual, stepped_outputs / usual)
    return Uniqueness(
        latent_ratio=ratio,
        latent_pair=pair,
        output_ratio=output_ratio,
        output_pair=output_pair,
        identical_outputs=identical,
        collapsed=_collapsed_faces(space, rng),
    )


def _closest(
    u: Points, stepped: Points, there: Rows, moved: Rows
) -> tuple[float, Float64[np.ndarray, "2 m"]]:
    among = pdist(there) / pdist(u)
    nearby = np.linalg.norm(moved - there, axis=1) / np.linalg.norm(stepped - u, axis=1)
    if nearby.min() <= among.min():
        row = int(np.argmin(nearby))
        return float(nearby[row]), np.stack([u[row], stepped[row]])
    i, j = np.triu_indices(len(u), k=1)
    place = int(np.argmin(among))
    return float(among[place]), np.stack([u[i[place]], u[j[place]]])


def _collapsed_faces(space: Space, rng: np.random.Generator) -> tuple[CollapsedFace, ...]:
    """On each face, move one other coordinate at a time and see whether anything moves."""
    m = space.num_coordinates
    half = _MOST_COORDINATES // 2
    few = m <= _MOST_COORDINATES
    probed = np.arange(m) if few else np.r_[0:half, m - half : m]
    rows = np.arange(len(probed))
    faces = []
    for k in probed:
        for side in (0, 1):
            base = rng.uniform(0.1, 0.9, size=m)
            base[k] = side
            changed = np.tile(base, (len(probed), 1))
            changed[rows, probed] = (base[probed] + 0.37) % 1.0
            before = space.positions(base[None])
            apart = np.linalg.norm(space.positions(changed) - before, axis=1)
            same = apart <= _SAME * max(float(np.linalg.norm(before)), 1.0)
            lost = tuple(int(j) for j in probed[same] if j != k)
            if lost:
                faces.append(CollapsedFace(int(k), side, lost))
    return tuple(faces)
