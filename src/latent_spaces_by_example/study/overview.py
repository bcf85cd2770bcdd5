"""The progress of studies, read from the database alone, without generator or objective."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from optuna.storages import BaseStorage

from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.study.database import Access
from latent_spaces_by_example.study.folder import RunFolder
from latent_spaces_by_example.study.ranking import Ranking
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import Settings
from latent_spaces_by_example.study.trial import Trial

_RECENT = 20
_DEEPEST = 3


@dataclass(frozen=True)
class Overview:
    """The progress of a study, as its trials tell it.

    Attributes:
        name: of the study in its storage.
        settings: what was fixed when the study was created.
        trials: all of them.
    """

    name: str
    settings: Settings
    trials: Sequence[Trial]

    @property
    def finished(self) -> int:
        """The number of trials with a score."""
        return sum(trial.score is not None for trial in self.trials)

    @property
    def failed(self) -> int:
        """The number of trials that failed."""
        return sum(trial.error is not None for trial in self.trials)

    @property
    def done(self) -> int:
        """The number of trials that have a result."""
        return self.finished + self.failed

    @property
    def pending(self) -> int:
        """The number of open trials."""
        return len(self.trials) - self.done

    @property
    def asked(self) -> int:
        """The number of open trials that were given out to the user."""
        return sum(trial.pending and trial.asked_by == "user" for trial in self.trials)

    @property
    def ranking(self) -> Ranking:
        """Compares the trials; scores are as they were measured, even if they are noisy."""
        return Ranking(self.settings.score_names, self.settings.directions)

    @property
    def seconds(self) -> float | None:
        """The median of what one evaluation took; None before the first."""
        known = [trial.seconds for trial in self.trials if trial.seconds is not None]
        return median(known) if known else None

    @property
    def last(self) -> datetime | None:
        """The moment at which a trial was last done."""
        return max(self._ends, default=None)

    @property
    def _ends(self) -> list[datetime]:
        return [t.ended for t in self.trials if not t.pending and t.ended is not None]

    @property
    def oldest_pending(self) -> datetime | None:
        """The moment since which the longest of the open trials is being evaluated."""
        begun = (t.begun for t in self.trials if t.pending and t.begun is not None)
        return min(begun, default=None)

    @property
    def per_minute(self) -> float | None:
        """Trials done a minute, over the last 20; None before there are two."""
        return _per_minute(sorted(self._ends), running=self.oldest_pending is not None)


def open_records(
    out: str | os.PathLike[str] | None = None,
    *,
    storage: Any = None,
    name: str | None = None,
    access: Access = "read",
) -> Records:
    """Return the records of a study that exists, in its run folder or in a storage.

    Raises:
        ArgumentError: neither was given.
        StudyError: there is no such study, or it cannot be read.
    """
    if storage is None:
        if out is None:
            raise ArgumentError("give out (a run folder) or storage (an Optuna storage or its URL)")
        storage = RunFolder(out).existing_storage()
    return Records.open(storage, name=name, access=access)


def overview_of(records: Records) -> Overview:
    """Return the progress of a study.

    Raises:
        StudyError: the database cannot be read, or another version made the study.
    """
    return Overview(records.name, records.settings, records.trials())


def studies_below(folder: str | os.PathLike[str]) -> Iterator[tuple[Path, Overview | StudyError]]:
    """Yield every run folder in a folder, up to three levels down, and its study's progress.

    One that cannot be read comes with the error that says why.

    Raises:
        StudyError: there is no such folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise StudyError(f"there is no folder {str(root)!r}; name the one that the run folders are")
    for path in _run_folders(root, depth=0):
        try:
            yield path, overview_of(open_records(path))
        except StudyError as error:
            yield path, error


def studies_in(storage: str | BaseStorage) -> Iterator[tuple[str, Overview | StudyError]]:
    """Yield the name and the progress of every study of this library in a storage.

    Raises:
        StudyError: the storage cannot be read.
    """
    for name in Records.names(storage):
        try:
            yield name, overview_of(Records.open(storage, name=name, access="read"))
        except StudyError as error:
            yield name, error


def _run_folders(root: Path, *, depth: int) -> Iterator[Path]:
    if RunFolder(root).database.is_file():
        yield root
    elif depth < _DEEPEST:
        for path in sorted(root.iterdir()):
            if path.is_dir() and not path.is_symlink() and not path.name.startswith("."):
                yield from _run_folders(path, depth=depth + 1)


def _per_minute(ends: Sequence[datetime], *, running: bool) -> float | None:
    recent = ends[-_RECENT:]
    if len(recent) < 2:
        return None
    # what is being evaluated now may be stuck: then the rate falls while one looks
    last = max(recent[-1], datetime.now()) if running else recent[-1]
    seconds = (last - recent[0]).total_seconds()
    return 60.0 * (len(recent) - 1) / seconds if seconds > 0 else None
