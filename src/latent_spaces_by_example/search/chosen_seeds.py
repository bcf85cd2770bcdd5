"""A search between the best of many prior draws: first draw, then choose, then search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float64, Int

from latent_spaces_by_example import plugins
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search import available, load
from latent_spaces_by_example.search.base import History, SearchSpace, check_search
from latent_spaces_by_example.search.constraints import ranked_scores
from latent_spaces_by_example.space.choice import RULES, choose
from latent_spaces_by_example.space.distances import angles_between

_ONE = 1 - 1e-9


@dataclass(frozen=True)
class ChosenSeedsSearch:
    """Score prior draws, let the best of them span a space, and search that.

    The published way to search a model's whole prior. The first ``num_draws`` trials are prior
    draws; the given seed latents, if there are any, are candidates beside them. Of all of these
    ``num_seeds`` are chosen, and another search moves between them. Where the study is to stay
    between its examples, the choice is among the examples alone.

    Attributes:
        search: the name of the search that goes on from there.
        num_draws: prior draws to score first, at least 0.
        num_seeds: how many of the candidates span the space, at least 2.
        rule: how they are chosen, by score and by angle; see
            :func:`latent_spaces_by_example.space.choose`.
        num_prior_seeds: none; this search makes its own draws.

    References:
        Willis et al., arXiv 2509.23800.

    Example:
        >>> ChosenSeedsSearch(search="cma-es", num_draws=50).num_seeds
        5
    """

    search: str = "tpe"
    num_draws: int = 25
    num_seeds: int = 5
    rule: str = "mix"
    num_prior_seeds: ClassVar[int] = 0

    def __post_init__(self) -> None:
        """Refuse what can never work, before anything is evaluated."""
        if self.num_seeds < 2:
            raise ArgumentError(f"num_seeds={self.num_seeds!r}; at least 2 span a space")
        if self.num_draws < 0:
            raise ArgumentError(f"num_draws={self.num_draws!r}; expected 0 or more")
        if self.rule not in RULES:
            raise ArgumentError(f"rule={self.rule!r}; expected one of {', '.join(RULES)}")
        if self.search.startswith("chosen-seeds"):
            raise ArgumentError("search='chosen-seeds' cannot go on with itself; name another")
        if not plugins.is_registered("searches", self.search):
            # a module that a stored study names is not imported
            raise ArgumentError(f"search={self.search!r} is not one of {', '.join(available())}")
        load(self.search)

    def check(self, *, num_scores: int, num_given: int, within_span: bool) -> None:
        """Refuse a study with too few seed latents to choose among, or with several scores.

        Raises:
            ArgumentError: the study may not leave the span of fewer seed latents than are to be
                chosen; it has several scores; or the search that goes on cannot work in it.
        """
        if num_scores > 1:
            raise ArgumentError(
                f"ChosenSeedsSearch takes one score, and this study has {num_scores}; "
                "take search='latent-gp', 'nsga-ii' or 'tpe'"
            )
        if within_span and num_given < self.num_seeds:
            raise ArgumentError(
                f"num_seeds={self.num_seeds} cannot be chosen among num_given={num_given} "
                "seed latents; give more, choose fewer, or let the search leave their span"
            )
        then = load(self.search)
        check_search(then, num_scores=1, num_given=self.num_seeds, within_span=True)

    def propose(
        self, history: History, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n K_and_m"]:
        """Propose ``n`` points to score next.

        Raises:
            ArgumentError: see :meth:`check`.
        """
        space = history.space
        self.check(
            num_scores=history.num_scores, num_given=space.num_given, within_span=space.within_span
        )
        num_draws = 0 if space.within_span else self.num_draws
        candidates = _candidates(history, most=space.num_given + num_draws)
        scored = candidates[history.finished[candidates]]
        missing = space.num_given + num_draws - int((~history.failed[candidates]).sum())
        if not space.within_span and (missing > 0 or len(scored) < self.num_seeds):
            return _first(history, n)
        columns = self._chosen(history, scored)
        weights = np.zeros((n, space.num_seeds))
        weights[:, columns] = load(self.search).propose(_between(history, columns), n, rng)
        return weights

    def _chosen(
        self, history: History, scored: Int[np.ndarray, " m"]
    ) -> Int[np.ndarray, " num_seeds"]:
        seeds = np.argmax(history.weights[scored], axis=1)
        if len(seeds) < self.num_seeds:  # examples that failed, with no draws to take their place
            return np.arange(history.space.num_given)
        chosen = choose(
            ranked_scores(history)[scored],
            num=self.num_seeds,
            distances=angles_between(history.space.correlation[np.ix_(seeds, seeds)]),
            rule=self.rule,
        )
        return seeds[chosen]


def _candidates(history: History, *, most: int) -> Int[np.ndarray, " m"]:
    """Return the numbers of the first trials that are seed latents themselves, failed ones too."""
    corners = np.flatnonzero(history.weights.max(axis=1, initial=0.0) > _ONE)
    settled = np.cumsum(~history.failed[corners])
    # each failed one is made up for by one more
    return corners[settled - (~history.failed[corners]) < most]


def _first(history: History, n: int) -> Float64[np.ndarray, "n K_and_m"]:
    """Return given seed latents that have not been tried, then fresh prior draws."""
    space = history.space
    tried = np.flatnonzero((history.weights > _ONE).any(axis=0))
    untried = [k for k in range(space.num_given) if k not in tried][:n]
    fresh = n - len(untried)
    weights = np.zeros((n, space.num_seeds + fresh))
    weights[np.arange(len(untried)), untried] = 1.0
    weights[len(untried) :, space.num_seeds :] = np.eye(fresh)
    return weights


def _between(history: History, columns: Int[np.ndarray, " k"]) -> History:
    """Return the history of a study whose only seed latents are the chosen ones."""
    space = history.space
    others = np.delete(np.arange(space.num_seeds), columns)
    inside = ~history.weights[:, others].any(axis=1)
    correlation = space.correlation[np.ix_(columns, columns)]

    def draw(m: int) -> np.ndarray:
        if m:
            raise ArgumentError("a search between chosen seed latents may not ask for prior draws")
        return correlation

    return History(
        space=SearchSpace(
            correlation=correlation,
            num_given=len(columns),
            num_latent_dims=space.num_latent_dims,
            within_span=True,
            draw=draw,
        ),
        weights=history.weights[inside][:, columns],
        scores=history.scores[inside],
        finished=history.finished[inside],
        failed=history.failed[inside],
        random_seed=history.random_seed,
        violations=history.violations[inside],
    )
