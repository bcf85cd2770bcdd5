"""The loop of a study: propose, generate, score, store, until the budget is spent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float64
from threadpoolctl import threadpool_limits

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import History, Search
from latent_spaces_by_example.study.evaluation import evaluate
from latent_spaces_by_example.study.failures import FailureStreak
from latent_spaces_by_example.study.feasibility import constraint_names
from latent_spaces_by_example.study.trial import Trial, stacked
from latent_spaces_by_example.study.work import Work

if TYPE_CHECKING:
    from latent_spaces_by_example.study.study import Study

OnBegin = Callable[[list[int]], None]


@dataclass(frozen=True)
class Hooks:
    """What a caller of the loop wants to know, and whether it is to go on.

    Attributes:
        on_trial: called with the study and each trial once its result is stored.
        on_begin: called with the numbers of the trials whose evaluation begins.
        stop: asked between evaluations whether to return before the end.
    """

    on_trial: Callable[[Any, Trial], None] | None = None
    on_begin: OnBegin | None = None
    stop: Callable[[], bool] | None = None


def evaluate_until(
    study: Study, objective: Callable[..., Any], *, engine: Search, budget: int, hooks: Hooks
) -> None:
    """Evaluate until the study has so many trials; see :meth:`Study.run`."""
    records = study.records
    streak, constraints = FailureStreak(records.trials), constraint_names(records.trials())
    work = Work(
        records,
        propose=lambda numbers, trials: _propose(study, engine, numbers, trials),
        slots=study.slots,
        budget=budget,
        stop=hooks.stop,
    )
    with work:
        while batch := work.next_batch():
            numbers = list(batch)
            if hooks.on_begin is not None:
                hooks.on_begin(numbers)
            weights = stacked(list(batch.values()), study.seeds.num_given)
            latents = study.latents(weights)
            validity = study.candidate_check.of(latents, weights)
            outcomes = evaluate(
                study.generator,
                objective,
                latents=latents,
                constraints=constraints,
                scores=study.settings.score_names,
            )
            for number, outcome, found in zip(numbers, outcomes, validity, strict=True):
                if study.artifacts is not None:
                    # before the trial is finished, after which nothing can be attached
                    study.artifacts.keep(
                        number,
                        outcome.score,
                        outcome.output,
                        constraints=outcome.constraints,
                    )
                if not work.store(number, outcome, found):
                    continue  # given up for dead, another worker was faster
                if hooks.on_trial is not None:
                    hooks.on_trial(study, next(t for t in records.trials() if t.number == number))
                streak.count(number, outcome.error)
                if constraints is None and outcome.error is None:
                    constraints = list(outcome.constraints)


def _propose(
    study: Study, search: Search, numbers: list[int], trials: list[Trial]
) -> Float64[np.ndarray, "n K"]:
    """Weights for claimed trials of one batch, whose predecessors all have theirs."""
    first, slots = numbers[0], study.slots
    if first < slots.corners:
        # the examples themselves come first: they are what the best has to beat
        return np.eye(slots.corners)[numbers]
    # A batch that was cut short, by a kill or by the budget, is proposed again from what was
    # known when it began, so that its other half is what it would have been.
    start = slots.start(first)
    batch = range(start, start + slots.batch_size)
    others = study.history_of([trial for trial in trials if trial.number not in batch])
    proposal = _ask(study, search, others, key=start, n=slots.batch_size)
    mates = [trial for trial in trials if trial.number in batch]
    if all(_is_at(trial, proposal[trial.number - start]) for trial in mates):
        return proposal[np.array(numbers) - start]
    # several workers share the numbers of this batch, and results have come in since
    return _ask(study, search, study.history_of(trials), key=first, n=len(numbers))


def _ask(
    study: Study, search: Search, history: History, *, key: int, n: int
) -> Float64[np.ndarray, "n K"]:
    rng = np.random.default_rng([study.settings.random_seed, key])
    # a search works on small matrices, with which two threads are many times slower than one
    with threadpool_limits(limits=1, user_api="blas"):
        return check_proposal(search.propose(history, n, rng), n=n, search=search)


def check_proposal(proposal: Any, *, n: int, search: Any) -> Float64[np.ndarray, "n K"]:
    """Refuse proposals that are no weights: a search that breaks its contract is named.

    Raises:
        ArgumentError: wrong shape, not finite, or rows not of unit norm.
    """
    weights = np.asarray(proposal, dtype=np.float64)
    who = f"search {type(search).__name__} proposed"
    if weights.ndim != 2 or len(weights) != n:
        raise ArgumentError(f"{who} an array of shape {weights.shape}; expected ({n}, K)")
    if not np.isfinite(weights).all():
        raise ArgumentError(f"{who} weights that are not finite")
    norms = np.linalg.norm(weights, axis=1)
    if np.abs(norms - 1).max() > 1e-6:
        raise ArgumentError(f"{who} weights of norm {norms.tolist()}; expected unit norm")
    return weights


def _is_at(trial: Trial, weights: Float64[np.ndarray, " K"]) -> bool:
    stored = np.zeros(max(len(trial.weights), len(weights)))
    stored[: len(trial.weights)] = trial.weights
    stored[: len(weights)] -= weights
    return bool(np.abs(stored).max() < 1e-6)
