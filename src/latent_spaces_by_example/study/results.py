"""Check what a user or an objective gives for a trial, before Optuna sees it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.objectives import Evaluation, read_scores
from latent_spaces_by_example.study.evaluation import Outcome
from latent_spaces_by_example.study.passwords import without_password
from latent_spaces_by_example.study.settings import Result

_MOST_ERROR = 10_000


def told_result(
    number: int,
    value: Any,
    *,
    error: str | None,
    score_names: Sequence[str],
    constraints: Sequence[str] | None,
) -> Result:
    """Return the result that a user tells of one trial.

    Args:
        number: of the trial, for messages.
        value: a number, or a mapping with "score" (or the study's score names, or "scores"),
            "constraints" and any metrics; None with an error.
        error: why the trial failed.
        score_names: of the study's scores if it has several.
        constraints: names of the study's constraints, None while no trial has a score.

    Raises:
        ArgumentError: neither or both were given, or the value is not what the study takes.
    """
    if (value is None) == (error is None):
        raise ArgumentError(
            f"trial {number}: give either its score, a number or a mapping with 'score', or "
            "error=..., a text that says why there is none"
        )
    if error is not None:
        if not isinstance(error, str) or not error.strip():
            raise ArgumentError(f"trial {number}: error={error!r:.60}; give a text")
        return Result(error=scrubbed(error))
    if score_names and isinstance(value, Mapping) and not {"score", "scores"} & set(value):
        named = {name: value[name] for name in score_names if name in value}
        value = {"scores": named, **{k: v for k, v in value.items() if k not in named}}
        if len(named) < len(score_names):
            missing = [name for name in score_names if name not in named]
            raise ArgumentError(
                f"trial {number}: the score {missing[0]!r} is missing; this study has the scores "
                f"{', '.join(map(repr, score_names))}"
            )
    try:
        [evaluation] = read_scores([value], n=1)
    except OverflowError as too_large:
        raise ArgumentError(f"trial {number}: {too_large}; give a finite score") from too_large
    except ArgumentError as wrong:
        raise ArgumentError(f"trial {number}: {wrong}") from wrong
    if not evaluation.finite:
        raise ArgumentError(
            f"trial {number}: the score is {evaluation.score}; give a finite number, or "
            "error='why it could not be scored'"
        )
    return scored_result(
        evaluation, who=f"trial {number}:", score_names=score_names, constraints=constraints
    )


def scored_result(
    evaluation: Evaluation,
    *,
    who: str,
    score_names: Sequence[str],
    constraints: Sequence[str] | None,
    seconds: float | None = None,
    worker: str | None = None,
    warning: str | None = None,
) -> Result:
    """Return the result of an evaluation, its scores in the order that the study declared.

    Raises:
        ArgumentError: the scores or the constraints are not those of the study.
    """
    if set(evaluation.scores) != set(score_names):
        given = ", ".join(map(repr, evaluation.scores)) or "one score without a name"
        expected = ", ".join(map(repr, score_names)) or "one score without a name"
        raise ArgumentError(
            f"{who} {given}, but the study was made for {expected}; several scores are declared "
            "when the study is made, by scores=(...) or an attribute `scores` of the objective"
        )
    if constraints is not None and set(evaluation.constraints) != set(constraints):
        given = ", ".join(map(repr, sorted(evaluation.constraints))) or "none"
        before = ", ".join(map(repr, sorted(constraints))) or "none"
        raise ArgumentError(
            f"{who} the constraints {given}, and earlier trials have {before}; give every trial "
            "the same ones, at most 0 where they are met"
        )
    return Result(
        scores=tuple(evaluation.scores[name] for name in score_names) or (evaluation.score,),
        metrics={name: _metric(value) for name, value in evaluation.metrics.items()},
        constraints=dict(evaluation.constraints),
        seconds=seconds,
        worker=worker,
        warning=warning,
    )


def failed_result(outcome: Outcome) -> Result:
    """Return the result of an evaluation that failed."""
    return Result(
        error=scrubbed(outcome.error or "no reason was given"),
        traceback=outcome.traceback and scrubbed(outcome.traceback),
        seconds=outcome.seconds,
        worker=outcome.worker or None,
    )


def scrubbed(text: str) -> str:
    """Return a text as it may be stored: without passwords, and of a bounded length."""
    return without_password(text)[:_MOST_ERROR]


def _metric(value: Any) -> Any:
    if isinstance(value, str):
        return scrubbed(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return float(value) if abs(value) < 2**1023 else math.copysign(math.inf, value)
    return value
