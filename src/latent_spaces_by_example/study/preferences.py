"""Store a person's answers about trials that they compared, as an attribute of the study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.search.base import Preference
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import StoredPreferences, read
from latent_spaces_by_example.study.trial import Trial, number_of

_ATTRIBUTE = "lsbe:preferences"


class Preferences:
    """Reads and writes the preferences of one study: one attribute, a list of answers."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def all(self) -> list[Preference]:
        """Return the answers that stand, oldest first, by trial numbers.

        Raises:
            StudyError: one of them is damaged.
        """
        values = self._records.stored(_ATTRIBUTE).get("")
        if values is None:
            return []
        stored = read(values, as_a=StoredPreferences, what="the preferences of the study")
        for best, among in stored.answers:
            if len(set(among)) < len(among) or best not in (None, *among):
                raise StudyError(
                    f"the preferences of the study are damaged: trial {best} of {list(among)!s:.80}"
                )
        return [Preference(best, among) for best, among in stored.answers]

    def of_rows(self, trials: Sequence[Trial]) -> tuple[Preference, ...]:
        """Return the answers on these trials alone, by their places in the sequence."""
        place = {trial.number: row for row, trial in enumerate(trials)}
        return tuple(
            Preference(
                None if preference.best is None else place[preference.best],
                tuple(place[number] for number in preference.among),
            )
            for preference in self.all()
            if all(number in place for number in preference.among)
        )

    def add(self, preference: Preference) -> None:
        """Store an answer; writing is for whoever holds the study's lock.

        Raises:
            StudyError: there is no such trial, or one of them failed.
        """
        for number in preference.among:
            if (error := self._records.trial(number).error) is not None:
                raise StudyError(
                    f"trial {number} of study {self._records.name!r} failed ({error}); compare "
                    "trials that have an output"
                )
        self._store([*self.all(), preference])

    def withdraw(self) -> Preference:
        """Take back the last answer, and return it.

        Raises:
            StudyError: there is none.
        """
        answers = self.all()
        if not answers:
            raise StudyError(f"study {self._records.name!r} has no preference to take back")
        self._store(answers[:-1])
        return answers[-1]

    def _store(self, preferences: Sequence[Preference]) -> None:
        stored = StoredPreferences(tuple((p.best, p.among) for p in preferences))
        self._records.store_attribute(_ATTRIBUTE, msgspec.to_builtins(stored))


def told_preference(trials: Iterable[Any], *, best: Any = None) -> Preference:
    """Return what a user says as a preference among trial numbers.

    Args:
        trials: trials or their numbers, two or more.
        best: one of them; None for no difference.

    Raises:
        ArgumentError: fewer than two, one of them twice, or a best one that is not among them.

    >>> told_preference([4, 7], best=7)
    Preference(best=7, among=(4, 7))
    """
    if isinstance(trials, str | bytes | Trial) or not isinstance(trials, Iterable):
        raise ArgumentError(f"trials={trials!r:.60}; give two or more trials, or their numbers")
    among = tuple(number_of(trial) for trial in trials)
    if len(among) < 2 or len(set(among)) < len(among):
        raise ArgumentError(
            f"trials={list(among)!s:.60}; compare two or more trials, each of them once"
        )
    chosen = None if best is None else number_of(best)
    if chosen is not None and chosen not in among:
        raise ArgumentError(f"best={chosen} is not among the trials compared, {list(among)!s:.60}")
    return Preference(chosen, among)
