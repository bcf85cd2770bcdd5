"""Keep what each trial made beside its score, in Optuna's artifact store, for Optuna's tools."""

from __future__ import annotations

import io
import mimetypes
import uuid
from pathlib import Path

from optuna.artifacts import FileSystemArtifactStore

from latent_spaces_by_example.study.output_files import Files
from latent_spaces_by_example.study.records import Records

# one id for one file of one trial, so that an evaluation made again overwrites it
_NAMESPACE = uuid.UUID("6b1f3a52-7d0e-4a0b-9c53-5f2c0d2f9b11")


class Artifacts:
    """The outputs of one study's trials, as files in its run folder.

    Args:
        records: of the study.
        folder: of Optuna's ``FileSystemArtifactStore``; made when the first file is written.
        wanted: false if no further files are to be kept.
    """

    def __init__(self, records: Records, *, folder: Path, wanted: bool) -> None:
        self._records = records
        self._folder = folder
        self._store = FileSystemArtifactStore(folder)
        self.wanted = wanted

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

    def _path(self, name: str) -> Path:
        return self._folder / self._id(name)

    def _id(self, name: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self._records.name}/{name}"))


def _name(number: int, suffix: str) -> str:
    return f"trial-{number:05d}{suffix}"
