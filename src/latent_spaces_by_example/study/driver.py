"""The loop of a run: ask, submit, collect, tell, until the budget is spent."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from latent_spaces_by_example.errors import ArgumentError, StopStudy
from latent_spaces_by_example.search.base import Search
from latent_spaces_by_example.study.evaluation import Outcome, evaluate
from latent_spaces_by_example.study.executors import (
    Executor,
    Future,
    Model,
    Task,
    engine_failure,
    is_broken,
    lacks_package,
    num_workers_of,
    run_task,
)
from latent_spaces_by_example.study.failures import FailureCount, remote_cause
from latent_spaces_by_example.study.results import failed_result, scored_result
from latent_spaces_by_example.study.settings import Result
from latent_spaces_by_example.study.trial import Trial, constraint_names
from latent_spaces_by_example.study.view import StudyView

MOST_ATTEMPTS = 3
_SHORTEST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.001, 0.05, 1.3

log = logging.getLogger("latent_spaces_by_example")


@runtime_checkable
class StopSignal(Protocol):
    """Says whether a run is to end, such as a ``threading.Event``."""

    def is_set(self) -> bool:
        """Return whether to begin no further evaluation."""
        ...


@dataclass(frozen=True)
class Limits:
    """The limits at which a run ends.

    Attributes:
        budget: trials of the study in all, open and failed ones counted.
        max_seconds: no evaluation begins after so many; None for no limit.
        timeout: seconds for one output; a later one fails. None for no limit.
        max_consecutive_failures: so many failures in a row end the run.
        stop: ends the run once it is set.
        grace: seconds that evaluations in flight may go on then.
    """

    budget: int
    max_seconds: float | None = None
    timeout: float | None = None
    max_consecutive_failures: int = 10
    stop: StopSignal | None = None
    grace: float = 20.0


@dataclass
class _Call:
    """A batch of trials under way."""

    trials: list[Trial]
    future: Future
    since: float
    attempt: int = 1


class Driver:
    """Runs one study, whose lock is held; made anew for each run.

    Args:
        study: that is to run.
        objective: x -> scores.
        search: proposes.
        limits: when the run ends.
        on_trial: called with each trial once its result is stored; may raise StopStudy.
    """

    def __init__(
        self,
        study: StudyView,
        objective: Callable[[Sequence[Any]], Any],
        *,
        search: Search,
        limits: Limits,
        on_trial: Callable[[Trial], None],
    ) -> None:
        self._study, self._records, self._proposals = study, study.records, study.proposals
        self._objective = objective
        self._search = search
        self._limits = limits
        self._on_trial = on_trial
        self._failures = FailureCount(study.records, most=limits.max_consecutive_failures)

    def run(
        self,
        executor: Executor | None = None,
        *,
        model: Model | None = None,
        num_pending: int | None = None,
    ) -> None:
        """Evaluate until the run ends.

        Args:
            executor: runs the evaluations; None for this process.
            model: the generator and the objective as the executor's workers load them.
            num_pending: how many outputs are in flight; by default the executor's size.

        Raises:
            EvaluationError: every evaluation failed, too many in a row did, or the executor is
                broken. All results so far are stored.
        """
        self._begun = time.monotonic()
        try:
            if executor is None or model is None:
                self._run_here()
            else:
                self._run_elsewhere(executor, model, num_pending=num_pending)
        except StopStudy as stop:
            log.info("study %r was stopped: %s", self._records.name, stop or "a callback said so")
        self._failures.conclude()

    # ------------------------------------------------------------------ the two loops

    def _run_here(self) -> None:
        while not self._is_over() and (trials := self._next_trials(in_flight=set())):
            outcomes = evaluate(
                self._study.generator,
                self._objective,
                latents=self._proposals.latents(trials),
                keep_files=self._keeps_files,
            )
            self._tell(trials, outcomes)

    def _run_elsewhere(self, executor: Executor, model: Model, *, num_pending: int | None) -> None:
        most = num_pending or num_workers_of(executor)
        if most is None:
            raise ArgumentError(
                f"num_pending is needed: how many evaluations {type(executor).__name__} runs at a "
                "time cannot be read from it"
            )
        calls: list[_Call] = []
        pause, stopped = _SHORTEST_PAUSE, None
        try:
            while True:
                while not self._is_over() and sum(len(c.trials) for c in calls) < most:
                    in_flight = {t.number for call in calls for t in call.trials}
                    if not (trials := self._next_trials(in_flight=in_flight)):
                        break
                    calls.append(self._submit(executor, model, trials))
                    if any(call.future.done() for call in calls):
                        break  # tell it before the next proposal is made
                if not calls:
                    return
                if self._is_stopping and stopped is None:
                    stopped = time.monotonic()
                if stopped is not None and time.monotonic() - stopped > self._limits.grace:
                    return
                ended = [call for call in calls if call.future.done() or self._is_late(call)]
                for call in ended:
                    calls.remove(call)
                    calls += self._collect(call, executor, model)
                pause = _SHORTEST_PAUSE if ended else min(_GROWTH * pause, _LONGEST_PAUSE)
                if not ended:
                    time.sleep(pause)
        finally:
            for call in calls:
                _cancel(call.future)

    def _submit(
        self, executor: Executor, model: Model, trials: list[Trial], *, attempt: int = 1
    ) -> _Call:
        task = Task(
            model=model,
            latents=self._proposals.latents(trials),
            numbers=tuple(trial.number for trial in trials),
            attempt=attempt,
            keep_files=self._keeps_files,
        )
        try:
            future = executor.submit(run_task, task)
        except (RuntimeError, OSError) as error:
            raise engine_failure(error) from error
        return _Call(trials, future, time.monotonic(), attempt)

    def _collect(self, call: _Call, executor: Executor, model: Model) -> list[_Call]:
        """Tell what came of a call; return the calls that take its place."""
        if not call.future.done():
            _cancel(call.future)
            return self._after_timeout(call, executor, model)
        try:
            outcomes = call.future.result()
        except TimeoutError:
            return self._after_timeout(call, executor, model)
        except BaseException as error:
            if is_broken(error) or lacks_package(error):
                raise engine_failure(error) from error
            if not isinstance(error, Exception):
                raise
            if call.attempt >= MOST_ATTEMPTS:
                reason = f"the worker failed in {call.attempt} attempts: {error}"
                self._tell(call.trials, [Outcome(error=reason, exception=error)] * len(call.trials))
                return []
            message = "the worker of trial %d failed (%s: %s); it is submitted again"
            log.warning(message, call.trials[0].number, type(error).__name__, error)
            return [self._submit(executor, model, call.trials, attempt=call.attempt + 1)]
        self._tell(call.trials, outcomes)
        return []

    def _after_timeout(self, call: _Call, executor: Executor, model: Model) -> list[_Call]:
        if len(call.trials) > 1:
            # one of the batch hangs, and only alone can be told which
            return [
                self._submit(executor, model, [trial], attempt=call.attempt + 1)
                for trial in call.trials
            ]
        seconds = time.monotonic() - call.since
        error = f"it took longer than the {self._limits.timeout or seconds:g} seconds allowed"
        self._tell(call.trials, [Outcome(error=error, seconds=seconds)])
        return []

    def _is_late(self, call: _Call) -> bool:
        limit = self._limits.timeout
        if limit is None or getattr(call.future, "enforces_timeout", False):
            return False
        # an engine that enforces the limit itself measures from the start, and comes first
        return time.monotonic() - call.since > limit * len(call.trials) + 1.0

    # ------------------------------------------------------------------ what comes next

    def _next_trials(self, *, in_flight: set[int]) -> list[Trial]:
        """Return the trials to evaluate next, opened if need be; none when all are begun."""
        trials = self._records.trials()
        left = [
            trial
            for trial in trials
            if trial.pending and trial.asked_by == "run" and trial.number not in in_flight
        ]
        if left:
            return [t for t in left if t.batch == left[0].batch][: self._study.settings.batch_size]
        room = self._limits.budget - len(trials)
        if room < 1:
            return []
        size = self._study.settings.batch_size
        if examples := self._proposals.examples(min(size, room), asked_by="run"):
            return examples
        return self._proposals.searched(self._search, size, room=room)

    # ------------------------------------------------------------------ what came of them

    def _tell(self, trials: Sequence[Trial], outcomes: Sequence[Outcome]) -> None:
        for trial, outcome in zip(trials, outcomes, strict=True):
            self._tell_one(trial, outcome)

    def _tell_one(self, trial: Trial, outcome: Outcome) -> None:
        if outcome.breaks_contract:
            raise _contract_error(outcome)
        warnings = []
        if self._study.artifacts is not None:
            # before the trial is finished, after which nothing can be attached
            warnings = self._study.artifacts.keep(trial.number, outcome.files)
        finished = self._records.tell(
            trial.number, self._result(outcome, warning="; ".join(warnings) or None)
        )
        if self._study.artifacts is not None:
            try:
                self._study.artifacts.thin(finished)
            except OSError as error:
                log.warning("an artifact could not be made smaller: %s", error)
        self._failures.count(finished, outcome)
        self._on_trial(finished)
        self._failures.check()

    def _result(self, outcome: Outcome, *, warning: str | None) -> Result:
        if outcome.evaluation is None:
            return failed_result(outcome)
        return scored_result(
            outcome.evaluation,
            who="the objective gave",
            score_names=self._records.settings.score_names,
            constraints=constraint_names(self._records.trials()),
            seconds=outcome.seconds,
            worker=outcome.worker or None,
            warning=warning,
        )

    # ------------------------------------------------------------------ when it ends

    @property
    def _keeps_files(self) -> bool:
        return self._study.artifacts is not None and self._study.artifacts.wanted

    @property
    def _is_stopping(self) -> bool:
        return self._limits.stop is not None and self._limits.stop.is_set()

    def _is_over(self) -> bool:
        if self._is_stopping:
            return True
        limit = self._limits.max_seconds
        return limit is not None and time.monotonic() - self._begun > limit


def _contract_error(outcome: Outcome) -> Exception:
    error = outcome.exception
    if error is not None:
        return error
    remote = ArgumentError(outcome.error)
    remote.__cause__ = remote_cause(outcome)
    return remote


def _cancel(future: Future) -> None:
    cancel = getattr(future, "cancel", None)
    if callable(cancel):
        cancel()
