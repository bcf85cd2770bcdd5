"""Searches of the unit hypercube: they move u, and a weight chart turns it into weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float64

from latent_spaces_by_example.charts import AngularChart, Chart, KnotheRosenblattChart
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.constraints import ranked_scores

# Faces of the cube can collapse (u_1 = 0 is the first seed whatever the rest), so that u would
# not survive u -> w -> u; staying this far inside costs nothing that a score could show.
EDGE = 1e-9

_CHARTS = {"angular": AngularChart, "knothe-rosenblatt": KnotheRosenblattChart}


@dataclass(frozen=True)
class CubeHistory:
    """The trials of a history that lie in the chart's range, as points of the unit hypercube.

    Attributes:
        u: shape (n, dims), in [0, 1].
        scores: shape (n,), higher is better, all finite: failed and pending trials have the worst
            score that was known before them. Trials that violate constraints rank below all that
            meet them; see ``ranked_scores``.
        pending: shape (n,), true where a trial is being evaluated.
        num_trials: length of the whole history, trials outside the chart's range included.
        random_seed: the study's.
        objectives: shape (n, p), the scores of a study of several, else (n, 0); NaN where unknown.
        violations: shape (n, m), the constraints; NaN where unknown.
    """

    u: Float64[np.ndarray, "n dims"]
    scores: Float64[np.ndarray, " n"]
    pending: Bool[np.ndarray, " n"]
    num_trials: int
    random_seed: int
    objectives: Float64[np.ndarray, "n p"]
    violations: Float64[np.ndarray, "n m"]

    @property
    def dims(self) -> int:
        """Dimension of the hypercube, K - 1."""
        return int(self.u.shape[1])


@dataclass(frozen=True)
class HypercubeSearch(ABC):
    """A search over u in [0, 1]^(K-1), K being the number of given seed latents.

    Attributes:
        takes_one_score, takes_several_scores: how many scores the study may have.
        weight_chart: u <-> w, or its name ("knothe-rosenblatt", "angular"); by default the
            Knothe-Rosenblatt chart, under which uniform u is uniform on the positive orthant of
            the sphere.
    """

    weight_chart: Chart | str | None = field(default=None, kw_only=True)
    takes_one_score: ClassVar[bool] = True
    takes_several_scores: ClassVar[bool] = False

    @abstractmethod
    def propose_in_cube(
        self, trials: CubeHistory, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n dims"]:
        """Propose n points of the hypercube."""

    def check(self, *, num_scores: int, num_given: int, within_span: bool) -> None:
        """Refuse a study in which there is nothing to search, or scores that are not understood.

        Raises:
            ArgumentError: fewer than two seed latents are given; the study has several scores and
                the search takes one, or the other way round; ``weight_chart`` is no chart's name.
        """
        _chart(self.weight_chart)
        if num_given < 2:
            raise ArgumentError(
                f"{type(self).__name__} searches between at least 2 given seed latents, and this "
                f"study has num_given={num_given}. Name more examples, pass more seed latents, "
                "or take search='latent-gp', which also searches the model's prior."
            )
        if num_scores > 1 and not self.takes_several_scores:
            raise ArgumentError(
                f"{type(self).__name__} takes one score, and this study has {num_scores}; "
                "take search='latent-gp', 'nsga-ii' or 'tpe'"
            )
        if num_scores == 1 and not self.takes_one_score:
            raise ArgumentError(
                "search='nsga-ii' is for several scores, and this study has one; "
                "take search='tpe', search='cma-es' or the default, search='latent-gp'"
            )

    def propose(
        self, history: History, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n K"]:
        """Propose ``n`` points to score next, non-negative weights of the given seed latents.

        Raises:
            ArgumentError: see :meth:`check`.
        """
        space = history.space
        num_given = space.num_given
        self.check(
            num_scores=history.num_scores, num_given=num_given, within_span=space.within_span
        )
        chart = _chart(self.weight_chart)
        trials = in_cube(history, chart)
        u = np.clip(self.propose_in_cube(trials, n, rng), EDGE, 1 - EDGE)
        weights = np.zeros((n, space.num_seeds))
        weights[:, :num_given] = chart.forward(u)
        return weights


def _chart(chosen: Chart | str | None) -> Chart:
    if not isinstance(chosen, str):
        return KnotheRosenblattChart() if chosen is None else chosen
    if chosen not in _CHARTS:
        raise ArgumentError(f"weight_chart={chosen!r}; expected one of {', '.join(_CHARTS)}")
    return _CHARTS[chosen]()


def in_cube(history: History, chart: Chart) -> CubeHistory:
    """Map the trials that a chart over the given seed latents can reach to the hypercube."""
    num_given = history.space.num_given
    given, others = history.weights[:, :num_given], history.weights[:, num_given:]
    reached = (given >= 0).all(axis=1) & (others == 0).all(axis=1)
    scores = with_worst_for_unknown(history)[reached]
    u = np.empty((0, num_given - 1))
    if reached.any():
        given = given[reached] / np.linalg.norm(given[reached], axis=1, keepdims=True)
        u = chart.inverse(given)
    return CubeHistory(
        u=u,
        scores=scores,
        pending=history.pending[reached],
        num_trials=len(history),
        random_seed=history.random_seed,
        objectives=history.objectives[reached],
        violations=history.violations[reached],
    )


def with_worst_for_unknown(history: History) -> Float64[np.ndarray, " n"]:
    """Scores with the worst finite one so far in place of those that failed or are pending.

    "So far" and not "of all", so that a history that has grown gives earlier trials the same
    values. Before the first score it is the worst of all, which leaves the ranks as they are.
    """
    known = history.scored
    scores = ranked_scores(history)
    worst = np.minimum.accumulate(np.where(known, scores, np.inf))
    worst[np.isinf(worst)] = scores[known].min() if known.any() else 0.0
    return np.where(known, scores, worst)
