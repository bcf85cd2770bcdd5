"""One evaluation: latents to outputs to scores, here or in another process."""

from __future__ import annotations

import os
import socket
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from latent_spaces_by_example.errors import ArgumentError, GeneratorError
from latent_spaces_by_example.objectives import Evaluation, read_scores
from latent_spaces_by_example.objectives.base import listed_scores
from latent_spaces_by_example.study.output_files import Files, files_of
from latent_spaces_by_example.transport_maps.layout import num_latents, rows_of

_MOST_TRACEBACK = 20_000
T = TypeVar("T")


class BrokenContractError(GeneratorError):
    """A generator returned no sequence of one output for each latent; no other latent mends it."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one latent: an evaluation, or the reason why there is none.

    Attributes:
        evaluation: what the objective returned; None if it failed.
        error: one line on the failure; None if there was none.
        traceback: of the user's exception.
        exception: that exception itself, if it happened in this process.
        seconds: how long it took; in a batch, its share. None if nobody measured it.
        files: the output as its files, if they were asked for.
        breaks_contract: true if no other latent would mend the failure.
        worker: host:pid of the process.
    """

    evaluation: Evaluation | None = None
    error: str | None = None
    traceback: str | None = None
    exception: Exception | None = field(default=None, repr=False, compare=False)
    seconds: float | None = None
    files: Files = field(default_factory=Files)
    breaks_contract: bool = False
    worker: str = ""


def evaluate(
    generator: Any,
    objective: Callable[[Sequence[Any]], Any],
    *,
    latents: Any,
    keep_files: bool = False,
) -> list[Outcome]:
    """Generate and score n latents, shape (n, *latent_shape), together.

    If the batch raises, each latent is tried alone, so that one failure costs one evaluation.
    What the user's code raises is an outcome, never an exception.
    """
    n, start = num_latents(latents), 0.0

    def scored(rows: slice) -> list[Outcome]:
        nonlocal start
        start, count = time.perf_counter(), len(range(n)[rows])
        outputs = generator.generate(rows_of(latents, rows))
        items = items_of(outputs, n=count, generator=generator)
        returned = objective(outputs)
        seconds = (time.perf_counter() - start) / count
        try:
            scores = listed_scores(returned, n=count)
        except ArgumentError as error:
            return [failure(error, seconds=seconds, breaks_contract=True)] * count
        return [
            _outcome(score, output=out, seconds=seconds, generator=generator, keep_files=keep_files)
            for score, out in zip(scores, items, strict=True)
        ]

    def failed(error: Exception) -> Outcome:
        return failure(error, seconds=time.perf_counter() - start)

    try:
        return one_by_one(scored, n, failed=failed)
    except BrokenContractError as error:
        return [failure(error, breaks_contract=True)] * n


def one_by_one(
    make: Callable[[slice], Sequence[T]], n: int, *, failed: Callable[[Exception], T]
) -> list[T]:
    """Return what is made of all of n rows; if that raises, of each of them alone.

    Args:
        make: rows -> one thing for each.
        n: how many rows there are.
        failed: what to return for a row for which even that raises.

    Raises:
        BrokenContractError: no other row would mend that.
    """
    try:
        return list(make(slice(0, n)))
    except BrokenContractError:
        raise
    except Exception as error:
        if n == 1:
            return [failed(error)]
    alone: list[T] = []
    for i in range(n):
        try:
            alone += make(slice(i, i + 1))
        except BrokenContractError:
            raise
        except Exception as error:
            alone.append(failed(error))
    return alone


def generated(generator: Any, latents: Any) -> list[Any]:
    """Return the n outputs of n latents as a list.

    Raises:
        BrokenContractError: the generator returned no sequence of n outputs.
    """
    n = num_latents(latents)
    return items_of(generator.generate(latents), n=n, generator=generator)


def items_of(outputs: Any, *, n: int, generator: Any) -> list[Any]:
    """Return what a generator returned for n latents as a list of n outputs.

    Raises:
        BrokenContractError: it is no sequence of n.
    """
    who = f"generate(z) of {type(generator).__name__}"
    try:
        count = len(outputs)
        items = [outputs[i] for i in range(count)]
    except (TypeError, KeyError, IndexError) as error:
        kind = type(outputs).__name__
        raise BrokenContractError(
            f"{who} returned a {kind}; expected a sequence of {n} outputs, one for each latent"
        ) from error
    if count != n:
        raise BrokenContractError(f"{who} returned {count} outputs for {n} latents; expected {n}")
    return items


def failure(
    error: Exception, *, seconds: float | None = None, breaks_contract: bool = False
) -> Outcome:
    """Return the outcome of an evaluation that raised."""
    text = "".join(traceback.format_exception(error))[-_MOST_TRACEBACK:]
    return Outcome(
        error=f"{type(error).__name__}: {error}",
        traceback=text,
        exception=error,
        seconds=seconds,
        breaks_contract=breaks_contract,
        worker=this_process(),
    )


def this_process() -> str:
    """Return host:pid of this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _outcome(
    score: Any, *, output: Any, seconds: float, generator: Any, keep_files: bool
) -> Outcome:
    try:
        [evaluation] = read_scores([score], n=1)
    except (ArgumentError, OverflowError) as error:
        return failure(error, seconds=seconds)
    if not evaluation.finite:
        error_text = f"the score is {evaluation.score}, not finite"
        return Outcome(error=error_text, seconds=seconds, worker=this_process())
    return Outcome(
        evaluation=evaluation,
        seconds=seconds,
        files=files_of(generator, output) if keep_files else Files(),
        worker=this_process(),
    )
