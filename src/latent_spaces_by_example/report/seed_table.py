"""Show which seed latents matter: the score of each, and its share in the good trials."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from PIL import Image
from scipy.stats import rankdata

from latent_spaces_by_example.report.blocks import Cell, Share, Table
from latent_spaces_by_example.report.formatting import MINUS, shown
from latent_spaces_by_example.report.output_pictures import Source, source_of
from latent_spaces_by_example.report.snapshot import Snapshot

_MOST_ROWS = 16
_FEWEST_TO_COMPARE = 20
_POSITIVE, _NEGATIVE = (36, 86, 166), (180, 65, 14)


@dataclass(frozen=True)
class HeatMap:
    """Shares of the seed latents in the trials, worst to best, one pixel each."""

    names: tuple[str, ...]
    source: Source
    ends: tuple[str, str]
    has_negative: bool


@dataclass(frozen=True)
class Seeds:
    """The section of the seed latents.

    Attributes:
        shares: of each seed latent in the best and in all.
        num_seeds: how many seed latents there are; the table may have fewer.
        best_tenth: how many trials are the best tenth; 0 where there are too few to compare.
        has_negative: whether the best has a negative weight.
        heat_map: shares by trial.
        latents: norms and errors of the examples.
    """

    shares: Table | None
    num_seeds: int
    best_tenth: int
    has_negative: bool
    heat_map: HeatMap | None
    latents: Table | None


def seeds_section(snapshot: Snapshot) -> Seeds | None:
    """Return the section of the seed latents; None where nothing is known about any."""
    shares = snapshot.weights[snapshot.scored] ** 2
    latents = _latents(snapshot)
    if not len(shares):
        return None if latents is None else Seeds(None, 0, 0, False, None, latents)
    order = _order(snapshot, shares)
    best_tenth = len(_best_tenth(snapshot)) if len(shares) >= _FEWEST_TO_COMPARE else 0
    has_negative = snapshot.best is not None and bool((snapshot.best.weights < -1e-9).any())
    table, heat_map = _share_table(snapshot, shares, order), _heat_map(snapshot, order)
    return Seeds(table, shares.shape[1], best_tenth, has_negative, heat_map, latents)


def _goodness(snapshot: Snapshot) -> Float64[np.ndarray, " n"]:
    """Return the scores, negated where lower is better."""
    scores = snapshot.scores[snapshot.scored]
    return -scores if snapshot.minimise else scores


def _best_tenth(snapshot: Snapshot) -> np.ndarray:
    goodness = _goodness(snapshot)
    return np.argsort(-goodness, kind="stable")[: math.ceil(len(goodness) / 10)]


def _order(snapshot: Snapshot, shares: Float64[np.ndarray, "n K"]) -> list[int]:
    """Return the examples as they were given; of prior draws those of most weight in the best."""
    num_given, total = snapshot.settings.num_given, shares.shape[1]
    if total <= _MOST_ROWS:
        return list(range(total))
    weight = shares[_best_tenth(snapshot)].mean(axis=0)
    kept = min(num_given, _MOST_ROWS // 2)
    rest = [int(k) for k in np.argsort(-weight) if k >= kept]
    return [*range(kept), *rest[: _MOST_ROWS - kept]]


def _share_table(snapshot: Snapshot, shares: Float64[np.ndarray, "n K"], order: list[int]) -> Table:
    compared = len(shares) >= _FEWEST_TO_COMPARE
    scored = any(k in snapshot.alone for k in order)
    head = ["seed latent", *(["its score"] * scored), "share in the best"]
    head += ["mean in the best tenth", "mean in all", "rank correlation"] if compared else []
    best = np.zeros(shares.shape[1])
    if snapshot.best is not None:
        best[: len(snapshot.best.weights)] = snapshot.best.weights
    top = shares[_best_tenth(snapshot)].mean(axis=0)
    rows: list[tuple[Cell, ...]] = []
    for k in order:
        row: list[Cell] = [snapshot.seed_name(k), *([_own_score(snapshot, k)] * scored)]
        row.append(Share(float(best[k] ** 2), negative=bool(best[k] < 0)))
        if compared:
            row += [Share(float(top[k])), Share(float(shares[:, k].mean()))]
            row.append(_correlation(shares[:, k], snapshot.scores[snapshot.scored]))
        rows.append(tuple(row))
    return Table("Seed latents and their shares", tuple(head), tuple(rows))


def _own_score(snapshot: Snapshot, column: int) -> str:
    trial = snapshot.alone.get(column)
    if trial is None:
        return ""
    return "failed" if trial.error is not None else shown(trial.score)


def _correlation(shares: Float64[np.ndarray, " n"], scores: Float64[np.ndarray, " n"]) -> str:
    """Return Spearman's correlation, of the ranks; none where a seed latent was hardly used."""
    if (shares > 1e-12).sum() < _FEWEST_TO_COMPARE // 2:
        return "used too little"
    first, second = rankdata(shares), rankdata(scores)
    if first.std() == 0 or second.std() == 0:
        return ""
    return f"{np.corrcoef(first, second)[0, 1]:+.2f}".replace("-", MINUS)


def _heat_map(snapshot: Snapshot, order: list[int]) -> HeatMap | None:
    """Return signed shares of the trials, worst to best, as a picture of one pixel each."""
    scored = snapshot.scored
    if scored.sum() < _FEWEST_TO_COMPARE or len(order) < 2:
        return None
    ranked = np.argsort(_goodness(snapshot), kind="stable")
    weights = snapshot.weights[scored][ranked][:, order].T
    pixels = np.zeros((*weights.shape, 4), dtype=np.uint8)
    pixels[..., :3] = np.where(weights[..., None] < 0, _NEGATIVE, _POSITIVE)
    pixels[..., 3] = np.round(255 * np.minimum(weights**2, 1.0) ** 0.6)
    ends = ("highest score", "lowest") if snapshot.minimise else ("lowest score", "highest")
    names = tuple(snapshot.seed_name(k) for k in order)
    return HeatMap(names, source_of(Image.fromarray(pixels)), ends, bool((weights < 0).any()))


def _latents(snapshot: Snapshot) -> Table | None:
    """Return what is known about the examples' latents: length, and error of the inversion."""
    facts = snapshot.settings.examples
    inverted = any(fact.rms_error is not None for fact in facts)
    rows = tuple(
        (fact.name, f"{fact.relative_norm:.2f}", *([shown(fact.rms_error)] * inverted))
        for fact in facts
    )
    head = ("example", "norm / expected", *(["error (RMS)"] * inverted))
    return Table("Latents of the examples", head, rows) if rows else None
