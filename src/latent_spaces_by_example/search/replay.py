"""Taking a fresh optimiser through a history: what it asked for then, it asks for again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int

from latent_spaces_by_example.search.hypercube import EDGE, CubeHistory
from latent_spaces_by_example.search.points import checked_points, index_of
from latent_spaces_by_example.search.randomness import GlobalGenerators, seed_globals

_MOST_WITHOUT_NEWS = 20  # batches in a row of known points: it has converged
_MOST_RESTARTS_WITHOUT_NEWS = 3

Point = Float64[np.ndarray, " dims"]


@dataclass(frozen=True)
class Protocol:
    """How an optimiser is spoken to; see :class:`AskTellSearch` for each."""

    make: Callable[[int, int], Any]
    ask: Callable[[Any], Any]
    tell: Callable[[Any, Any, Any], object]
    add: Callable[[Any, Any, float], object] | None
    stopped: Callable[[Any], bool]
    sign: float
    who: str


class DivergedError(Exception):
    """The history is not one that the optimiser has been taken through."""


class Tape:
    """What an optimiser has been told, and what it answered.

    Going through the same again costs nothing, and what follows is carried out: so a study need
    not begin at the first trial for each proposal. It changes no answer, since anything that
    differs raises :class:`DivergedError` and the caller begins again with an empty tape.
    """

    def __init__(self) -> None:
        self._keys: list[tuple[Any, ...]] = []
        self._answers: list[Any] = []
        self._at = 0
        self.optimiser: Any = None
        self.generators = GlobalGenerators()

    def rewind(self) -> None:
        """Go back to the beginning."""
        self._at = 0

    def step(self, key: tuple[Any, ...], action: Callable[[], Any]) -> Any:
        """The answer to what the key says; ``action`` is carried out if it is new."""
        if self._at < len(self._keys):
            if self._keys[self._at] != key:
                raise DivergedError
        else:
            answer = action()
            self._keys.append(key)
            self._answers.append(answer)
        self._at += 1
        return self._answers[self._at - 1]


@dataclass(frozen=True)
class _Batch:
    """What was asked for at once, and which trials of the history these points are (-1: none)."""

    asked: Any
    points: Float64[np.ndarray, "m dims"]
    trials: Int[np.ndarray, " m"]


class Replay:
    """An optimiser taken through a history, and asked on from there."""

    def __init__(self, protocol: Protocol, *, trials: CubeHistory, tape: Tape) -> None:
        self._protocol, self._trials, self._tape = protocol, trials, tape
        self._used = np.zeros(len(trials.u), dtype=bool)
        self._added = np.zeros(len(trials.u), dtype=bool)
        # an optimiser's own points are kept off the faces, where the examples are
        faces = ((trials.u < EDGE / 2) | (trials.u > 1 - EDGE / 2)).any(axis=1)
        self._surely_foreign = np.append(faces, False)
        self._horizon = 0
        self._restarts = 0
        self.has_gone_ahead = False

    def proposals(self, n: int) -> list[Point]:
        """At most n points that the optimiser asks for and the history has not."""
        self._tape.rewind()
        with self._tape.generators.lent():
            self._start()
            batch = self._up_to_now()
            new: list[Point] = []
            while batch is not None:
                new += [u for u, index in zip(batch.points, batch.trials, strict=True) if index < 0]
                if len(new) >= n:
                    return new[:n]
                batch = self._ahead_of(batch)
            return new

    # ---------------------------------------------------------------- what is known

    def _up_to_now(self) -> _Batch | None:
        """Tell every batch that is known; the first one that is not, None if it never comes."""
        without_news, restarts_without_news = 0, 0
        while restarts_without_news <= _MOST_RESTARTS_WITHOUT_NEWS:
            self._add_foreign()
            batch = self._ask()
            if (batch.trials < 0).any() or self._trials.pending[batch.trials].any():
                return batch
            news = not self._used[batch.trials].all()
            without_news = 0 if news else without_news + 1
            restarts_without_news = 0 if news else restarts_without_news
            self._tell(batch, self._trials.scores[batch.trials])
            self._used[batch.trials] = True
            self._horizon = max(self._horizon, int(batch.trials.max()) + 1)
            if self._has_stopped() or without_news >= _MOST_WITHOUT_NEWS:
                self._restarts, without_news = self._restarts + 1, 0
                restarts_without_news += 1
                self._start()
        return None

    def _add_foreign(self) -> None:
        """Give it the trials of others, as far as they can be told from its own.

        That is up to the last trial that it asked for: the ones after it may be what it is about
        to ask for.
        """
        while self._surely_foreign[self._horizon]:
            self._horizon += 1
        if self._protocol.add is None:
            return
        foreign = ~(self._used | self._added | self._trials.pending)
        for index in np.flatnonzero(foreign[: self._horizon]):
            u, value = self._trials.u[index], self._protocol.sign * self._trials.scores[index]
            self._step(("add", u.tobytes(), float(value)), self._adding(u, float(value)))
            self._added[index] = True

    def _adding(self, u: Point, value: float) -> Callable[[], object]:
        add = self._protocol.add
        return lambda: add and add(self._tape.optimiser, u.copy(), value)

    # ---------------------------------------------------------------- beyond what is known

    def _ahead_of(self, batch: _Batch) -> _Batch | None:
        """The batch after one that is not known yet, as if its points had the worst score.

        The points that come of it are not what the optimiser asks for once the scores are known:
        then they are somebody else's to it.
        """
        if self.has_gone_ahead and (batch.trials >= 0).all():
            return None
        self.has_gone_ahead = True
        worst = float(self._trials.scores.min(initial=np.inf))
        known = np.append(self._trials.scores, 0.0 if np.isinf(worst) else worst)
        self._tell(batch, known[batch.trials])
        if self._has_stopped():
            return None
        return self._ask()

    # ---------------------------------------------------------------- the optimiser itself

    def _step(self, key: tuple[Any, ...], action: Callable[[], Any]) -> Any:
        return self._tape.step(key, action)

    def _start(self) -> None:
        dims = self._trials.dims
        rng = np.random.default_rng([self._trials.random_seed, self._restarts])
        seed = int(rng.integers(1, 2**31))  # 0 is "by the clock" to some

        def make() -> None:
            seed_globals(seed)
            self._tape.optimiser = self._protocol.make(dims, seed)

        self._step(("make", dims, seed), make)

    def _ask(self) -> _Batch:
        def ask() -> tuple[Any, Any]:
            asked = self._protocol.ask(self._tape.optimiser)
            who = f"ask() of {self._protocol.who}"
            return asked, checked_points(asked, dims=self._trials.dims, who=who)

        asked, points = self._step(("ask",), ask)
        found = [index_of(u, among=self._trials.u) for u in points]
        return _Batch(asked=asked, points=points, trials=np.array(found))

    def _tell(self, batch: _Batch, scores: Float64[np.ndarray, " m"]) -> None:
        values = self._protocol.sign * scores
        self._step(
            ("tell", values.tobytes()),
            lambda: self._protocol.tell(self._tape.optimiser, batch.asked, values.copy()),
        )

    def _has_stopped(self) -> bool:
        return bool(self._step(("stopped",), lambda: self._protocol.stopped(self._tape.optimiser)))
