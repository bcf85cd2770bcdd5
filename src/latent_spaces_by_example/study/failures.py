"""When evaluations fail so often in a row that evaluating itself must be broken."""

from __future__ import annotations

from collections.abc import Iterable

from latent_spaces_by_example.errors import EvaluationError
from latent_spaces_by_example.study.trial import Trial

_FEWEST = 10
_LUCK = 1e-4


class FailureStreak:
    """The failures in a row of one process, held against how often trials failed before them.

    Where most candidates cannot be scored, ten failures in a row are nothing special, and a study
    of such candidates has to go on. A licence that has expired fails every trial, those too
    that would have been scored. So failures are the candidates' own as long as their
    number n is one that luck would bring in more than one of ten thousand streaks: with a share p
    of the earlier trials failed, as long as p^n is above 0.0001. Nine are always allowed, and no
    more until anything has been scored.

    Args:
        trials: of the study so far.
    """

    def __init__(self, trials: Iterable[Trial]) -> None:
        errors = [trial.error for trial in trials if not trial.pending]
        self._scored = errors.count(None)
        self._failed = len(errors) - self._scored
        self._length = 0

    def count(self, number: int, error: str | None) -> None:
        """Count the result of a trial: its error, or None where it has a score.

        Raises:
            EvaluationError: this is one failure too many.
        """
        if error is None:
            self._failed, self._scored = self._failed + self._length, self._scored + 1
            self._length = 0
            return
        self._length += 1
        if self._length >= _FEWEST and self._luck < _LUCK:
            before = f"Of those before them {self._scored} were scored and {self._failed} failed"
            raise EvaluationError(
                f"{self._length} evaluations in a row failed, the last one (trial {number}) with: "
                f"{error}. {before if self._scored else 'None has been scored yet'}, so it seems "
                "that none can be. Every result is stored: resume the study once the cause is "
                "mended."
            )

    @property
    def _luck(self) -> float:
        """How probable the streak was, by the trials before it and one more of either kind."""
        if not self._scored:
            return 0.0
        share = (self._failed + 1) / (self._failed + self._scored + 2)
        return float(share**self._length)
