"""The run folder: the files that a study leaves on disk, in formats that outlive it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from latent_spaces_by_example.arguments import checked_path
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.space import SeedLatents
from latent_spaces_by_example.study.output_files import Files
from latent_spaces_by_example.study.settings import Settings
from latent_spaces_by_example.study.table import write_history
from latent_spaces_by_example.study.trial import Trial

DATABASE = "study.db"
SEED_LATENTS = "seed_latents.safetensors"
HISTORY = "history.csv"
REPORT = "report.html"
ARTIFACTS = "artifacts"


class RunFolder:
    """A folder with a study's database, seed latents, history and best output."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = checked_path(path, argument="out")

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Make a new folder; one that holds anything already is an error.

        Raises:
            StudyError: it exists and is not empty, or cannot be written.
        """
        folder = cls(path)
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
            taken = any(folder.path.iterdir())
        except OSError as error:
            raise StudyError(f"out={str(path)!r} cannot be written: {error}") from error
        if taken:
            what = "holds a study" if folder.database.exists() else "is not empty"
            raise StudyError(
                f"out={str(path)!r} exists and {what}; name another folder, "
                f"or go on with it: lsbe resume {path}"
            )
        return folder

    @property
    def database(self) -> Path:
        """Path of the study's SQLite database, unless it has a storage elsewhere."""
        return self.path / DATABASE

    @property
    def storage(self) -> str:
        """The database as an Optuna storage URL."""
        return f"sqlite:///{self.database.resolve()}"

    def existing_storage(self) -> str:
        """Return the URL of a database that exists; opening a missing one would make an empty one.

        Raises:
            StudyError: there is no study in the folder, or no folder.
        """
        if not self.database.is_file():
            raise StudyError(
                f"there is no study in run folder {str(self.path)!r}: it has no {DATABASE}; "
                "if its study is in another storage, give that too"
            )
        return self.storage

    @property
    def report(self) -> Path:
        """Path of the report."""
        return self.path / REPORT

    @property
    def artifacts(self) -> Path:
        """Folder of Optuna's artifact store, with the outputs of the trials."""
        return self.path / ARTIFACTS

    def save_seed_latents(self, seeds: SeedLatents) -> Path:
        """Write the seed latents that were given as arrays, shape (K, *latent_shape).

        The metadata has the name of every seed latent made so far, and of those that the generator
        draws the random seed, which is enough to draw them again.
        """
        known = {f"name_{i}": seeds.name(i) for i in range(len(seeds))}
        random_seeds = {f"random_seed_{i}": seeds.random_seed_of(i) for i in range(len(seeds))}
        known |= {key: str(seed) for key, seed in random_seeds.items() if seed is not None}
        content = save({"seed_latents": np.ascontiguousarray(seeds.examples)}, metadata=known)
        path = self.path / SEED_LATENTS
        replace_file(path, partial(Path.write_bytes, data=content))
        return path

    def load_seed_latents(self) -> np.ndarray:
        """Read the arrays that ``save_seed_latents`` wrote.

        Raises:
            StudyError: the file is missing or damaged.
        """
        path = self.path / SEED_LATENTS
        try:
            return load_file(path)["seed_latents"]
        except (OSError, KeyError, SafetensorError) as error:
            raise StudyError(f"the seed latents cannot be read from {path}: {error}") from error

    def save_history(self, trials: Sequence[Trial], *, settings: Settings) -> Path:
        """Write one line for each trial, with the columns of :meth:`Study.to_dataframe`."""
        path = self.path / HISTORY
        replace_file(path, partial(write_history, trials=trials, settings=settings))
        return path

    def save_outputs(self, outputs: Mapping[int, Files], *, several: bool) -> list[Path]:
        """Write the best output as ``best.*``, or the front's in a folder of their own.

        Args:
            outputs: files by trial number.
            several: whether the study has several scores.
        """
        place = self.path / "front" if several else self.path
        before = set(place.glob("trial-*" if several else "best.*"))
        written = []
        for number, files in outputs.items():
            stem = f"trial-{number:05d}" if several else "best"
            for suffix, content in files.contents.items():
                path = place / f"{stem}{suffix}"
                replace_file(path, partial(Path.write_bytes, data=content))
                written.append(path)
        for old in before.difference(written):
            old.unlink()
        return written


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and rename it, so that nobody sees a half.

    Raises:
        StudyError: it cannot be written.
    """
    target = path.with_name(f".{path.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(target)
        os.replace(target, path)
    except OSError as error:
        with suppress(OSError):
            target.unlink(missing_ok=True)
        raise StudyError(
            f"{str(path)!r} cannot be written: {error}; every finished evaluation is "
            "in the database"
        ) from error
