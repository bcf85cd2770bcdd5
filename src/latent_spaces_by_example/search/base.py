"""The protocol of a search: a function from the history of scored weights to new weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float64, Int

from latent_spaces_by_example.errors import ArgumentError


@dataclass(frozen=True, kw_only=True)
class SearchSpace:
    """The space that a search moves in, known by the seed latents' cosines alone.

    Two inner latents with weights ``a`` and ``b`` have cosine
    ``a.C.b / sqrt(a.C.a * b.C.b)`` with C = ``correlation``, whatever the latent dimension.

    Attributes:
        correlation: cosines between the study's seed latents, shape (K, K), unit diagonal.
            The first ``num_given`` span the user's space; the others are prior draws that the
            search has asked for so far.
        num_given: number of seed latents that span the user's space, at least 0.
        num_latent_dims: dimension d of the inner latent, padding included; the seed latents
            can span that many directions.
        within_span: true if only non-negative weights of the given seed latents are allowed
            (searching between examples); false if weights may be signed and may use prior draws.
        draw: ``draw(m)`` returns the correlation, shape (K + m, K + m), with m fresh prior draws
            appended. They are the draws that the study will use: nothing is random here.
        look: ``look(weights)`` generates the outputs at weights of shape (n, K + m), columns
            beyond K being those of fresh prior draws, and returns their features, shape (n, p);
            a row of NaN where the generator fails. None where outputs are not looked at.
        num_candidates: how many outputs a proposal may generate and look at; 1 for none but the
            one that is scored.
    """

    correlation: Float64[np.ndarray, "K K"]
    num_given: int
    num_latent_dims: int
    within_span: bool
    draw: Callable[[int], Float64[np.ndarray, "K_and_m K_and_m"]]
    look: Callable[[Float64[np.ndarray, "n K_and_m"]], Float64[np.ndarray, "n p"]] | None = None
    num_candidates: int = 1

    @property
    def num_seeds(self) -> int:
        """Number K of seed latents, prior draws included."""
        return len(self.correlation)


@dataclass(frozen=True)
class Preference:
    """One answer of a person who compared outputs.

    Attributes:
        best: the one of ``among`` that was chosen; None for "no difference".
        among: the outputs compared, two or more: numbers of trials, or rows of a history.
    """

    best: int | None
    among: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class History:
    """Every trial of a study so far, in the order of trial numbers.

    Attributes:
        space: the space that the weights refer to.
        weights: shape (n, K), rows of unit Euclidean norm.
        scores: shape (n,), higher is better; NaN where ``finished`` is false.
        finished: shape (n,), true where a finite score is known.
        failed: shape (n,), true where the evaluation failed. A trial that is neither finished nor
            failed, and that nobody has compared, is pending: proposed, and being evaluated.
        random_seed: the study's random seed, for what must be the same in every proposal
            (the scrambling of a Sobol sequence, say).
        violations: shape (n, m), the value of each of m constraints, met where it is at most 0;
            NaN where ``finished`` is false. Shape (n, 0) by default: no constraints.
        objectives: shape (n, p), the p >= 2 scores of a study of several, higher is better; NaN
            where ``finished`` is false. Shape (n, 0) by default: ``scores`` is the only one. With
            several, ``scores`` is the first of them.
        num_known: shape (n,), for each trial how many of those before it had a result when it was
            proposed. All of them by default: one at a time.
        noisy: whether the user says that evaluating the same output again would give another
            score, so that the best score is partly luck.
        features: shape (n, p), numbers in which alike outputs are near each other; NaN where the
            generator failed. Shape (n, 0) by default: outputs are not looked at.
        preferences: what a person said of rows of this history, oldest first; empty by default.
    """

    space: SearchSpace
    weights: Float64[np.ndarray, "n K"]
    scores: Float64[np.ndarray, " n"]
    finished: Bool[np.ndarray, " n"]
    failed: Bool[np.ndarray, " n"]
    random_seed: int = 0
    violations: Float64[np.ndarray, "n m"] = field(default_factory=lambda: np.zeros((0, 0)))
    objectives: Float64[np.ndarray, "n p"] = field(default_factory=lambda: np.zeros((0, 0)))
    num_known: Int[np.ndarray, " n"] = field(default_factory=lambda: np.zeros(0, dtype=int))
    noisy: bool = False
    features: Float64[np.ndarray, "n p"] = field(default_factory=lambda: np.zeros((0, 0)))
    preferences: tuple[Preference, ...] = ()

    def __post_init__(self) -> None:
        """Fill in the defaults whose length is the number of trials."""
        for name in ("violations", "objectives", "features"):
            if getattr(self, name).shape == (0, 0):
                object.__setattr__(self, name, np.zeros((len(self.weights), 0)))
        if not len(self.num_known):
            object.__setattr__(self, "num_known", np.arange(len(self.weights)))

    def __len__(self) -> int:
        """Return the number of trials."""
        return len(self.weights)

    @property
    def num_scores(self) -> int:
        """Number of scores that each trial has, at least 1."""
        return self.objectives.shape[1] or 1

    @property
    def scored(self) -> Bool[np.ndarray, " n"]:
        """True where a trial is finished with a finite score."""
        scored: Bool[np.ndarray, " n"] = self.finished & np.isfinite(self.scores)
        return scored

    @property
    def pending(self) -> Bool[np.ndarray, " n"]:
        """True where a trial is being evaluated."""
        pending: Bool[np.ndarray, " n"] = ~(self.finished | self.failed | self.compared)
        return pending

    @property
    def compared(self) -> Bool[np.ndarray, " n"]:
        """True where a person has compared a trial with others."""
        compared = np.zeros(len(self.weights), dtype=bool)
        compared[[row for preference in self.preferences for row in preference.among]] = True
        return compared

    @property
    def feasible(self) -> Bool[np.ndarray, " n"]:
        """True where a trial is finished and meets every constraint."""
        feasible: Bool[np.ndarray, " n"] = np.logical_and(
            self.finished, (self.violations <= 0).all(axis=1)
        )
        return feasible


@runtime_checkable
class Search(Protocol):
    """A search proposes weights from what has been scored so far.

    A search keeps no state between calls: everything it knows is in the history, so restart
    and resume need no special case. Three attributes are optional: ``num_prior_seeds``, see
    :func:`prior_seeds_wanted`; ``check(num_scores=, num_given=, within_span=)``, see
    :func:`check_search`; and ``takes_preferences``, see :func:`check_preferences`.
    """

    def propose(
        self, history: History, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n K_and_m"]:
        """Propose ``n`` points to score next.

        Args:
            history: all trials so far, those being evaluated included.
            n: how many points to propose, at least 1.
            rng: the only source of randomness; keyed by the study's random seed and the number
                of the first trial proposed.

        Returns:
            Weights of unit norm, shape (n, K + m): column K + j belongs to the j-th of m >= 0
            fresh prior draws, which become seed latents of the study.
        """
        ...


def prior_seeds_wanted(search: Search) -> int:
    """Return how many prior draws should span a study that was given no seed latents.

    The search's attribute ``num_prior_seeds`` if it has one; otherwise eight, which make a
    hypercube of seven dimensions.
    """
    return int(getattr(search, "num_prior_seeds", 8))


def check_search(search: Search, *, num_scores: int, num_given: int, within_span: bool) -> None:
    """Refuse a search that cannot work in a study, before anything is evaluated.

    Calls ``search.check`` with the same keywords if the search has such a method.

    Args:
        search: the search.
        num_scores: number of scores of the study, at least 1.
        num_given: number of seed latents that span the study's space.
        within_span: whether the search has to stay between them.

    Raises:
        ArgumentError: the search cannot propose anything in such a study.
    """
    check = getattr(search, "check", None)
    if check is not None:
        check(num_scores=num_scores, num_given=num_given, within_span=within_span)


def check_preferences(search: Search, history: History) -> None:
    """Refuse to ask a search that learns from scores alone about a history of preferences.

    A search that learns from ``History.preferences`` says so by an attribute
    ``takes_preferences`` that is true.

    Raises:
        ArgumentError: the history has preferences, and the search would ignore them.
    """
    if history.preferences and not getattr(search, "takes_preferences", False):
        raise ArgumentError(
            f"search {type(search).__name__} learns from scores alone, and this study has "
            f"{len(history.preferences)} preferences; use search='latent-gp', or take them back "
            "with study.withdraw_preference()"
        )
