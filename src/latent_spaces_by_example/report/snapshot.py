"""What a report shows: a study as it was at one moment, read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.report.markup import shown
from latent_spaces_by_example.report.outputs import Picture
from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.study import Study, Trial
from latent_spaces_by_example.study.feasibility import merit_of, ranked
from latent_spaces_by_example.study.top import positions

_ONE = 1 - 1e-9
_MOST_REFERENCES = 7
_MOST_OF_THE_WAY = 6
_MOST_OF_THE_TOP = 8
_ALIKE_DEGREES = 15.0


@dataclass(frozen=True)
class Snapshot:
    """A study at one moment, so that every panel of a page tells of the same trials.

    Attributes:
        study: whose page it is.
        trials: all of them, in the order of their numbers.
        pictures: of the outputs that were made again, by trial number.
        missing: why some outputs have no picture; empty where that needs no word.
        prior_scores: of prior draws that were scored elsewhere, NaN where that failed; None to
            use those of the study.
    """

    study: Study
    trials: Sequence[Trial]
    pictures: dict[int, Picture]
    missing: str = ""
    prior_scores: Float64[np.ndarray, " m"] | None = None

    @cached_property
    def finished(self) -> list[Trial]:
        """The trials with a score."""
        return [trial for trial in self.trials if trial.score is not None]

    @cached_property
    def best(self) -> Trial | None:
        """The earliest trial of the highest score that meets every constraint.

        Of noisy scores the one of which most is expected. Where none meets them, the one of the
        least violation; None where no trial has a score, and where there are several scores.
        """
        if self.study.settings.score_names:
            return None
        return max(self.finished, key=merit_of, default=None)

    @property
    def is_noisy(self) -> bool:
        """Whether trials are compared by what is expected of them, and not by their scores."""
        return any(trial.expected_score is not None for trial in self.finished)

    @cached_property
    def alone(self) -> dict[int, Trial]:
        """The first trial that is a seed latent and nothing else, by its column."""
        first: dict[int, Trial] = {}
        for trial in self.trials:
            column = int(np.abs(trial.weights).argmax()) if len(trial.weights) else -1
            if column >= 0 and trial.weights[column] > _ONE:
                first.setdefault(column, trial)
        return first

    @cached_property
    def example_names(self) -> dict[int, str]:
        """What the examples are called, by the numbers of their trials."""
        given = range(len(self.study.settings.examples))
        return {self.alone[k].number: self.study.seeds.name(k) for k in given if k in self.alone}

    @cached_property
    def examples(self) -> list[Trial]:
        """The examples that have a score, best first."""
        given = [t for t in self.finished if t.number in self.example_names]
        return sorted(given, key=merit_of, reverse=True)

    @cached_property
    def references(self) -> list[tuple[str, Trial]]:
        """What the best is held against, best first: the examples, else the best prior draw."""
        if self.study.settings.examples:
            examples = self.examples[:_MOST_REFERENCES]
            return [(self.example_names[trial.number], trial) for trial in examples]
        drawn = [trial for trial in self.prior_draws if trial.score is not None]
        if not drawn:
            return []
        return [(f"best of {len(self.prior_draws)} prior draws", max(drawn, key=merit_of))]

    @cached_property
    def prior_draws(self) -> list[Trial]:
        """Trials that are prior draws, chosen before anything was known of their score.

        A search that is between given prior draws comes back to one because it scored well; so
        these count only where every one of them was tried, and each one once.
        """
        settings = self.study.settings
        left_out = set(range(len(settings.examples)))
        given = set(range(settings.num_given)) - left_out
        if not given <= set(self.alone):
            left_out |= given
        drawn = [t for k, t in sorted(self.alone.items()) if k not in left_out]
        return [trial for trial in drawn if not trial.pending]

    @cached_property
    def improvements(self) -> list[Trial]:
        """Trials that were better than all before them."""
        found: list[Trial] = []
        for trial in self.finished:
            if not found or merit_of(trial) > merit_of(found[-1]):
                found.append(trial)
        return found

    @cached_property
    def way(self) -> list[Trial]:
        """A few of the improvements, from the first to the last."""
        steps = np.linspace(0, len(self.improvements) - 1, _MOST_OF_THE_WAY).round().astype(int)
        return [self.improvements[i] for i in np.unique(steps)] if self.improvements else []

    @cached_property
    def top(self) -> list[Trial]:
        """The best trials no two of which are alike: 15 degrees of angle or more between them."""
        chosen: list[Trial] = []
        for trial in ranked(self.finished):
            point = self.points[self.place(trial)]
            others = self.points[[self.place(other) for other in chosen]]
            if (others @ point < np.cos(np.radians(_ALIKE_DEGREES))).all():
                chosen.append(trial)
            if len(chosen) == _MOST_OF_THE_TOP:
                break
        return chosen

    @cached_property
    def wanted(self) -> list[Trial]:
        """The trials whose outputs the page shows, those that matter most first."""
        if self.study.settings.score_names:
            return []
        best = [self.best] if self.best is not None else []
        others = [trial for _, trial in self.references]
        return list({t.number: t for t in [*best, *others, *self.top, *self.way]}.values())

    @cached_property
    def history(self) -> History:
        """What a search is told of these trials."""
        return self.study.history(until=len(self.trials))

    @cached_property
    def points(self) -> Float64[np.ndarray, "n r"]:
        """Every trial as a unit vector, inner products being cosines of latents."""
        return positions(self.study.space, self.history.weights)

    @cached_property
    def _places(self) -> dict[int, int]:
        return {trial.number: place for place, trial in enumerate(self.trials)}

    def place(self, trial: Trial) -> int:
        """Which row of ``points`` and of the history a trial is."""
        return self._places[trial.number]

    def picture(self, trial: Trial) -> Picture | None:
        """The picture of a trial's output; None where there is none."""
        return self.pictures.get(trial.number)


def worth_of(trial: Trial) -> float:
    """What a trial that has a score is compared by: that, or what is expected of it."""
    return -np.inf if trial.worth is None else trial.worth


def expected_of(trial: Trial) -> str:
    """What to add to a noisy score; nothing to one that says it all."""
    expected = trial.expected_score
    return "" if expected is None else f" (expected {shown(expected)})"


def useful_range(scores: Float64[np.ndarray, " n"], *, margin: float = 0.05) -> tuple[float, float]:
    """Bounds that show what matters: penalised scores far below the rest do not flatten it."""
    known = scores[np.isfinite(scores)]
    low, high = float(np.quantile(known, 0.1)), float(known.max())
    if high - low <= 1e-9 * abs(high):
        # scores that are all equal, but for rounding, still need a range to stand in
        room = 0.1 * abs(high) or 1.0
        return high - room, high + room
    room = high - low
    return max(float(known.min()), low - room) - margin * room, high + margin * room
