"""Tests that any search passes, to inherit; and a study without a generator to try it in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.base import History, Search, SearchSpace

# direction of the inner latent, a unit vector -> score, or several; NaN for a failed evaluation
Score = Callable[[Float64[np.ndarray, " d"]], Any]
# direction of the inner latent -> the value of each constraint, met where it is at most 0
Constraints = Callable[[Float64[np.ndarray, " d"]], Sequence[float]]


@dataclass
class SimulatedStudy:
    """Study directions of inner latents in memory: nothing is generated.

    Example:
        >>> from latent_spaces_by_example.search import load
        >>> study = SimulatedStudy(lambda direction: direction[0], budget=12)
        >>> study.run(load("random"))
        >>> len(study.scores), bool(study.best > 0)
        (12, True)
    """

    score: Score
    budget: int = 20
    num_given: int = 4
    num_latent_dims: int = 16
    within_span: bool = False
    random_seed: int = 0
    batch_size: int = 1
    num_seeds: int = 0
    num_scores: int = 1
    constraints: Constraints | None = None
    noisy: bool = False
    weights: list[Float64[np.ndarray, " K"]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    violations: list[list[float]] = field(default_factory=list)
    objectives: list[list[float]] = field(default_factory=list)
    num_known: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with the given seed latents."""
        self.num_seeds = max(self.num_seeds, self.num_given)

    @property
    def best(self) -> float:
        """Return the best score of the trials that meet every constraint; NaN if none does."""
        pairs = zip(self.scores, self.violations, strict=True)
        met = [score for score, violated in pairs if max(violated, default=0) <= 0]
        return float(np.nanmax(met)) if met else float("nan")

    def history(self, *, num_pending: int = 0) -> History:
        """Return the trials so far, the last ``num_pending`` of them not yet known."""
        width = self.num_seeds
        weights = np.zeros((len(self.weights), width))
        for row, w in zip(weights, self.weights, strict=True):
            row[: len(w)] = w
        scores = np.array(self.scores, dtype=np.float64)
        pending = np.arange(len(scores)) >= len(scores) - num_pending
        finished = np.isfinite(scores) & ~pending
        num_objectives = self.num_scores if self.num_scores > 1 else 0
        violations = _table(self.violations, len(self.violations[0]) if len(scores) else 0)
        objectives = _table(self.objectives, num_objectives)
        return History(
            space=SearchSpace(
                correlation=self._correlation(width),
                num_given=self.num_given,
                num_latent_dims=self.num_latent_dims,
                within_span=self.within_span,
                draw=lambda m: self._correlation(width + m),
            ),
            weights=weights,
            scores=np.where(finished, scores, np.nan),
            finished=finished,
            failed=~finished & ~pending,
            random_seed=self.random_seed,
            violations=np.where(finished[:, None], violations, np.nan),
            objectives=np.where(finished[:, None], objectives, np.nan),
            num_known=np.array(self.num_known, dtype=int),
            noisy=self.noisy,
        )

    def run(self, search: Search, *, until: int | None = None) -> None:
        """Propose and score until there are ``until`` trials (default: the budget)."""
        until = self.budget if until is None else until
        while len(self.scores) < until:
            n = min(self.batch_size, until - len(self.scores))
            rng = np.random.default_rng([self.random_seed, len(self.scores)])
            self.add(search.propose(self.history(), n, rng))

    def add(self, weights: Float64[np.ndarray, "n K_and_m"]) -> None:
        """Score weights, whose further columns become seed latents."""
        self.num_seeds = max(self.num_seeds, weights.shape[1])
        self.num_known += [len(self.weights)] * len(weights)
        for w in weights:
            vector = w @ self.seed_latents(len(w))
            self.weights.append(w)
            direction = vector / np.linalg.norm(vector)
            scored = np.atleast_1d(self.score(direction)).astype(float).tolist()
            self.scores.append(scored[0])
            self.objectives.append(scored if len(scored) > 1 else [])
            violated = [] if self.constraints is None else self.constraints(direction)
            self.violations.append([float(value) for value in violated])

    def seed_latents(self, size: int) -> Float64[np.ndarray, "size d"]:
        """Return the first ``size`` seed latents, given ones before prior draws."""
        rngs = [np.random.default_rng([self.random_seed, 1, index]) for index in range(size)]
        latents = [rng.standard_normal(self.num_latent_dims) for rng in rngs]
        return np.array(latents).reshape(size, self.num_latent_dims)

    def _correlation(self, size: int) -> Float64[np.ndarray, "K K"]:
        latents = self.seed_latents(size)
        latents /= np.linalg.norm(latents, axis=1, keepdims=True)
        correlation: Float64[np.ndarray, "K K"] = latents @ latents.T
        correlation[np.diag_indices(size)] = 1.0
        return correlation


def _table(rows: list[list[float]], width: int) -> Float64[np.ndarray, "n m"]:
    return np.array(rows, dtype=np.float64).reshape(len(rows), width)


class SearchContract(ABC):
    """Tests that any search passes. Inherit, and say how the search is made.

    Example:
        >>> from latent_spaces_by_example.search import load
        >>> class TestMySearch(SearchContract):
        ...     def make_search(self):
        ...         return load("random")
        >>> TestMySearch().test_shape_and_norm()
    """

    within_span = True

    @abstractmethod
    def make_search(self) -> Search:
        """Return a search as a user would make it."""

    def study(self, score: Score | None = None, **options: Any) -> SimulatedStudy:
        """Return a study of four given seed latents with a smooth score."""
        return SimulatedStudy(
            score or (lambda x: float(x[0] + x[1] * x[2])), within_span=self.within_span, **options
        )

    def filled(
        self, score: Score | None = None, *, trials: int = 14, **options: Any
    ) -> SimulatedStudy:
        """Return a study whose trials are the given seed latents and random mixes of them."""
        study = self.study(score, **options)
        weights = np.random.default_rng(trials).standard_normal((trials, study.num_given))
        weights = np.abs(weights) if self.within_span else weights
        weights[: study.num_given] = np.eye(study.num_given)[:trials]
        study.add(weights / np.linalg.norm(weights, axis=1, keepdims=True))
        return study

    def propose(self, study: SimulatedStudy, *, n: int = 1, num_pending: int = 0) -> np.ndarray:
        """Propose by a fresh search from a generator keyed by the trial number."""
        rng = np.random.default_rng([study.random_seed, len(study.scores)])
        return self.make_search().propose(study.history(num_pending=num_pending), n, rng)

    def check(self, weights: np.ndarray, study: SimulatedStudy, *, n: int) -> None:
        """Raise unless weights have shape, unit norm and, where that is asked, the right signs."""
        num_rows, width = weights.shape
        assert weights.dtype == np.float64
        assert num_rows == n
        assert width >= study.num_seeds, "fewer columns than seed latents"
        np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1, rtol=0, atol=1e-9)
        if self.within_span:
            assert (weights[:, : study.num_given] >= 0).all(), "negative weights of given seeds"
            assert not weights[:, study.num_given :].any(), "outside the given seeds' span"

    def check_proposal(
        self, study: SimulatedStudy, *, n: int = 2, num_pending: int = 0, steps: int = 1
    ) -> None:
        """Raise unless the search goes on from a study, and from what comes of that."""
        for _ in range(steps):
            weights = self.propose(study, n=n, num_pending=num_pending)
            self.check(weights, study, n=n)
            study.add(weights)

    def test_shape_and_norm(self) -> None:
        """From an empty history on, any number at a time."""
        study = self.study()
        for trials in (0, 1, 7, 13):
            study.run(self.make_search(), until=trials)
            for n in (1, 3):
                self.check(self.propose(study, n=n), study, n=n)

    def test_same_history_same_proposal(self) -> None:
        """All that a search knows is its arguments, and no array of the history is written to."""
        study = self.filled(constraints=lambda x: [float(x[3])])
        history = study.history(num_pending=2)
        arrays = [history.weights, history.scores, history.finished, history.failed]
        arrays += [history.violations, history.space.correlation]
        before = [array.copy() for array in arrays]
        for array in arrays:
            array.setflags(write=False)
        first, again = (
            self.make_search().propose(known, 2, np.random.default_rng(0))
            for known in (history, study.history(num_pending=2))
        )
        np.testing.assert_array_equal(first, again)
        for array, old in zip(arrays, before, strict=True):
            np.testing.assert_array_equal(array, old)

    def test_cut_and_resumed(self) -> None:
        """A study cut in two, each part by a search of its own, is the uncut one."""
        whole, cut = self.study(budget=15), self.study(budget=15)
        whole.run(self.make_search())
        cut.run(self.make_search(), until=10)
        cut.run(self.make_search())
        np.testing.assert_array_equal(whole.history().weights, cut.history().weights)

    def test_pending_are_not_proposed_again(self) -> None:
        """Points being evaluated, and each other, are not what a batch consists of."""
        for trials in (6, 14):
            study = self.filled(trials=trials)
            for _ in range(2):
                pending = len(study.scores) - trials
                study.add(self.propose(study, n=3, num_pending=pending))
            weights = study.history().weights
            new = weights[trials:]
            gaps = np.linalg.norm(new[:, None] - weights, axis=2)
            gaps[np.arange(len(new)), trials + np.arange(len(new))] = np.inf
            assert gaps.min() > 1e-7, "proposed twice"

    def test_failed_evaluations(self) -> None:
        """Some failed, all failed: the search goes on."""
        for share in (0.5, 1.0):
            fails = iter(np.random.default_rng(0).random(1000) < share)
            self.check_proposal(self.filled(_failing(fails)), steps=2)

    def test_constraints(self) -> None:
        """Some violated, all, none, of huge scale, not known: the search goes on."""
        kinds: list[Constraints] = [
            lambda x: [float(x[3])],
            lambda x: [1.0 + float(x[3]), float(x[0])],
            lambda x: [-1.0, -1e-300 * float(x[0] ** 2)],
            lambda x: [1e308 * float(x[0]), float(x[1] > 0)],
        ]
        for kind in kinds:
            fails = iter(np.random.default_rng(0).random(1000) < 0.2)
            self.check_proposal(self.filled(_failing(fails), constraints=kind), num_pending=2)

    def test_noisy_scores(self) -> None:
        """Said to be noisy, as they are or not, with constraints and failures."""
        rng = np.random.default_rng(0)
        kinds: list[Score] = [
            lambda x: float(x[0] + rng.standard_normal()),
            _failing(iter(rng.random(1000) < 0.2)),
        ]
        for kind, constraints in zip(kinds, (None, lambda x: [float(x[3])]), strict=True):
            study = self.filled(kind, trials=18, noisy=True, constraints=constraints)
            self.check_proposal(study, n=3, num_pending=2)

    def test_scores_of_any_kind(self) -> None:
        """All equal, of huge and tiny scale, with outliers, with ties."""
        kinds: list[Score] = [
            lambda x: 3.0,
            lambda x: 1e300 * float(x[0]),
            lambda x: 1e-300 * float(x[0]),
            lambda x: 1e9 + 1e-3 * float(x[0]),
            lambda x: -1e12 if x[0] < 0 else float(x[0]),
            lambda x: float(x[0] > 0),
        ]
        for kind in kinds:
            self.check_proposal(self.filled(kind), n=1)


def _failing(fails: Iterator[np.bool_]) -> Score:
    return lambda x: np.nan if next(fails) else float(x[0])
