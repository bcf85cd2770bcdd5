"""Commands by which a person moves through the space: planes, mixtures, the map, favourites."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.explore.atlas import Atlas
from latent_spaces_by_example.explore.painter import Item, key_of
from latent_spaces_by_example.explore.plane import nine_around
from latent_spaces_by_example.report.octant import to_plane
from latent_spaces_by_example.study import create_study
from latent_spaces_by_example.study.trial import weights_table

if TYPE_CHECKING:
    from latent_spaces_by_example.explore.desk import Desk


def around(desk: Desk, *, key: str, angle: float, turn: int) -> dict[str, Any]:
    """Return nine items on a plane through one; the first plane points to the favourites."""
    angle, turn = float(angle), int(turn)
    if not 1e-4 <= angle <= np.pi / 2 or not 0 <= turn < 1000:
        raise ArgumentError(f"angle={angle!r}, turn={turn!r}; give 0 to pi/2, and 0 to 999")
    centre = desk.known(key)
    favourites = [n for n in desk.marks.favourites if n != centre.number][:2]
    towards = _stacked(desk, favourites) if favourites else None
    rows = nine_around(desk.study, centre.weights, angle=angle, turn=turn, towards=towards)
    items = [Item(key_of(row, None), row) for row in rows]
    gaps = np.abs(rows[:, : len(centre.weights)] - centre.weights).max(axis=1)
    items[int(np.argmin(gaps))] = centre
    return {"items": [desk.described(item) for item in items]}


def blend(desk: Desk, *, weights: list[float]) -> dict[str, Any]:
    """Return the item at weights over the given seed latents, brought to unit norm."""
    row = np.array(weights, dtype=np.float64)
    num_given = desk.study.settings.num_given
    if row.shape != (num_given,) or not np.isfinite(row).all() or not row.any():
        raise ArgumentError(f"weights={weights!s:.60}; give {num_given} numbers, not all zero")
    return _mixture(desk, row / np.linalg.norm(row))


def at(desk: Desk, *, x: float, y: float) -> dict[str, Any]:
    """Return the item at a place of the map."""
    atlas = _atlas(desk)
    if atlas is None:
        raise ArgumentError("there is no map before three outputs were shown")
    return _mixture(desk, atlas.at(float(x), float(y)))


def survey(desk: Desk) -> dict[str, Any]:
    """Return the map: trials at their places, and the names at its corners."""
    atlas = _atlas(desk)
    if atlas is None:
        return {"map": None}
    known = {trial.number: trial for trial in desk.study.records.trials()}
    trials = [known[number] for number in atlas.numbers]
    levels = desk.levels()
    corners = []
    if atlas.kind == "triangle":
        names = [facts.name for facts in desk.study.settings.examples]
        corners = list(zip(names, to_plane(np.eye(3)).tolist(), strict=False))
    return {
        "map": {
            "kind": atlas.kind,
            "outline": atlas.outline.round(4).tolist(),
            "corners": corners,
            "points": [
                {"item": desk.item(trial), "place": place, "level": levels.get(trial.number)}
                for trial, place in zip(trials, atlas.places.round(4).tolist(), strict=True)
            ],
        }
    }


def mark(desk: Desk, *, key: str, on: bool) -> None:
    """Mark a favourite, or unmark it."""
    number = desk.trial(key)
    others = [n for n in desk.marks.favourites if n != number]
    desk.see(favourites=(*others, number) if on else tuple(others))


def between(desk: Desk) -> None:
    """Go on with a child study, whose seed latents are the favourites."""
    numbers = desk.marks.favourites
    if len(numbers) < 2:
        raise ArgumentError("mark two or more favourites first; a search needs two to go between")
    parent, directions = desk.study, desk.study.settings.directions
    weights = _stacked(desk, numbers)
    child = create_study(
        parent.generator,
        seed_latents=parent.latents(weights),
        direction=list(directions) if len(directions) > 1 else directions[0],
        scores=parent.settings.score_names or None,
        objective=desk.objective,
        random_seed=parent.settings.random_seed,
        out=None if parent.folder is None else _next_child(parent.folder.path),
        check_generator=False,
    )
    desk.go_on_with(child)


def _mixture(desk: Desk, row: np.ndarray) -> dict[str, Any]:
    place = to_plane(row[None])[0].tolist() if len(row) == 3 else None
    return {"item": desk.described(Item(key_of(row, None), row)), "place": place}


def _atlas(desk: Desk) -> Atlas | None:
    return Atlas.of(desk.study, desk.study.records.trials())


def _stacked(desk: Desk, numbers: Any) -> np.ndarray:
    trials = [desk.study.records.trial(number) for number in numbers]
    return weights_table(trials, desk.study.settings.num_given)


def _next_child(folder: Path) -> Path:
    number = 1
    while (path := folder.with_name(f"{folder.name}-between-{number}")).exists():
        number += 1
    return path
