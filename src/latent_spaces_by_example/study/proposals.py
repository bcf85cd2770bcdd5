"""Open the next trials: examples first, then what the search proposes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64
from threadpoolctl import threadpool_limits

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import (
    History,
    Search,
    SearchSpace,
    check_preferences,
)
from latent_spaces_by_example.space import SurrogateChart
from latent_spaces_by_example.study.candidate_check import CandidateCheck
from latent_spaces_by_example.study.looking import Looking
from latent_spaces_by_example.study.preferences import Preferences
from latent_spaces_by_example.study.ranking import Ranking
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import MOST_SEEDS, AskedBy, Point, Source
from latent_spaces_by_example.study.trial import (
    Trial,
    scores_of,
    stacked,
    violations_of,
    weights_table,
)

_SAME = 1e-6


class Proposals:
    """Turns the history of one study into open trials.

    A proposal is a function of the trials before it, of which of them had a result, and of the
    study's random seed and its own number. All of that is stored, so that a batch which a kill or
    the budget cut in two is completed by what it would have been.
    """

    def __init__(
        self,
        records: Records,
        *,
        space: SurrogateChart,
        ranking: Ranking,
        check: CandidateCheck,
        looking: Looking,
    ) -> None:
        self._records = records
        self._space = space
        self._seeds = space.seeds
        self._ranking = ranking
        self._check = check
        self._looking = looking
        self._preferences = Preferences(records)

    def history(
        self, trials: Sequence[Trial], *, waiting: Collection[int] | None = None
    ) -> History:
        """Return what a search is told of these trials; of those in ``waiting`` no result."""
        settings, hidden = self._records.settings, set(waiting or ())
        weights = weights_table(trials, self._seeds.num_given)
        known = np.array([t.number not in hidden for t in trials], dtype=bool)
        scores = np.where(known, self._ranking.oriented(scores_of(trials)), np.nan)
        several = self._ranking.objectives_of(trials)
        violations = violations_of(trials)
        num_seeds = weights.shape[1]
        space = SearchSpace(
            correlation=self._space.correlation_of(num_seeds),
            num_given=self._seeds.num_given,
            num_latent_dims=self._seeds.num_latent_dims + self._seeds.num_hidden_dims,
            within_span=settings.within_span,
            draw=lambda m: self._space.correlation_of(num_seeds + m),
        )
        return History(
            space=space,
            weights=weights,
            scores=scores,
            finished=np.isfinite(scores),
            failed=known & np.array([t.error is not None for t in trials], dtype=bool),
            random_seed=settings.random_seed,
            violations=np.where(known[:, None], violations, np.nan),
            objectives=np.where(known[:, None], several, np.nan),
            num_known=_num_known(trials),
            noisy=settings.noisy,
            preferences=self._preferences.of_rows(trials),
        )

    def seen(self, trials: Sequence[Trial]) -> History:
        """Return what is known of these trials, with their features if the study looks at them."""
        return self._looking.recalled(self.history(trials), trials)

    def examples(self, n: int, *, asked_by: AskedBy) -> list[Trial]:
        """Open trials at the next ``n`` examples that have none yet; fewer once few are left."""
        trials = self._records.trials()
        begun = sum(trial.source == "example" for trial in trials)
        rows = np.eye(self._seeds.num_examples)[begun : begun + n]
        return self._store(rows, source="example", asked_by=asked_by)

    def searched(
        self, engine: Search, n: int, *, room: int, asked_by: AskedBy = "run"
    ) -> list[Trial]:
        """Open trials at what the search proposes, in a batch of ``n`` of which ``room`` fit.

        If the last batch of a run was cut, its missing trials come instead.
        """
        trials, start = self._records.trials(), self._records.next_number
        cut = self._cut_batch() if asked_by == "run" else None
        if cut is not None:
            mates, (first, size) = cut
            before = [trial for trial in trials if trial.number < first]
            waiting = mates[0].waiting
            proposal = self._proposed(engine, before, n=size, start=first, waiting=waiting)
            # otherwise the search is another one by now
            if all(_is_at(trial, row) for trial, row in zip(mates, proposal, strict=False)):
                return self._store(
                    proposal[len(mates) : len(mates) + room],
                    source="search",
                    asked_by=asked_by,
                    batch=(first, size),
                    waiting=waiting,
                )
        waiting = tuple(trial.number for trial in trials if trial.pending)
        proposal = self._proposed(engine, trials, n=n, start=start, waiting=waiting)
        return self._store(
            proposal[:room], source="search", asked_by=asked_by, batch=(start, n), waiting=waiting
        )

    def own(
        self, weights: Float64[np.ndarray, "n K"], *, asked_by: AskedBy = "user"
    ) -> list[Trial]:
        """Open trials at points of the user's own."""
        return self._store(weights, source="user", asked_by=asked_by)

    def latents(self, trials: Sequence[Trial]) -> Any:
        """Return the latents of trials, shape (n, *latent_shape)."""
        return self._space.from_w_to_z(weights_table(trials, self._seeds.num_given))

    # ------------------------------------------------------------------ inside

    def _cut_batch(self) -> tuple[list[Trial], tuple[int, int]] | None:
        ours = [t for t in self._records.trials() if t.source == "search" and t.asked_by == "run"]
        if not ours:
            return None
        batch = ours[-1].batch
        mates = [trial for trial in ours if trial.batch == batch]
        return (mates, batch) if len(mates) < batch[1] else None

    def _proposed(
        self, engine: Search, trials: Sequence[Trial], *, n: int, start: int, waiting: Any
    ) -> Float64[np.ndarray, "n K"]:
        history = self.history(trials, waiting=waiting)
        check_preferences(engine, history)
        history = self._looking.shown(history, trials, engine=engine)
        rng = np.random.default_rng([self._records.settings.random_seed, start])
        # a search works on small matrices, with which two threads are many times slower than one
        with threadpool_limits(limits=1, user_api="blas"):
            proposal = engine.propose(history, n, rng)
        return checked_weights(proposal, who=f"search {type(engine).__name__} proposed", n=n)

    def _store(
        self,
        rows: Float64[np.ndarray, "n K"],
        *,
        source: Source,
        asked_by: AskedBy,
        batch: tuple[int, int] | None = None,
        waiting: Sequence[int] | None = None,
    ) -> list[Trial]:
        if not len(rows):
            return []
        if waiting is None:
            waiting = [t.number for t in self._records.trials() if t.pending]
        batch = batch or (self._records.next_number, len(rows))
        padded = stacked(list(rows), self._seeds.num_given)
        looked_at = self._check.of(self._space.from_w_to_z(padded), padded)
        return [
            self._records.add(
                Point(
                    weights=tuple(map(float, row)),
                    source=source,
                    asked_by=asked_by,
                    batch=batch,
                    waiting=tuple(waiting),
                    validity=dict(validity.metrics),
                    invalid=validity.fault,
                )
            )
            for row, validity in zip(padded, looked_at, strict=True)
        ]


def checked_weights(
    values: Any, *, who: str, n: int | None = None, most: int = MOST_SEEDS
) -> Float64[np.ndarray, "n K"]:
    """Return weights as a float64 array of shape (n, K), rows of unit norm.

    Raises:
        ArgumentError: wrong shape, not finite, or rows not of unit norm.
    """
    try:
        weights = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{who} {values!r:.60}; expected numbers of shape (n, K)") from error
    expected = "(n, K)" if n is None else f"({n}, K)"
    if weights.ndim != 2 or (n is not None and len(weights) != n) or not weights.shape[1]:
        raise ArgumentError(f"{who} an array of shape {weights.shape}; expected {expected}")
    if weights.shape[1] > most:
        raise ArgumentError(f"{who} weights over {weights.shape[1]} seed latents; at most {most}")
    if not np.isfinite(weights).all():
        raise ArgumentError(f"{who} weights that are not finite")
    norms = np.linalg.norm(weights, axis=1)
    if len(norms) and np.abs(norms - 1).max() > 1e-6:
        raise ArgumentError(f"{who} weights of norm {norms.tolist()!s:.80}; expected unit norm")
    return weights


def _num_known(trials: Sequence[Trial]) -> np.ndarray:
    """Return for each trial how many of those before its batch had a result at that time."""
    numbers = [trial.number for trial in trials]
    before = np.searchsorted(numbers, [trial.batch[0] for trial in trials])
    return np.maximum(before - np.array([len(t.waiting) for t in trials], dtype=int), 0)


def _is_at(trial: Trial, weights: Float64[np.ndarray, " K"]) -> bool:
    first, second = stacked([trial.weights, weights], 0)
    return bool(np.abs(first - second).max() < _SAME)
