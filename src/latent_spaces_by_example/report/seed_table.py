"""The panel of the seed latents: what each is, and how much of it the good ones have."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
from jaxtyping import Float64
from PIL import Image
from scipy.stats import rankdata

from latent_spaces_by_example.report.markup import (
    MINUS,
    Html,
    element,
    figure,
    joined,
    note,
    section,
    shown,
    table,
    text,
)
from latent_spaces_by_example.report.snapshot import Snapshot

_MOST_ROWS = 16
_FEWEST_TO_COMPARE = 20
_POSITIVE, _NEGATIVE = (36, 86, 166), (180, 65, 14)


def seed_panel(snapshot: Snapshot) -> Html:
    """Shares of the seed latents in the best and in all, and their rank correlation."""
    shares = _shares(snapshot)
    if not shares.shape[1]:
        return Html()
    order = _order(snapshot, shares)
    if not len(shares):
        return section("Seed latents", _inverted(snapshot), anchor="seed-latents")
    many = ""
    if len(order) < shares.shape[1]:
        many = f" Of {shares.shape[1]} these {len(order)} have the largest in the best tenth."
    return section(
        "Which seed latents matter",
        note(
            "A trial is weights w over the seed latents, and w² is the share that each one has in "
            f"it; the shares of a trial add up to 1.{many}"
        ),
        _table(snapshot, shares, order),
        _explained(snapshot, shares),
        _heat_map(snapshot, order),
        _inverted(snapshot),
        anchor="seed-latents",
    )


def _shares(snapshot: Snapshot) -> Float64[np.ndarray, "n K"]:
    """Squared weights of the scored trials, or of none."""
    return snapshot.history.weights[snapshot.history.finished] ** 2


def _scores(snapshot: Snapshot) -> Float64[np.ndarray, " n"]:
    return snapshot.history.scores[snapshot.history.finished]


def _best_tenth(snapshot: Snapshot) -> np.ndarray:
    scores = _scores(snapshot)
    return np.argsort(-scores, kind="stable")[: math.ceil(len(scores) / 10)]


def _order(snapshot: Snapshot, shares: Float64[np.ndarray, "n K"]) -> list[int]:
    """The examples as they were given; of prior draws those of most weight in the best."""
    num_given, total = snapshot.study.settings.num_given, shares.shape[1]
    if total <= _MOST_ROWS:
        return list(range(total))
    weight = shares[_best_tenth(snapshot)].mean(axis=0) if len(shares) else np.zeros(total)
    kept = min(num_given, _MOST_ROWS // 2)
    order = list(range(kept))
    return order + [int(k) for k in np.argsort(-weight) if k >= kept][: _MOST_ROWS - kept]


def _table(snapshot: Snapshot, shares: Float64[np.ndarray, "n K"], order: list[int]) -> Html:
    compared = len(shares) >= _FEWEST_TO_COMPARE
    scored = any(k in snapshot.alone for k in order)
    head = ["seed latent", *(["its score"] if scored else []), "share in the best"]
    head += ["mean in the best tenth", "mean in all", "rank correlation"] if compared else []
    best = np.zeros(shares.shape[1])
    if snapshot.best is not None:
        best[: len(snapshot.best.weights)] = snapshot.best.weights
    top, scores = shares[_best_tenth(snapshot)].mean(axis=0), _scores(snapshot)
    rows: list[list[str]] = []
    for k in order:
        row = [snapshot.study.seeds.name(k), *([_own_score(snapshot, k)] if scored else [])]
        row.append(_bar(float(best[k] ** 2), sign=float(best[k])))
        if compared:
            row += [_bar(float(top[k])), _bar(float(shares[:, k].mean()))]
            row.append(_correlation(shares[:, k], scores))
        rows.append(row)
    return table(head, rows, label="Seed latents and their shares")


def _own_score(snapshot: Snapshot, column: int) -> str:
    trial = snapshot.alone.get(column)
    if trial is None:
        return ""
    return "failed" if trial.error is not None else shown(trial.score)


def _inverted(snapshot: Snapshot) -> Html:
    """What is known of the examples' latents: their length, and how well they were inverted."""
    facts = snapshot.study.settings.examples
    if not facts:
        return Html()
    inverted = any(fact.rms_error is not None for fact in facts)
    head = ["example", "norm / expected", *(["error (RMS)"] if inverted else [])]
    rows = []
    for fact in facts:
        error = [shown(fact.rms_error)] if inverted else []
        rows.append([fact.name, f"{fact.relative_norm:.2f}", *error])
    said = "Norm / expected is the length of the latent over what the model expects of its draws."
    if inverted:
        said += " The error is between an example and what its latent generates."
    unlike = [
        note(f"{fact.name} is unlike what the model makes: {fact.unlike}.")
        for fact in facts
        if fact.unlike is not None
    ]
    return joined([table(head, rows, label="Latents of the examples"), note(said), *unlike])


def _bar(share: float, *, sign: float = 1.0) -> Html:
    kind = "share negative" if sign < 0 else "share"
    drawn = Html(f'<span class="{kind}"><i style="width:{100 * min(share, 1):.1f}%"></i></span>')
    return joined([f"{share:.2f}", drawn], by=" ")


def _correlation(shares: Float64[np.ndarray, " n"], scores: Float64[np.ndarray, " n"]) -> str:
    """Spearman's: the correlation of the ranks; none where a seed latent was hardly used."""
    if (shares > 1e-12).sum() < _FEWEST_TO_COMPARE // 2:
        return "used too little"
    first, second = rankdata(shares), rankdata(scores)
    if first.std() == 0 or second.std() == 0:
        return ""
    return f"{np.corrcoef(first, second)[0, 1]:+.2f}".replace("-", MINUS)


def _explained(snapshot: Snapshot, shares: Float64[np.ndarray, "n K"]) -> Html:
    said = []
    best = snapshot.best
    if best is not None and (best.weights < -1e-9).any():
        said.append("A hatched bar is the share of a negative weight.")
    if len(shares) >= _FEWEST_TO_COMPARE:
        said.append(
            f"The best tenth are {len(_best_tenth(snapshot))} trials. The rank correlation "
            "(Spearman) is between a seed latent's share and the score, over all scored trials. A "
            "search does not try points at random, so it says what went with a high score in this "
            "study, not what causes one."
        )
    return note(" ".join(said)) if said else Html()


def _heat_map(snapshot: Snapshot, order: list[int]) -> Html:
    """Signed shares of the trials, worst to best, as a picture of one pixel each."""
    finished = snapshot.history.finished
    if finished.sum() < _FEWEST_TO_COMPARE or len(order) < 2:
        return Html()
    ranked = np.argsort(_scores(snapshot), kind="stable")
    weights = snapshot.history.weights[finished][ranked][:, order].T
    pixels = np.zeros((*weights.shape, 4), dtype=np.uint8)
    pixels[..., :3] = np.where(weights[..., None] < 0, _NEGATIVE, _POSITIVE)
    pixels[..., 3] = np.round(255 * np.minimum(weights**2, 1.0) ** 0.6)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    image = Html(
        f'<img class="crisp" alt="Shares of the seed latents in each trial, by score" '
        f'style="--rows:{len(order)}" src="data:image/png;base64,{data}">'
    )
    names = [element("span", snapshot.study.seeds.name(k)) for k in order]
    ends = element("div", text("lowest score"), element("span", "highest"), class_="ends")
    rows = element("div", *names, class_="names")
    signs = " blue for positive weights and orange for negative ones" if (weights < 0).any() else ""
    return figure(
        element("div", rows, element("div", image, ends, class_="picture"), class_="heat-map"),
        f"Shares of the seed latents in each of the {finished.sum()} scored trials, in order of "
        f"their score: the fuller the colour the larger,{signs or ' no colour is none'}.",
        class_="plot",
    )
