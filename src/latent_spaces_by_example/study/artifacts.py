"""Keep what each trial made beside its score, in Optuna's artifact store, for Optuna's tools."""

from __future__ import annotations

import io
import mimetypes
import os
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optuna.artifacts import FileSystemArtifactStore

from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.generators.default_pictures import picture_of, save_output
from latent_spaces_by_example.study.ranking import Ranking
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.trial import Trial

MOST_BYTES = 16 * 2**20
THUMBNAIL = (192, 192)
_PICTURES = (".png", ".jpg", ".jpeg", ".webp")
# one id for one file of one trial, so that an evaluation made again overwrites it
_NAMESPACE = uuid.UUID("6b1f3a52-7d0e-4a0b-9c53-5f2c0d2f9b11")


@dataclass(frozen=True)
class Files:
    """An output as files.

    Attributes:
        contents: bytes by suffix: ".png" is the picture; any other is the output in its format.
        warnings: why a file could not be made.
    """

    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    warnings: tuple[str, ...] = ()


def files_of(generator: Any, output: Any) -> Files:
    """Return an output as its files: a picture, and the output in its own format.

    The generator's ``render`` draws and its ``save`` writes; without them, arrays and images are
    drawn and written as .npy or .png. A file is at most :data:`MOST_BYTES` (16 MiB). What cannot be
    made is a warning.
    """
    contents: dict[str, bytes] = {}
    warnings: list[str] = []
    for what, make in (("its picture", _picture), ("its file", _file)):
        try:
            made = make(generator, output)
        except Exception as error:
            warnings.append(f"{what} could not be kept: {type(error).__name__}: {error}")
            continue
        if made is None:
            continue
        suffix, content = made
        if len(content) > MOST_BYTES:
            size = f"{len(content) / 2**20:.1f} MiB"
            warnings.append(f"{what} has {size}, and at most {MOST_BYTES >> 20} are kept")
        elif not (suffix in _PICTURES and contents):
            contents[suffix] = content
    return Files(contents, tuple(warnings))


def _picture(generator: Any, output: Any) -> tuple[str, bytes] | None:
    picture = getattr(generator, "render", picture_of)(output)
    return None if picture is None else (".png", png_of(picture))


def _file(generator: Any, output: Any) -> tuple[str, bytes] | None:
    with tempfile.TemporaryDirectory() as folder:
        path: Path | None = Path(folder) / f"output{getattr(generator, 'suffix', '')}"
        if hasattr(generator, "save"):
            generator.save(output, path)
        else:
            path = save_output(output, Path(folder) / "output")
        if path is None:
            return None
        if not path.is_file():
            raise StudyError(f"save(output, path) of {type(generator).__name__} wrote no file")
        return path.suffix, path.read_bytes()


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

    def thin(self, trials: Sequence[Trial], newest: Trial) -> None:
        """Shrink what is no longer among the K best, now that the newest trial has a result.

        Raises:
            OSError: a file cannot be written.
        """
        if self._most is None:
            return
        ranked = self._ranking.ranked(trials)
        if newest.score is None or len(ranked) <= self._most:
            return
        place = next(i for i, trial in enumerate(ranked) if trial.number == newest.number)
        self._shrink(newest.number if place >= self._most else ranked[self._most].number)

    def paths(self, number: int) -> dict[str, Path]:
        """Return the files kept of a trial, by name, those that are there."""
        names = self._names.get(number, ())
        return {name: self._path(name) for name in names if self._path(name).is_file()}

    def picture(self, number: int) -> Path | None:
        """Return the picture kept of a trial, a PNG file, or None."""
        path = self._path(_name(number, ".png"))
        return path if path.is_file() else None

    @property
    def _names(self) -> dict[int, list[str]]:
        return self._records.artifact_names()

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


def png_of(picture: Any, *, most: tuple[int, int] | None = None) -> bytes:
    """Return a PIL image as PNG, made smaller to fit ``most`` pixels if that is given."""
    if most is not None:
        picture = picture.copy()
        picture.thumbnail(most)
    content = io.BytesIO()
    picture.save(content, format="PNG")
    return content.getvalue()


def _name(number: int, suffix: str) -> str:
    return f"trial-{number:05d}{suffix}"
