"""Count evaluations that fail, and end a run that cannot succeed."""

from __future__ import annotations

import logging

from latent_spaces_by_example.errors import EvaluationError
from latent_spaces_by_example.study.evaluation import Outcome
from latent_spaces_by_example.study.plain_text import plain
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.trial import Trial

log = logging.getLogger("latent_spaces_by_example")

# programming errors strike every candidate: before the first score, a few of the same are enough
_PROGRAMMING = ("ArgumentError", "AttributeError", "ModuleNotFoundError", "NameError", "TypeError")
_FEW = 3


class FailureCount:
    """Logs each failed trial of a run once, and ends the run if too many fail in a row.

    Args:
        records: of the study.
        most: so many in a row end the run.
    """

    def __init__(self, records: Records, *, most: int) -> None:
        self._records = records
        self._most = most
        self._in_a_row: list[Trial] = []
        self._num_failed = self._num_scored = 0
        self._exception: BaseException | None = None
        self._last = ""

    def count(self, trial: Trial, outcome: Outcome) -> None:
        """Count a trial; the first failure of a run is shown with its traceback."""
        if trial.error is None:
            self._in_a_row.clear()
            self._num_scored += 1
            return
        first = not self._num_failed
        self._num_failed += 1
        self._in_a_row.append(trial)
        self._last = trial.error
        self._exception = outcome.exception or remote_cause(outcome)
        log.warning("trial %d failed: %s", trial.number, plain(trial.error))
        if trial.traceback:
            level = logging.WARNING if first else logging.DEBUG
            log.log(level, "%s", plain(trial.traceback.rstrip(), lines=True))

    def check(self) -> None:
        """Raise if too many evaluations in a row have failed.

        Raises:
            EvaluationError: its cause is the user's last exception.
        """
        otherwise = ", or allow more by max_consecutive_failures (--max-failures)"
        if self._is_mistaken():
            otherwise = ""  # no number allows more programming errors
        elif len(self._in_a_row) < self._most:
            return
        last, scored = self._in_a_row[-1], self._num_with_score()
        so_far = f"{scored} other trials have a score" if scored else "no trial has a score yet"
        raise EvaluationError(
            f"{len(self._in_a_row)} evaluations in a row failed, the last one (trial "
            f"{last.number}) with: {last.error}. In this study {so_far}. Every result is stored: "
            f"go on with the study once the cause is mended{otherwise}."
        ) from self._exception

    def conclude(self) -> None:
        """Say at the end of a run how many failed.

        Raises:
            EvaluationError: all did, and no trial of the study has a score.
        """
        if not self._num_failed:
            return
        total = self._num_failed + self._num_scored
        if self._num_scored or self._num_with_score():
            log.warning("%d of %d failed: %s", self._num_failed, total, plain(self._last))
            return
        raise EvaluationError(
            f"all {total} evaluations failed, the last one with: {self._last}"
        ) from self._exception

    def _is_mistaken(self) -> bool:
        """Return whether the first few trials all failed by the same programming error."""
        errors = {trial.error or "" for trial in self._in_a_row}
        alike = len(errors) == 1 and errors.pop().startswith(_PROGRAMMING)
        return alike and len(self._in_a_row) >= _FEW and not self._num_with_score()

    def _num_with_score(self) -> int:
        return sum(trial.score is not None for trial in self._records.trials())


class RemoteTraceback(Exception):
    """The traceback of an exception that was raised in another process."""


def remote_cause(outcome: Outcome) -> RemoteTraceback | None:
    """Return what stands for an exception that stayed in its process; None if there was none."""
    if outcome.traceback is None:
        return None
    return RemoteTraceback(f"in {outcome.worker}:\n{outcome.traceback}")
