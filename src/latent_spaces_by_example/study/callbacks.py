"""Ready callbacks for :meth:`Study.run`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from latent_spaces_by_example.arguments import check_callable, check_whole
from latent_spaces_by_example.errors import ArgumentError, StopStudy
from latent_spaces_by_example.study.trial import Trial


def check_callbacks(callbacks: Any) -> None:
    """Refuse what is no list of functions.

    Raises:
        ArgumentError: with the one that cannot be called.
    """
    if isinstance(callbacks, str) or not isinstance(callbacks, Sequence):
        raise ArgumentError(f"callbacks={callbacks!r:.60}; give a list of functions")
    for callback in callbacks:
        check_callable(callback, argument="callbacks", called="callback(study, trial)")


class Patience:
    """Stop a run once so many trials in a row have not beaten the best one.

    In a study of several scores: once so many have not changed the front.

    Args:
        trials: how many, at least 1.

    Example:
        >>> import latent_spaces_by_example as lsbe
        >>> class Model:
        ...     latent_shape = (4,)
        ...     def generate(self, z):
        ...         return z
        >>> study = lsbe.optimise(
        ...     Model(), lambda x: [0.0 for _ in x], budget=50, callbacks=[lsbe.Patience(5)]
        ... )
        >>> len(study.trials)
        6
    """

    def __init__(self, trials: int) -> None:
        check_whole(trials, argument="trials")
        self._most = trials
        self._since = 0
        self._front: set[int] = set()

    def __call__(self, study: Any, trial: Trial) -> None:
        """Look at the study after a trial.

        Raises:
            StopStudy: its best has not changed for long enough.
        """
        front = {best.number for best in study.front()[: None if study.scores_are_several else 1]}
        self._since = 0 if front != self._front else self._since + 1
        self._front = front
        if self._since >= self._most:
            raise StopStudy(f"the last {self._since} trials have not improved on the best")
