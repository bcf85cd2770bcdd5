"""The panel of the way there: scores and the best so far, against the best of N prior draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.report.best_of_n import FEWEST_DRAWS, BestOfN, best_of_n
from latent_spaces_by_example.report.markup import Html, figure, joined, section, shown
from latent_spaces_by_example.report.snapshot import (
    Snapshot,
    expected_of,
    useful_range,
    worth_of,
)
from latent_spaces_by_example.report.svg import Chart, dot, key, shortened
from latent_spaces_by_example.study import Trial


def convergence_panel(snapshot: Snapshot) -> Html:
    """Score of every trial and the best so far; empty where there are not two to compare."""
    if len(snapshot.finished) < 2:
        return Html()
    drawn = _prior_scores(snapshot)
    # where every draw violates a constraint there is no best of them
    prior = best_of_n(drawn if np.isfinite(drawn).any() else drawn[:0])
    scores = np.array([np.nan if t.score is None else t.score for t in snapshot.trials])
    low, high = useful_range(scores)
    last = max(len(scores), 2 if prior is None else len(prior.median))
    chart = Chart.of((0.5, last + 0.5), (low, high), labels=("evaluations", "score"), whole=True)
    marks = [*_prior(chart, prior, low=low), *_trials(chart, snapshot), *_example(chart, snapshot)]
    number = np.arange(1.0, len(scores) + 1)
    best = np.fmax.accumulate(_met(snapshot.trials))
    known = np.isfinite(best)
    best = best[known]
    if known.any():
        marks.append(chart.steps(number[known], np.maximum(best, low), kind="best"))
    hidden = int((scores < low).sum())
    return section(
        "Convergence",
        figure(
            chart.html(*marks, alt=_in_words(snapshot)),
            _caption(snapshot, prior, hidden=hidden),
            legend=_key(snapshot, prior),
        ),
        anchor="convergence",
    )


def _prior_scores(snapshot: Snapshot) -> Float64[np.ndarray, " m"]:
    if snapshot.prior_scores is not None:
        return snapshot.prior_scores
    return _met(snapshot.prior_draws)


def _met(trials: Sequence[Trial]) -> Float64[np.ndarray, " n"]:
    """Worths of those that meet every constraint, which where there are none is every one."""
    met = [t.worth if t.feasible else None for t in trials]
    return np.array(met, dtype=np.float64)


def _prior(chart: Chart, prior: BestOfN | None, *, low: float) -> list[str]:
    if prior is None:
        return []
    number = np.arange(1.0, len(prior.median) + 1)
    middle, bottom, top = (np.maximum(q, low) for q in (prior.median, prior.low, prior.high))
    return [
        chart.band(number, bottom, top, kind="prior"),
        chart.line(number, middle, kind="prior"),
    ]


def _trials(chart: Chart, snapshot: Snapshot) -> list[str]:
    marks: list[str] = []
    for number, trial in enumerate(snapshot.trials, 1):
        place = chart.x.at(float(number))
        if trial.error is not None:
            told = f"trial {trial.number}: failed"
            marks.append(dot(place, chart.y.start - 7, kind="failed", told=told))
        elif trial.score is not None:
            example = snapshot.example_names.get(trial.number)
            named = f", {example}" if example else ""
            unmet = "" if trial.feasible else ", violates constraints"
            told = f"trial {trial.number}{named}: {shown(trial.score)}{expected_of(trial)}{unmet}"
            height = min(chart.y.at(trial.score), chart.y.start)
            kind, radius = ("example", 4.5) if example else ("trial", 2.5)
            marks.append(dot(place, height, kind=kind, told=told, radius=radius))
    return marks


def _example(chart: Chart, snapshot: Snapshot) -> list[str]:
    if not snapshot.examples:
        return []
    top = snapshot.examples[0]
    name = shortened(snapshot.example_names[top.number])
    return [chart.level(worth_of(top), kind="example", label=name)]


def _key(snapshot: Snapshot, prior: BestOfN | None) -> Html:
    best = "best so far, as expected" if snapshot.is_noisy else "best so far"
    entries = [("best line", best), ("trial", "an evaluation")]
    if snapshot.examples:
        entries.append(("example", "an example"))
    if any(trial.error is not None for trial in snapshot.trials):
        entries.append(("failed", "failed"))
    if prior is not None:
        entries.append(("prior line", "best of as many prior draws"))
    return key(*entries)


def _caption(snapshot: Snapshot, prior: BestOfN | None, *, hidden: int) -> Html:
    said = ["Score of each evaluation, in their order."]
    if any(trial.constraints for trial in snapshot.trials):
        said.append("The best are of those that meet every constraint.")
    if snapshot.is_noisy:
        said.append(
            "Scores are noisy, and so the best is the one of which most is expected, as far as all "
            "scores of the study tell."
        )
    if hidden:
        said.append(f"{hidden} lie below the picture and stand on its lower edge.")
    drawn = len(_prior_scores(snapshot))
    whose = "of this study" if snapshot.prior_scores is None else "scored apart from this study"
    if prior is not None:
        said.append(
            f"Against it, the best of N prior draws: median, and the middle 80 per cent, over all "
            f"choices of N from the {drawn} draws {whose}. Nothing is assumed beyond them, so "
            f"the line ends at N = {len(prior.median)}."
        )
        if snapshot.is_noisy and snapshot.prior_scores is not None:
            said.append("Those are scores as they were measured, the best of them in part luck.")
    elif drawn and any(trial.constraints for trial in snapshot.trials):
        said.append(f"None of the {drawn} prior draws {whose} meets every constraint.")
    else:
        said.append(
            f"The best of N prior draws is not shown: there are {drawn or 'no'} draws {whose} to "
            f"tell it from, and fewer than {FEWEST_DRAWS} say too little."
        )
    return joined(said, by=" ")


def _in_words(snapshot: Snapshot) -> str:
    steps = [f"{shown(t.worth)} at evaluation {snapshot.place(t) + 1}" for t in snapshot.way]
    return f"The best score so far: {', '.join(steps)}."
