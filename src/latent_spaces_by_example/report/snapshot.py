"""A study as it was at one moment. Nothing else of a page reads the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.report.blocks import UNMET
from latent_spaces_by_example.report.formatting import shown
from latent_spaces_by_example.report.output_pictures import Picture
from latent_spaces_by_example.report.scores import expected_of, useful_range
from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp import ScoreModel
from latent_spaces_by_example.study import Study, Trial
from latent_spaces_by_example.study.ranking import Ranking
from latent_spaces_by_example.study.settings import Settings
from latent_spaces_by_example.study.top import positions

_ONE = 1 - 1e-9
_MOST_REFERENCES = 7
_MOST_OF_THE_WAY = 6
_SMALLEST_STEP = 0.02  # of the range of scores that matters
_MOST_OF_THE_TOP = 8
_MOST_OF_THE_FRONT = 12
_ALIKE_DEGREES = 15.0


@dataclass(frozen=True)
class Snapshot:
    """A study at one moment, so that every section of a page tells of the same trials.

    Attributes:
        study: the study.
        trials: all of them, in the order of their numbers.
        ranking: which of two is better.
        pictures: of outputs, by trial number.
        overlay: the best output drawn over the best example; None where there is no such picture.
        missing: why some outputs have no picture; empty where that needs no word.
        prior_scores: of prior draws that were scored elsewhere, NaN where that failed; None to
            use those of the study.
    """

    study: Study
    trials: Sequence[Trial]
    ranking: Ranking = field(default_factory=Ranking)
    pictures: Mapping[int, Picture] = field(default_factory=dict)
    overlay: Picture | None = None
    missing: str = ""
    prior_scores: Float64[np.ndarray, " m"] | None = None

    # ------------------------------------------------------------------ the study's own words

    @property
    def settings(self) -> Settings:
        """The settings, fixed when the study was created."""
        return self.study.settings

    @property
    def given_names(self) -> list[str]:
        """The names of the given seed latents."""
        return [self.settings.seed_name(k) for k in range(self.settings.num_given)]

    @property
    def budget(self) -> int:
        """The number of evaluations asked for in all; never fewer than there are."""
        return max(self.settings.budget or 0, len(self.trials))

    @property
    def minimise(self) -> bool:
        """True if lower scores are better."""
        return self.ranking.minimise

    @cached_property
    def _history(self) -> History:
        return self.study.history(until=len(self.trials))

    @cached_property
    def weights(self) -> Float64[np.ndarray, "n K"]:
        """The weights of every trial over the seed latents."""
        return self._history.weights

    @cached_property
    def points(self) -> Float64[np.ndarray, "n r"]:
        """Every trial as a unit vector, inner products being cosines of latents."""
        return positions(self.study.space, self.weights)

    @cached_property
    def model(self) -> ScoreModel:
        """The library's Gaussian process, given these trials; higher is better."""
        return ScoreModel.of(self._history)

    def expected(self, weights: Float64[np.ndarray, "n K"]) -> Float64[np.ndarray, " n"]:
        """Return the scores that the model expects at weights, as the user gives them."""
        return self.ranking.oriented(self.model.mean(weights))

    @property
    def error(self) -> float:
        """The root mean square error of the model at each trial when that one is left out."""
        return float(np.sqrt(np.mean(self.model.left_out_errors() ** 2)))

    # ------------------------------------------------------------------ what follows from it

    @cached_property
    def finished(self) -> list[Trial]:
        """The trials with a score."""
        return [trial for trial in self.trials if trial.score is not None]

    @cached_property
    def failed(self) -> list[Trial]:
        """The trials that failed."""
        return [trial for trial in self.trials if trial.error is not None]

    @property
    def num_beyond(self) -> int:
        """The number of scores outside the range that matters."""
        low, high = self.useful_range(self.scores)
        return int(((self.scores < low) | (self.scores > high)).sum())

    @cached_property
    def scores(self) -> Float64[np.ndarray, " n"]:
        """The score of every trial; NaN where there is none."""
        return np.array([np.nan if t.score is None else t.score for t in self.trials])

    @cached_property
    def scored(self) -> np.ndarray:
        """True for each trial that has a score, shape (n,)."""
        return np.isfinite(self.scores)

    @cached_property
    def best(self) -> Trial | None:
        """The best trial; None where no trial has a score, and where there are several scores."""
        return None if self.settings.score_names else self.ranking.best(self.finished)

    @cached_property
    def front(self) -> list[Trial]:
        """The feasible trials that no other one beats in every score."""
        return self.ranking.front(self.finished)

    @cached_property
    def spread_front(self) -> list[Trial]:
        """At most twelve trials of the front, at even steps along it, both ends among them."""
        steps = np.linspace(0, len(self.front) - 1, min(len(self.front), _MOST_OF_THE_FRONT))
        return [self.front[round(step)] for step in steps]

    @cached_property
    def example_front(self) -> list[Trial]:
        """The examples that no other example beats; the least violating if none is feasible."""
        front = self.ranking.front(self.examples) or self.examples[:1]
        return [trial for trial in front if trial not in self.front][:_MOST_REFERENCES]

    @property
    def is_noisy(self) -> bool:
        """True if trials are compared by their expected scores."""
        return any(trial.expected_score is not None for trial in self.finished)

    @cached_property
    def alone(self) -> dict[int, Trial]:
        """The first trial that is one seed latent and nothing else, by its column."""
        first: dict[int, Trial] = {}
        for trial in self.trials:
            column = int(np.abs(trial.weights).argmax()) if len(trial.weights) else -1
            if column >= 0 and trial.weights[column] > _ONE:
                first.setdefault(column, trial)
        return first

    @cached_property
    def example_names(self) -> dict[int, str]:
        """The names of the examples, by the numbers of their trials."""
        given = range(len(self.settings.examples))
        return {self.alone[k].number: self.settings.seed_name(k) for k in given if k in self.alone}

    @cached_property
    def examples(self) -> list[Trial]:
        """The examples that have a score, best first."""
        return self.ranking.ranked(t for t in self.finished if t.number in self.example_names)

    @property
    def best_is_example(self) -> bool:
        """True if no trial is better than every example."""
        return self.best is not None and self.best.number in self.example_names

    @cached_property
    def references(self) -> list[tuple[str, Trial]]:
        """The trials to compare the best with, best first: the examples, else the best prior draw.

        The best itself is not among them.
        """
        if self.settings.examples:
            others = [trial for trial in self.examples if trial is not self.best]
            return [(self.example_names[t.number], t) for t in others[:_MOST_REFERENCES]]
        best = self.ranking.best(self.prior_draws)
        if best is None or best is self.best:
            return []
        return [(f"best of {len(self.prior_draws)} prior draws", best)]

    @cached_property
    def prior_draws(self) -> list[Trial]:
        """Trials that are prior draws, chosen before anything was known of their score.

        A search that is between given prior draws comes back to one because it scored well; so
        these count only where every one of them was tried, and each one once.
        """
        left_out = set(range(len(self.settings.examples)))
        given = set(range(self.settings.num_given)) - left_out
        if not given <= set(self.alone):
            left_out |= given
        drawn = [t for k, t in sorted(self.alone.items()) if k not in left_out]
        return [trial for trial in drawn if not trial.pending]

    @cached_property
    def improvements(self) -> list[Trial]:
        """Trials that were better than all before them."""
        steps: list[Trial] = []
        rank_key = self.ranking.rank_key
        for trial in self.finished:
            if not steps or rank_key(trial) > rank_key(steps[-1]):
                steps.append(trial)
        return steps

    @cached_property
    def way(self) -> list[Trial]:
        """The first trial, the steps that gained most, and the best, in their order."""
        steps = self.improvements
        if len(steps) < 2:
            return steps
        low, high = self.useful_range(self.scores)
        gains = [self._gain(*pair) for pair in pairwise(steps)]
        large = [i for i, gain in enumerate(gains, 1) if gain > _SMALLEST_STEP * (high - low)]
        most = sorted(large, key=lambda i: -gains[i - 1])[: _MOST_OF_THE_WAY - 2]
        return [steps[i] for i in sorted({0, *most, len(steps) - 1})]

    def _gain(self, before: Trial, after: Trial) -> float:
        if before.feasible != after.feasible:
            return np.inf
        return abs(self.ranking.rank_key(after)[1] - self.ranking.rank_key(before)[1])

    @cached_property
    def top(self) -> list[Trial]:
        """The best trials no two of which are alike: 15 degrees of angle or more between them."""
        chosen: list[Trial] = []
        for trial in self.ranking.ranked(self.finished):
            point = self.points[self.place(trial)]
            others = self.points[[self.place(other) for other in chosen]]
            if (others @ point < np.cos(np.radians(_ALIKE_DEGREES))).all():
                chosen.append(trial)
            if len(chosen) == _MOST_OF_THE_TOP:
                break
        return chosen

    @cached_property
    def corners(self) -> list[Trial]:
        """The trials that are the given seed latents, where there are two or three of them."""
        given = range(self.settings.num_given)
        return [self.alone[k] for k in given if k in self.alone] if len(given) <= 3 else []

    @cached_property
    def wanted(self) -> list[Trial]:
        """The trials whose outputs the page shows, those that matter most first."""
        if self.settings.score_names:
            return [*self.example_front, *self.spread_front]
        best = [self.best] if self.best is not None else []
        others = [trial for _, trial in self.references]
        shown_trials = [*best, *others, *self.corners, *self.top, *self.way]
        return list({t.number: t for t in shown_trials if t.score is not None}.values())

    @cached_property
    def _places(self) -> dict[int, int]:
        return {trial.number: place for place, trial in enumerate(self.trials)}

    def place(self, trial: Trial) -> int:
        """Return which row of ``points``, ``weights`` and ``scores`` a trial is."""
        return self._places[trial.number]

    def picture(self, trial: Trial) -> Picture | None:
        """Return the picture of a trial's output; None where there is none."""
        return self.pictures.get(trial.number)

    def useful_range(
        self, scores: Float64[np.ndarray, " n"], *, margin: float = 0.05
    ) -> tuple[float, float]:
        """Return bounds that show what matters of (first) scores."""
        return useful_range(scores, minimise=self.minimise, margin=margin)

    def tooltip(self, trial: Trial) -> str:
        """Return the text that a plot shows for the trial under the pointer."""
        example = self.example_names.get(trial.number)
        name = f"trial {trial.number}" + (f", {example}" if example else "")
        name = f"the best, {name}" if trial is self.best else name
        if trial.error is not None:
            return f"{name}: failed"
        unmet = "" if trial.feasible else f", {UNMET}"
        return f"{name}: {shown(trial.score)}{expected_of(trial)}{unmet}"

    def mark_of(self, trial: Trial) -> str | None:
        """Return the class of a trial's mark; None while it is pending."""
        if trial.pending:
            return None
        if trial.error is not None:
            return "failed"
        shape = "example" if trial.number in self.example_names else ""
        if trial is self.best:
            return "best" if trial.feasible else "best infeasible"
        if not trial.feasible:
            return f"{shape} infeasible".strip()
        return shape or "trial"


def read_study(study: Study, *, prior_scores: Float64[np.ndarray, " m"] | None = None) -> Snapshot:
    """Return a study as it is now, without pictures."""
    return Snapshot(study, study.trials, ranking=study.ranking, prior_scores=prior_scores)
