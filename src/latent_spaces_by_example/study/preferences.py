"""Store a person's answers about trials that they compared, as attributes of the study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.search.base import Preference
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import StoredPreference, read
from latent_spaces_by_example.study.trial import Trial, number_of

_ATTRIBUTE = "lsbe:preference:"


class Preferences:
    """Reads and writes the preferences of one study.

    An attribute of a study cannot be removed, so an answer that is taken back is marked.
    """

    def __init__(self, records: Records) -> None:
        self._records = records

    def all(self) -> list[Preference]:
        """Return the answers that stand, oldest first, by trial numbers.

        Raises:
            StudyError: one of them is damaged.
        """
        return [
            Preference(stored.best, stored.among)
            for _, stored in self._stored()
            if not stored.withdrawn
        ]

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
        key = max((number for number, _ in self._stored()), default=-1) + 1
        self._store(key, StoredPreference(preference.best, preference.among))

    def withdraw(self) -> Preference:
        """Take back the last answer that stands, and return it.

        Raises:
            StudyError: there is none.
        """
        standing = [(key, stored) for key, stored in self._stored() if not stored.withdrawn]
        if not standing:
            raise StudyError(f"study {self._records.name!r} has no preference to take back")
        key, last = standing[-1]
        self._store(key, msgspec.structs.replace(last, withdrawn=True))
        return Preference(last.best, last.among)

    def _stored(self) -> list[tuple[int, StoredPreference]]:
        stored = []
        for key, values in self._records.stored(_ATTRIBUTE).items():
            what = f"the values of preference {key}"
            preference = read(values, as_a=StoredPreference, what=what)
            among = preference.among
            is_whole = len(set(among)) == len(among) and preference.best in (None, *among)
            if not key.isdecimal() or not is_whole:
                raise StudyError(
                    f"{what} are damaged: trial {preference.best} of {list(among)!s:.80}"
                )
            stored.append((int(key), preference))
        return sorted(stored, key=lambda pair: pair[0])

    def _store(self, key: int, preference: StoredPreference) -> None:
        self._records.store_attribute(f"{_ATTRIBUTE}{key}", msgspec.to_builtins(preference))


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
