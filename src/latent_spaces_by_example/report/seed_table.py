"""Which seed latents matter: what each is, and how much of it the good trials have."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from PIL import Image
from scipy.stats import rankdata

from latent_spaces_by_example.report.blocks import Cell, Share, Table
from latent_spaces_by_example.report.formatting import MINUS, shown
from latent_spaces_by_example.report.pictures import Source, source_of
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
    caption: str


@dataclass(frozen=True)
class Seeds:
    """The section of the seed latents.

    Attributes:
        note: what a share is; empty where nothing is scored yet.
        shares: of each seed latent in the best and in all.
        explained: how to read the table.
        heat_map: shares by trial.
        latents: norms and errors of the examples.
        latent_notes: how to read that table, and what is unlike the model's draws.
    """

    note: str
    shares: Table | None
    explained: str
    heat_map: HeatMap | None
    latents: Table | None
    latent_notes: tuple[str, ...]


def seeds_section(snapshot: Snapshot) -> Seeds | None:
    """Return the section of the seed latents; None where nothing is known about any."""
    shares = snapshot.weights[snapshot.scored] ** 2
    latents, latent_notes = _latents(snapshot)
    if not len(shares):
        return None if latents is None else Seeds("", None, "", None, latents, latent_notes)
    order = _order(snapshot, shares)
    note = (
        "A trial is weights w over the seed latents, and w² is the share that each one has in it; "
        "the shares of a trial add up to 1."
    )
    if len(order) < shares.shape[1]:
        note += f" Of {shares.shape[1]} these {len(order)} have the largest in the best tenth."
    return Seeds(
        note,
        _share_table(snapshot, shares, order),
        _explained(snapshot, shares),
        _heat_map(snapshot, order),
        latents,
        latent_notes,
    )


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


def _explained(snapshot: Snapshot, shares: Float64[np.ndarray, "n K"]) -> str:
    sentences = []
    best = snapshot.best
    if best is not None and (best.weights < -1e-9).any():
        sentences.append("A hatched bar is the share of a negative weight.")
    if len(shares) >= _FEWEST_TO_COMPARE:
        good = "low" if snapshot.minimise else "high"
        sentences.append(
            f"The best tenth are {len(_best_tenth(snapshot))} trials. The rank correlation "
            "(Spearman) is between a seed latent's share and the score, over all scored trials. A "
            f"search does not try points at random, so it says what went with a {good} score in "
            "this study, not what causes one."
        )
    return " ".join(sentences)


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
    signs = "blue for positive weights and orange for negative ones"
    signs = signs if (weights < 0).any() else "no colour is none"
    ends = ("highest score", "lowest") if snapshot.minimise else ("lowest score", "highest")
    return HeatMap(
        tuple(snapshot.seed_name(k) for k in order),
        source_of(Image.fromarray(pixels)),
        ends,
        f"Shares of the seed latents in each of the {scored.sum()} scored trials, worst to best: "
        f"the fuller the colour the larger, {signs}.",
    )


def _latents(snapshot: Snapshot) -> tuple[Table | None, tuple[str, ...]]:
    """Return what is known about the examples' latents: length, and error of the inversion."""
    facts = snapshot.settings.examples
    if not facts:
        return None, ()
    inverted = any(fact.rms_error is not None for fact in facts)
    rows = []
    for fact in facts:
        error = [shown(fact.rms_error)] * inverted
        rows.append((fact.name, f"{fact.relative_norm:.2f}", *error))
    note = "Norm / expected is the length of the latent over what the model expects of its draws."
    if inverted:
        note += " The error is between an example and what its latent generates."
    unlike = (
        f"{fact.name} is unlike what the model makes: {fact.unlike}."
        for fact in facts
        if fact.unlike is not None
    )
    head = ("example", "norm / expected", *(["error (RMS)"] * inverted))
    return Table("Latents of the examples", head, tuple(rows)), (note, *unlike)
