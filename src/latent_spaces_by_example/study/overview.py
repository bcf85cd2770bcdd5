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
from latent_spaces_by_example.study.folder import RunFolder
from latent_spaces_by_example.study.ranking import Ranking
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import Settings
from latent_spaces_by_example.study.trial import Trial

_RECENT = 20
_DEEPEST = 3


@dataclass(frozen=True)
class WorkerOverview:
    """The share of one process in a study.

    Attributes:
        name: host:pid, or "" for trials that name no worker.
        finished: how many trials it scored.
        failed: how many failed.
        pending: how many it is evaluating.
        seconds: median of what one evaluation took; None before the first.
        last: when it last finished one.
    """

    name: str
    finished: int
    failed: int
    pending: int
    seconds: float | None
    last: datetime | None


@dataclass(frozen=True)
class Overview:
    """The progress of a study.

    Attributes:
        name: of the study in its storage.
        settings: what was fixed when it was created.
        finished: how many trials have a score.
        failed: how many failed.
        pending: how many are open.
        asked: how many of the open ones were given out to the user.
        best_score: of the trial that scored best so far, by luck perhaps if scores are noisy; None
            before the first.
        best_number: its trial.
        per_minute: trials done a minute, over the last 20; None before there are two.
        seconds: median of what one evaluation took; None before the first.
        last: when a trial was last done.
        oldest_pending: since when the longest of the pending ones is being evaluated.
        workers: by name.
        feasible: whether the best meets every constraint.
    """

    name: str
    settings: Settings
    finished: int
    failed: int
    pending: int
    asked: int
    best_score: float | None
    best_number: int | None
    per_minute: float | None
    seconds: float | None
    last: datetime | None
    oldest_pending: datetime | None
    workers: tuple[WorkerOverview, ...]
    feasible: bool = True

    @property
    def done(self) -> int:
        """Number of trials that have a result."""
        return self.finished + self.failed


def open_records(
    out: str | os.PathLike[str] | None = None, *, storage: Any = None, name: str | None = None
) -> Records:
    """Return the records of a study that exists, in its run folder or in a storage.

    Raises:
        ArgumentError: neither was given.
        StudyError: there is no such study, or it cannot be read.
    """
    if storage is None:
        if out is None:
            raise ArgumentError("give a run folder, or a storage (its URL)")
        storage = RunFolder(out).existing_storage()
    return Records.open(storage, name=name, access="read")


def overview_of(records: Records) -> Overview:
    """Return the progress of a study.

    Raises:
        StudyError: the database cannot be read, or another version made the study.
    """
    settings, trials = records.settings, records.trials()
    ends = sorted(t.ended for t in trials if t.ended is not None and not t.pending)
    starts = [t.begun for t in trials if t.pending and t.begun is not None]
    ranking = Ranking(settings.score_names, settings.directions)
    best = ranking.best(trials)
    names = dict.fromkeys(trial.worker or "" for trial in trials)
    return Overview(
        name=records.name,
        settings=settings,
        finished=sum(trial.score is not None for trial in trials),
        failed=sum(trial.error is not None for trial in trials),
        pending=sum(trial.pending for trial in trials),
        asked=sum(trial.pending and trial.asked_by == "user" for trial in trials),
        best_score=None if best is None else best.score,
        best_number=None if best is None else best.number,
        per_minute=_per_minute(ends, running=bool(starts)),
        seconds=_median([trial.seconds for trial in trials]),
        last=ends[-1] if ends else None,
        oldest_pending=min(starts, default=None),
        workers=tuple(_worker(name, trials) for name in sorted(names)),
        feasible=best is None or best.feasible,
    )


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


def _worker(name: str, trials: Sequence[Trial]) -> WorkerOverview:
    own = [trial for trial in trials if (trial.worker or "") == name]
    return WorkerOverview(
        name=name,
        finished=sum(trial.score is not None for trial in own),
        failed=sum(trial.error is not None for trial in own),
        pending=sum(trial.pending for trial in own),
        seconds=_median([trial.seconds for trial in own]),
        last=max((trial.ended for trial in own if trial.ended is not None), default=None),
    )


def _median(seconds: Sequence[float | None]) -> float | None:
    known = [value for value in seconds if value is not None]
    return median(known) if known else None


def _per_minute(ends: Sequence[datetime], *, running: bool) -> float | None:
    recent = ends[-_RECENT:]
    if len(recent) < 2:
        return None
    # what is being evaluated now may be stuck: then the rate falls while one looks
    last = max(recent[-1], datetime.now()) if running else recent[-1]
    seconds = (last - recent[0]).total_seconds()
    return 60.0 * (len(recent) - 1) / seconds if seconds > 0 else None
