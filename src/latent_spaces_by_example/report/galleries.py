"""Galleries of what was found: the steps on the way, and the best that are not alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from latent_spaces_by_example.report.blocks import UNMET, Table, Tile
from latent_spaces_by_example.report.formatting import shown, shown_alike, shown_difference
from latent_spaces_by_example.report.scores import expected_of, expected_or_score
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study import Trial

_SIDE = 300
_MOST_METRICS = 6


@dataclass(frozen=True)
class Gallery:
    """Tiles, or a table where no output has a picture.

    Attributes:
        tiles: one a trial; empty where there is a table.
        wide: whether the pictures are wide.
        table: scores and metrics instead.
    """

    tiles: tuple[Tile, ...]
    wide: bool
    table: Table | None


def way_gallery(snapshot: Snapshot) -> Gallery | None:
    """Return the steps that gained most; None where nothing was better than the first trial."""
    if len(snapshot.way) < 2:
        return None
    return _gallery(snapshot, snapshot.way, ranked=False)


def top_gallery(snapshot: Snapshot) -> Gallery | None:
    """Return the best trials that differ; None where there are not two."""
    if len(snapshot.top) < 2:
        return None
    return _gallery(snapshot, snapshot.top, ranked=True)


def _gallery(snapshot: Snapshot, trials: Sequence[Trial], *, ranked: bool) -> Gallery:
    levels = [expected_or_score(trial) for trial in trials]
    tiles = []
    for place, (trial, score) in enumerate(zip(trials, shown_alike(levels), strict=True)):
        words = [snapshot.example_names.get(trial.number, f"trial {trial.number}")]
        if not ranked and place and trial.feasible == trials[place - 1].feasible:
            words.insert(0, f"({shown_difference(levels[place], levels[place - 1])})")
        alt = f"trial {trial.number}, score {shown(trial.score)}{expected_of(trial)}"
        title = f"{place + 1}. {score}" if ranked else score
        tiles.append(tile_of(snapshot, trial, title=title, words=words, alt=alt))
    return gallery_of(tiles) or Gallery((), False, _table(snapshot, trials))


def tile_of(
    snapshot: Snapshot,
    trial: Trial,
    *,
    title: str,
    words: Sequence[str],
    alt: str,
    side: int = _SIDE,
) -> Tile:
    """Return the picture of a trial's output, with a title and further words below it."""
    picture, words = snapshot.picture(trial), list(words)
    words += [] if trial.feasible else [UNMET]
    words += [] if picture is not None else ["not drawn"]
    note = "".join(f" · {word}" for word in words)
    best, unmet = trial is snapshot.best, not trial.feasible
    return Tile(picture, f"Output of {alt}", side, title, note, best, unmet)


def gallery_of(tiles: Sequence[Tile]) -> Gallery | None:
    """Return tiles as a gallery; None where no output has a picture."""
    pictures = [tile.picture for tile in tiles if tile.picture is not None]
    wide = any(picture.wide for picture in pictures)
    return Gallery(tuple(tiles), wide, None) if pictures else None


def _table(snapshot: Snapshot, trials: Sequence[Trial]) -> Table:
    metrics = [trial.metrics for trial in trials]
    names = list(dict.fromkeys(key for values in metrics for key in values))[:_MOST_METRICS]
    head, columns = ["score"], [shown_alike([t.score for t in trials])]
    if snapshot.is_noisy:
        head = ["expected score", *head]
        columns.insert(0, shown_alike([expected_or_score(t) for t in trials]))
    columns += [shown_alike([values.get(name) for values in metrics]) for name in names]
    rows = tuple((f"trial {t.number}", *cells) for t, *cells in zip(trials, *columns, strict=True))
    return Table("Scores and metrics of these trials", ("", *head, *names), rows)
