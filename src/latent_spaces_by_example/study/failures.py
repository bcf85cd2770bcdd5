"""When evaluations fail so often in a row that evaluating itself must be broken."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from latent_spaces_by_example.errors import EvaluationError
from latent_spaces_by_example.study.trial import Trial

_FEWEST = 10
_LUCK = 1e-4


class FailureStreak:
    """The failures in a row of one process, held against how often the study's other trials failed.

    Where most candidates cannot be scored, ten failures in a row are nothing special, and a study
    of such candidates has to go on. A licence that has expired fails every trial, those too
    that would have been scored. So failures are the candidates' own as long as their
    number n is one that luck would bring in more than one of ten thousand streaks: with a share p
    of the other trials failed, as long as p^n is above 0.0001. Nine are always allowed, and no
    more until anything has been scored.

    What others failed at since the streak began may have the same cause, the expired licence, and
    counts only if anything was scored since.

    Args:
        trials: the study's, asked for when there are many failures in a row: other workers may
            have added to them.
    """

    def __init__(self, trials: Callable[[], Iterable[Trial]]) -> None:
        self._trials = trials
        self._numbers: list[int] = []

    def count(self, number: int, error: str | None) -> None:
        """Count the result of a trial: its error, or None where it has a score.

        Raises:
            EvaluationError: this is one failure too many.
        """
        if error is None:
            self._numbers.clear()
            return
        self._numbers.append(number)
        length = len(self._numbers)
        if length < _FEWEST:
            return
        others = self._others()
        scored = sum(trial.error is None for trial in others)
        if scored and _share(len(others) - scored, of=len(others)) ** length >= _LUCK:
            return
        known = f"Of the others {scored} were scored and {len(others) - scored} failed"
        raise EvaluationError(
            f"{length} evaluations in a row failed, the last one (trial {number}) with: {error}. "
            f"{known if scored else 'None has been scored yet'}, so it seems that none can be. "
            "Every result is stored: resume the study once the cause is mended."
        )

    def _others(self) -> list[Trial]:
        """The trials that tell how often one fails where evaluating works."""
        mine = set(self._numbers)
        others = [t for t in self._trials() if not t.pending and t.number not in mine]
        earlier = [trial for trial in others if trial.number < self._numbers[0]]
        scored_since = any(t.error is None for t in others if t.number > self._numbers[0])
        return others if scored_since else earlier


def _share(failed: int, *, of: int) -> float:
    """What share fails, guessed from those that did: with one more of either kind."""
    return (failed + 1) / (of + 2)
