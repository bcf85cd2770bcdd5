"""Compare trials by directions, constraints and several scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.pareto import non_dominated
from latent_spaces_by_example.study.settings import Direction
from latent_spaces_by_example.study.trial import Trial

_DIRECTIONS = {
    "maximise": "maximise",
    "maximize": "maximise",
    "minimise": "minimise",
    "minimize": "minimise",
}


@dataclass(frozen=True)
class Ranking:
    """Compares the trials of one study.

    Attributes:
        score_names: of the scores if there are several, else empty.
        directions: for each score whether higher or lower is better.

    >>> ranking = Ranking((), ("minimise",))
    >>> trials = [Trial(number=n, weights=np.ones(1), score=s) for n, s in enumerate((3.0, 1.0))]
    >>> ranking.best(trials).number
    1
    """

    score_names: tuple[str, ...] = ()
    directions: tuple[Direction, ...] = ("maximise",)

    @property
    def minimise(self) -> bool:
        """True if a lower (first) score is better."""
        return self.directions[0] == "minimise"

    @property
    def signs(self) -> Float64[np.ndarray, " p"]:
        """Return 1 for each score of which more is better, and -1 for the others."""
        return np.array([-1.0 if d == "minimise" else 1.0 for d in self.directions])

    def oriented(self, scores: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """Return (first) scores with the sign that makes higher better."""
        return self.signs[0] * scores

    def rank_key(self, trial: Trial) -> tuple[bool, float]:
        """Return what trials are compared by; a better trial has a higher key.

        Feasible trials come before others and are compared by (expected) score; the others by the
        sum of their violations.
        """
        score = trial.expected_or_score
        if score is None:
            return (False, -np.inf)
        if trial.feasible:
            return (True, float(self.signs[0]) * score)
        return (False, -trial.violation)

    def ranked(self, trials: Iterable[Trial]) -> list[Trial]:
        """Return the trials that have a score, best first, earlier ones first among equals."""
        scored = [trial for trial in trials if trial.score is not None]
        return sorted(scored, key=self.rank_key, reverse=True)

    def best(self, trials: Iterable[Trial]) -> Trial | None:
        """Return the best trial, the earliest of equals; None if none has a score."""
        scored = [trial for trial in trials if trial.score is not None]
        return max(scored, key=self.rank_key, default=None)

    def objectives_of(self, trials: Sequence[Trial]) -> Float64[np.ndarray, "n p"]:
        """Return the several scores of every trial, higher is better; NaN where there are none.

        Shape (n, 0) in a study of one score.
        """
        values = np.full((len(trials), len(self.score_names)), np.nan)
        for row, trial in zip(values, trials, strict=True):
            if trial.score is not None:
                row[:] = [trial.scores[name] for name in self.score_names]
        return values * self.signs if self.score_names else values

    def front(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return feasible trials that no other one beats in every score, best first score first.

        In a study of one score these are the best trial and its equals.
        """
        feasible = [trial for trial in trials if trial.feasible]
        if self.score_names:
            values = self.objectives_of(feasible)
        else:
            keys = [self.rank_key(trial)[1] for trial in feasible]
            values = np.array(keys, dtype=np.float64).reshape(len(feasible), 1)
        inside = non_dominated(values.reshape(len(feasible), max(len(self.score_names), 1)))
        front = [trial for trial, kept in zip(feasible, inside, strict=True) if kept]
        return self.ranked(front)

    def best_in_words(self, trials: Sequence[Trial]) -> str:
        """Return the best score, or how many there are on the front, in a few words."""
        best = self.best(trials)
        if best is None:
            return "none yet"
        if self.score_names:
            return f"{len(self.front(trials))} on the front"
        if not best.feasible:
            return "none feasible yet"
        expected = "" if best.expected_score is None else " expected"
        return f"{best.expected_or_score:.6g}{expected}"


def unmet_constraints(trial: Trial) -> str:
    """Return one sentence on a best trial that violates constraints; empty if it meets all.

    >>> unmet_constraints(Trial(number=0, weights=np.ones(1), score=3.0, constraints={"m": 0.5}))
    'no trial meets every constraint; the one that violates them least violates m by 0.5'
    """
    over = [f"{name} by {value:.4g}" for name, value in trial.constraints.items() if value > 0]
    if not over:
        return ""
    return (
        "no trial meets every constraint; the one that violates them least violates "
        f"{', '.join(over)}"
    )


def declared_scores(objective: Any, scores: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return the names of an objective's scores if it has several, else an empty tuple.

    Args:
        objective: may name them by an attribute ``scores``.
        scores: the caller's own word, which comes first.

    Raises:
        ArgumentError: not two or more different names.

    >>> declared_scores(len, ("lift", "drag")), declared_scores(len)
    (('lift', 'drag'), ())
    """
    named: Any = getattr(objective, "scores", ()) if scores is None else scores
    try:
        names = (named,) if isinstance(named, str) else tuple(named)
    except TypeError:
        names = (named,)
    if names and (
        not all(isinstance(n, str) for n in names) or len(set(names)) < max(len(names), 2)
    ):
        raise ArgumentError(
            f"scores={named!r:.80}; give two or more different names, or none for one score"
        )
    return names


def declared_directions(
    objective: Any, direction: Any = None, *, score_names: Sequence[str] = ()
) -> tuple[Direction, ...]:
    """Return for each score whether higher or lower is better.

    Args:
        objective: may say it by an attribute ``direction``.
        direction: the caller's own word, which comes first: "maximise" or "minimise" for all
            scores, a sequence with one for each, or a mapping from their names.
        score_names: of the scores if there are several.

    Raises:
        ArgumentError: another word, or not one for each score.

    >>> declared_directions(None, {"drag": "minimise"}, score_names=("lift", "drag"))
    ('maximise', 'minimise')
    """
    given = getattr(objective, "direction", None) if direction is None else direction
    if direction is None and isinstance(given, str) and given[:3] not in {"max", "min"}:
        given = None  # the objective's own word for something else, as of a material's axis
    count = max(1, len(score_names))
    if given is None:
        given = "maximise"
    if isinstance(given, Mapping):
        unknown = sorted(set(map(str, given)) - set(score_names))
        if unknown:
            raise ArgumentError(
                f"direction names {unknown[0]!r}, which is no score of this study; it has "
                f"{', '.join(map(repr, score_names)) or 'one score without a name'}"
            )
        words: list[Any] = [given.get(name, "maximise") for name in score_names]
    elif isinstance(given, str):
        words = [given] * count
    else:
        try:
            words = list(given)
        except TypeError:
            words = [given]
    if len(words) != count or not all(isinstance(w, str) and w in _DIRECTIONS for w in words):
        raise ArgumentError(
            f"direction={given!r:.80}; give 'maximise' or 'minimise'"
            + (f", or one for each of {', '.join(score_names)}" if score_names else "")
        )
    return tuple(_DIRECTIONS[word] for word in words)  # type: ignore[misc]


def declared_noisy(objective: Any, noisy: Any = None) -> bool:
    """Return whether a second evaluation of the same output would give another score.

    Args:
        objective: may say so by an attribute ``noisy``.
        noisy: the caller's own word, which comes first.

    Raises:
        ArgumentError: neither true nor false.

    >>> declared_noisy(len, noisy=True), declared_noisy(len)
    (True, False)
    """
    word = getattr(objective, "noisy", False) if noisy is None else noisy
    if not isinstance(word, bool | np.bool_):
        raise ArgumentError(
            f"noisy={word!r:.60}; give True if a second evaluation of the same output would give "
            "another score, else False; how noisy scores are is estimated from them"
        )
    return bool(word)
