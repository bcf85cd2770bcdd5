"""Convergence: every score and the best so far, against the best of N prior draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.report.best_of_n import BestOfN, best_of_n
from latent_spaces_by_example.report.blocks import UNMET
from latent_spaces_by_example.report.formatting import shortened, shown
from latent_spaces_by_example.report.plot import Axes, Dot, Figure, Mark, dot_sample, line_sample
from latent_spaces_by_example.report.scores import expected_or_score
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study import Trial


@dataclass(frozen=True)
class Convergence:
    """The plot of convergence, and what its caption needs.

    Attributes:
        prior: the best of N prior draws; None where there are too few that count.
        num_draws: how many prior draws have a score.
    """

    figure: Figure
    prior: BestOfN | None
    num_draws: int


def convergence_section(snapshot: Snapshot) -> Convergence | None:
    """Return the score of every trial and the best so far; None where there are not two."""
    if len(snapshot.finished) < 2:
        return None
    prior = _best_of_prior_draws(snapshot)
    low, high = snapshot.useful_range(snapshot.scores)
    last = max(len(snapshot.trials), 2 if prior is None else len(prior.median))
    labels = ("evaluations", "score")
    axes = Axes.between((0.5, last + 0.5), (low, high), labels=labels, whole=True)
    marks: list[Mark] = []
    if prior is not None:
        number = np.arange(1.0, len(prior.median) + 1)
        marks.append(axes.band(number, prior.low, prior.high, kind="prior"))
        marks.append(axes.line(number, prior.median, kind="prior"))
    marks += _dots(axes, snapshot)
    # examples that violate a constraint set no level to beat
    if snapshot.examples and (top := snapshot.examples[0]).feasible:
        name = shortened(snapshot.example_names[top.number])
        marks += axes.level(expected_or_score(top), kind="example", label=name)
    accumulate = np.fmin.accumulate if snapshot.minimise else np.fmax.accumulate
    best = accumulate(_levels_that_count(snapshot.trials))
    known = np.isfinite(best)
    if known.any():
        number = np.arange(1.0, len(best) + 1)
        marks.append(axes.steps(number[known], best[known], kind="best"))
    figure = Figure(axes.plot(*marks, alt=_in_words(snapshot)), tuple(_legend(snapshot, prior)))
    return Convergence(figure, prior, len(_prior_scores(snapshot)))


def _prior_scores(snapshot: Snapshot) -> Float64[np.ndarray, " m"]:
    if snapshot.prior_scores is not None:
        return snapshot.prior_scores
    return _levels_that_count(snapshot.prior_draws)


def _best_of_prior_draws(snapshot: Snapshot) -> BestOfN | None:
    scores = _prior_scores(snapshot)
    # where every draw violates a constraint there is no best of them
    if not np.isfinite(scores).any():
        return None
    return best_of_n(scores, minimise=snapshot.minimise)


def _levels_that_count(trials: Sequence[Trial]) -> Float64[np.ndarray, " n"]:
    """Return scores, or expected ones; NaN where a constraint is violated."""
    return np.array([expected_or_score(t) if t.feasible else np.nan for t in trials])


def _dots(axes: Axes, snapshot: Snapshot) -> Iterator[Dot]:
    for number, trial in enumerate(snapshot.trials, 1):
        kind = snapshot.mark_of(trial)
        if kind == "failed":
            place = axes.x.at(float(number))
            yield Dot(place, axes.y.start - 7, kind, snapshot.tooltip(trial))
        elif kind is not None and trial.score is not None:
            kind = kind.replace("best", "trial") if trial.feasible else kind.replace("best ", "")
            if trial.number in snapshot.example_names:
                kind = "example" if trial.feasible else "example infeasible"
            radius = 4.5 if kind.startswith("example") else 2.5
            tooltip = snapshot.tooltip(trial)
            yield axes.dot(float(number), trial.score, kind=kind, title=tooltip, radius=radius)


def _legend(snapshot: Snapshot, prior: BestOfN | None) -> Iterator[tuple[Mark, str]]:
    best = "best so far, as expected" if snapshot.is_noisy else "best so far"
    yield line_sample("best"), best
    yield from trial_legend(snapshot)
    if prior is not None:
        yield line_sample("prior"), "best of as many prior draws"


def trial_legend(snapshot: Snapshot, *, kind: str = "trial") -> Iterator[tuple[Mark, str]]:
    """Yield the marks of trials that a plot has, and what they are."""
    yield dot_sample(kind), "an evaluation"
    if any(not trial.feasible for trial in snapshot.finished):
        infeasible = "infeasible on-colour" if "on-colour" in kind else "infeasible"
        yield dot_sample(infeasible), UNMET
    if snapshot.examples:
        yield dot_sample("example", radius=4.5), "an example"
    if any(trial.error is not None for trial in snapshot.trials):
        yield dot_sample("failed"), "failed"


def _in_words(snapshot: Snapshot) -> str:
    steps = [
        f"{shown(expected_or_score(t))} at evaluation {snapshot.place(t) + 1}" for t in snapshot.way
    ]
    return f"The best score so far: {', '.join(steps)}."
