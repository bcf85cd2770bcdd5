"""What each trial made, kept beside its score: in Optuna's artifact store, for Optuna's tools."""

from __future__ import annotations

import io
import mimetypes
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from optuna.artifacts import FileSystemArtifactStore

from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.study.feasibility import merit_of, ranked
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.trial import Trial

MOST_BYTES = 16 * 2**20
THUMBNAIL = (192, 192)
_PICTURES = (".png", ".jpg", ".jpeg", ".webp")
# one id for one file of one trial, so that an evaluation made again overwrites it
_NAMESPACE = uuid.UUID("6b1f3a52-7d0e-4a0b-9c53-5f2c0d2f9b11")


class Artifacts:
    """The outputs of one study's trials: a picture each, and a file where the output is no picture.

    A picture is what the generator's ``render`` draws, as PNG; a file is what its ``save`` writes.
    Each is at most :data:`MOST_BYTES` (16 MiB). What cannot be made or written is a warning on the
    trial, and its score is stored all the same.

    Args:
        records: of the study.
        generator: may have ``render``, ``save`` and ``suffix``.
        folder: of Optuna's ``FileSystemArtifactStore``; made when the first file is written.
        policy: "all", "none", or "best:K": the outputs of the K best trials so far, and of the
            others a thumbnail of the picture.

    Raises:
        ArgumentError: another policy.
    """

    def __init__(self, records: Records, *, generator: Any, folder: Path, policy: str) -> None:
        self._records = records
        self._generator = generator
        self._folder = folder
        self._policy = policy
        self._best = read_policy(policy)
        self._store = FileSystemArtifactStore(folder)

    def keep(
        self,
        number: int,
        score: float | None,
        output: Any,
        *,
        constraints: Mapping[str, float] | None = None,
    ) -> None:
        """Write the output of a trial that is about to be finished; never raises an Exception."""
        if output is None or score is None or self._policy == "none":
            return
        warnings = []
        trial = Trial(number, np.empty(0), score=score, constraints=constraints or {})
        overtaken = self._overtaken_by(trial)
        small = overtaken is not None and overtaken < 0
        for name, make in self._files(number, output, small=small):
            try:
                self._write(number, name, make())
            except Exception as error:
                warnings.append(f"{name} could not be kept: {type(error).__name__}: {error}")
        if overtaken is not None and overtaken >= 0:
            try:
                self._shrink(overtaken)
            except Exception as error:
                warnings.append(f"trial {overtaken} could not be shrunk: {error}")
        if warnings:
            with suppress(Exception):
                self._records.warn(number, "; ".join(warnings))

    def paths(self, number: int) -> dict[str, Path]:
        """The files kept of a trial, by their names; those that are there."""
        found = {name: self._path(name) for name in self._names(number)}
        return {name: path for name, path in found.items() if path.is_file()}

    def picture(self, number: int) -> Path | None:
        """The picture kept of a trial, a PNG file; None where there is none."""
        path = self._path(_picture_name(number))
        return path if path.is_file() else None

    def _names(self, number: int) -> Iterator[str]:
        if hasattr(self._generator, "render"):
            yield _picture_name(number)
        suffix = str(getattr(self._generator, "suffix", ""))
        if hasattr(self._generator, "save") and (
            suffix not in _PICTURES or not hasattr(self._generator, "render")
        ):
            yield f"trial-{number:05d}{suffix}"

    def _files(
        self, number: int, output: Any, *, small: bool
    ) -> Iterator[tuple[str, Callable[[], bytes]]]:
        for name in self._names(number):
            if hasattr(self._generator, "render") and name == _picture_name(number):
                yield name, partial(self._rendered, output, small=small)
            elif not small:
                yield name, partial(self._saved, output, name)

    def _rendered(self, output: Any, *, small: bool) -> bytes:
        return _png(self._generator.render(output), small=small)

    def _saved(self, output: Any, name: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            self._generator.save(output, path)
            return path.read_bytes()

    def _write(self, number: int, name: str, content: bytes) -> None:
        if len(content) > MOST_BYTES:
            raise StudyError(
                f"it has {len(content) / 2**20:.1f} MiB, and at most {MOST_BYTES >> 20} are kept"
            )
        self._folder.mkdir(exist_ok=True)
        artifact_id = self._id(name)
        # the file first: what the database names is there
        self._store.write(artifact_id, io.BytesIO(content))
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        named = {"artifact_id": artifact_id, "filename": name, "mimetype": kind, "encoding": None}
        self._records.attach(number, named)

    def _overtaken_by(self, trial: Trial) -> int | None:
        """The trial that is no longer among the K best; -1 where the new one is not either."""
        if self._best is None:
            return None
        best_first = ranked(self._records.trials())
        if len(best_first) < self._best:
            return None
        last = best_first[self._best - 1]
        return last.number if merit_of(trial) > merit_of(last) else -1

    def _shrink(self, number: int) -> None:
        from PIL import Image

        for name, path in self.paths(number).items():
            if name != _picture_name(number):
                path.unlink()
                continue
            with Image.open(path) as picture:
                content = _png(picture, small=True)
            partial = path.with_name(f".{path.name}.partial")
            partial.write_bytes(content)
            os.replace(partial, path)

    def _path(self, name: str) -> Path:
        return self._folder / self._id(name)

    def _id(self, name: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self._records.name}/{name}"))


def read_policy(policy: str) -> int | None:
    """The K of "best:K"; None of "all" and of "none".

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


def _picture_name(number: int) -> str:
    return f"trial-{number:05d}.png"


def _png(picture: Any, *, small: bool) -> bytes:
    if small:
        picture = picture.copy()
        picture.thumbnail(THUMBNAIL)
    content = io.BytesIO()
    picture.save(content, format="PNG")
    return content.getvalue()
