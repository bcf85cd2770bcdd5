"""Keep what each trial made beside its score, in Optuna's artifact store, for Optuna's tools."""

from __future__ import annotations

import io
import mimetypes
import os
import uuid
from pathlib import Path

from optuna.artifacts import FileSystemArtifactStore

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.study.output_files import Files, png_of
from latent_spaces_by_example.study.ranking import Ranking
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.trial import Trial

THUMBNAIL = (192, 192)
# one id for one file of one trial, so that an evaluation made again overwrites it
_NAMESPACE = uuid.UUID("6b1f3a52-7d0e-4a0b-9c53-5f2c0d2f9b11")


class Artifacts:
    """The outputs of one study's trials, as files in its run folder.

    Args:
        records: of the study.
        ranking: compares its trials.
        folder: of Optuna's ``FileSystemArtifactStore``; made when the first file is written.
        policy: "all", "none", or "best:K": the files of the K best trials so far, and a thumbnail
            of the others.

    Raises:
        ArgumentError: another policy.
    """

    def __init__(self, records: Records, *, ranking: Ranking, folder: Path, policy: str) -> None:
        self._records = records
        self._ranking = ranking
        self._folder = folder
        self._most = read_policy(policy)
        self._store = FileSystemArtifactStore(folder)
        self.wanted = policy != "none"

    def keep(self, number: int, files: Files) -> list[str]:
        """Write the files of an open trial; return what went wrong."""
        warnings = list(files.warnings)
        if not self.wanted:
            return []
        for suffix, content in files.contents.items():
            try:
                self._write(number, suffix, content)
            except Exception as error:
                warnings.append(f"{suffix} could not be kept: {type(error).__name__}: {error}")
        return warnings

    def thin(self, newest: Trial) -> None:
        """Shrink what is no longer among the K best, now that the newest trial has a result.

        Raises:
            OSError: a file cannot be written.
        """
        if self._most is None:
            return
        ranked = self._ranking.ranked(self._records.trials())
        if newest.score is None or len(ranked) <= self._most:
            return
        place = next(i for i, trial in enumerate(ranked) if trial.number == newest.number)
        self._shrink(newest.number if place >= self._most else ranked[self._most].number)

    def paths(self, number: int) -> dict[str, Path]:
        """Return the files kept of a trial, by name, those that are there."""
        names = self._records.file_names(number)
        return {name: self._path(name) for name in names if self._path(name).is_file()}

    def picture(self, number: int) -> Path | None:
        """Return the picture kept of a trial, a PNG file, or None."""
        path = self._path(_name(number, ".png"))
        return path if path.is_file() else None

    def _write(self, number: int, suffix: str, content: bytes) -> None:
        self._folder.mkdir(exist_ok=True)
        name = _name(number, suffix)
        # the file first: what the database names is there
        self._store.write(self._id(name), io.BytesIO(content))
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self._records.attach(
            number,
            {"artifact_id": self._id(name), "filename": name, "mimetype": kind, "encoding": None},
        )

    def _shrink(self, number: int) -> None:
        from PIL import Image

        for name, path in self.paths(number).items():
            if name != _name(number, ".png"):
                path.unlink()
                continue
            with Image.open(path) as picture:
                content = png_of(picture, most=THUMBNAIL)
            partial = path.with_name(f".{path.name}.partial")
            partial.write_bytes(content)
            os.replace(partial, path)

    def _path(self, name: str) -> Path:
        return self._folder / self._id(name)

    def _id(self, name: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self._records.name}/{name}"))


def read_policy(policy: str) -> int | None:
    """Return the K of "best:K", or None for "all" and "none".

    Raises:
        ArgumentError: anything else.

    >>> read_policy("best:20")
    20
    """
    if policy in ("all", "none"):
        return None
    kind, _, count = str(policy).partition(":")
    if kind != "best" or not count.isdecimal() or int(count) < 1:
        raise ArgumentError(
            f"artifacts={policy!r}; give 'all' (every output is kept), 'none', or 'best:K' (the "
            "outputs of the K best, and thumbnails of the others)"
        )
    return int(count)


def _name(number: int, suffix: str) -> str:
    return f"trial-{number:05d}{suffix}"
