"""Show which seed latents matter: the score of each, and its share in the good trials."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.stats import rankdata

from latent_spaces_by_example.report.blocks import Cell, Share, Table
from latent_spaces_by_example.report.formatting import MINUS, shown
from latent_spaces_by_example.report.snapshot import Snapshot

_MOST_ROWS = 16
_FEWEST_TO_COMPARE = 20


@dataclass(frozen=True)
class Seeds:
    """The section of the seed latents.

    Attributes:
        shares: of each seed latent in the best and in all.
        num_seeds: how many seed latents there are; the table may have fewer.
        best_tenth: how many trials are the best tenth; 0 where there are too few to compare.
        has_negative: whether the best has a negative weight.
        latents: norms and errors of the examples.
    """

    shares: Table | None
    num_seeds: int
    best_tenth: int
    has_negative: bool
    latents: Table | None


def seeds_section(snapshot: Snapshot) -> Seeds | None:
    """Return the section of the seed latents; None where nothing is known about any."""
    shares = snapshot.weights[snapshot.scored] ** 2
    latents = _latents(snapshot)
    if not len(shares):
        return None if latents is None else Seeds(None, 0, 0, False, latents)
    order = _order(snapshot, shares)
    best_tenth = len(_best_tenth(snapshot)) if len(shares) >= _FEWEST_TO_COMPARE else 0
    has_negative = snapshot.best is not None and bool((snapshot.best.weights < -1e-9).any())
    table = _share_table(snapshot, shares, order)
    return Seeds(table, shares.shape[1], best_tenth, has_negative, latents)


def _best_tenth(snapshot: Snapshot) -> np.ndarray:
    goodness = snapshot.ranking.oriented(snapshot.scores[snapshot.scored])
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
        row: list[Cell] = [snapshot.settings.seed_name(k), *([_own_score(snapshot, k)] * scored)]
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
