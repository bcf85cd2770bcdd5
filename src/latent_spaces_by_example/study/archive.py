"""A study as one file, a zip of its run folder: ``export_study`` and ``import_study``."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from optuna.storages import BaseStorage

from latent_spaces_by_example import __version__
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.study.copying import copy_study, sqlite_snapshot
from latent_spaces_by_example.study.database import open_storage, sqlite_file
from latent_spaces_by_example.study.folder import (
    ARTIFACTS,
    DATABASE,
    HISTORY,
    REPORT,
    SEED_LATENTS,
    RunFolder,
)
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.unpacking import (
    MANIFEST,
    opened,
    read_manifest,
    sha256_of,
    unpack,
)

_FORMAT, _FORMAT_VERSION = "lsbe-study", 2


class Manifest(Struct, frozen=True):
    """What ``study.json`` in an archive says of the rest.

    Attributes:
        format: "lsbe-study".
        format_version: of the archive.
        version: of the library that wrote it.
        name: of the study.
        files: SHA-256 of every other file, by name.
        settings: of the study, for people who look into the archive; not read.
    """

    format: str
    format_version: int
    version: str
    name: str
    files: dict[str, str]
    settings: dict[str, Any] = {}


def export_study(
    folder: str | os.PathLike[str] | None,
    archive: str | os.PathLike[str],
    *,
    storage: str | BaseStorage | None = None,
    name: str | None = None,
    report: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a study, which may be running, to one file that opens on any machine.

    The zip archive holds the database (SQLite, whatever the study's is), the seed latents, the
    outputs kept, settings as JSON, the history as CSV, and the report and best output last
    written. It is written beside its place and then renamed: half an archive is never there.

    Args:
        folder: the run folder; None for a study without one.
        archive: path of the file to write.
        storage: where the study is, if not in the run folder: an Optuna storage or its URL.
        name: of the study in its storage; not needed if there is only one.
        report: a page to put in; by default the run folder's own.
        overwrite: replace a file that exists.

    Raises:
        ArgumentError: neither a folder nor a storage is given.
        StudyError: there is no such study, it cannot be read, ``archive`` exists or cannot be
            written.
    """
    run = None if folder is None else RunFolder(folder)
    path = Path(archive)
    if storage is None:
        if run is None:
            raise ArgumentError("folder=None, storage=None; give a run folder, or an Optuna URL")
        storage = run.existing_storage()
    if path.exists() and not overwrite:
        raise StudyError(
            f"{str(path)!r} exists; name another file, or replace it (--overwrite, overwrite=True)"
        )
    with _workplace(path.parent, what=str(path)) as workplace:
        made = RunFolder(workplace / "made")
        made.path.mkdir()
        records = _snapshot(storage, workplace=workplace, target=made, name=name)
        contents = _contents(run, made=made, records=records)
        if report is not None:
            contents[REPORT] = Path(report)
        _write_zip(workplace / "archive.zip", contents, records=records)
        os.replace(workplace / "archive.zip", path)
    return path


def import_study(archive: str | os.PathLike[str], folder: str | os.PathLike[str]) -> Path:
    """Make a run folder of an archive that :func:`export_study` wrote, here or elsewhere.

    The archive may be anybody's. Only files that belong in one are taken; the database is made
    anew of what the schema admits; no page is unpacked, and no code is run. Then
    ``open_study(folder)``, ``lsbe resume`` and ``lsbe report`` go on as with any run folder.

    Args:
        archive: path of the file.
        folder: the run folder to be made; it is an error if it holds anything already.

    Returns:
        The run folder.

    Raises:
        StudyError: the archive is no export, is damaged, or of a newer version; or ``folder`` is
            taken or cannot be written. Nothing is left behind.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StudyError(f"{str(folder)!r} exists and is not empty; name another folder")
    with _workplace(target.parent, what=str(folder)) as workplace, opened(Path(archive)) as file:
        manifest = _manifest(read_manifest(file))
        unpacked = RunFolder(workplace / "unpacked")
        unpacked.path.mkdir()
        # first what is read first; pages and pictures of anybody's are left in the archive
        names = [name for name in (DATABASE, SEED_LATENTS) if name in file.namelist()]
        if DATABASE not in names:
            raise StudyError(f"the archive has no {DATABASE}; it is damaged")
        names += [name for name in file.namelist() if name.startswith(f"{ARTIFACTS}/")]
        unpack(file, unpacked.path, names=names, files=manifest.files)
        made = RunFolder(workplace / "made")
        made.path.mkdir()
        _rebuild(made, unpacked, name=manifest.name)
        if target.exists():
            target.rmdir()  # it is empty; a rename onto it is no error on some systems only
        os.replace(made.path, target)
    return target


def _snapshot(
    storage: str | BaseStorage, *, workplace: Path, target: RunFolder, name: str | None
) -> Records:
    """Copy one study, as it is at one moment if it is in SQLite, and open the copy."""
    file = sqlite_file(storage)
    if file is not None:
        sqlite_snapshot(file, target.database)
        records = Records.open(open_storage(target.storage, access="read"), name=name)
        if len(records.storage.get_all_studies()) == 1:
            return records
        os.replace(target.database, workplace / "snapshot.db")
        storage = f"sqlite:///{workplace / 'snapshot.db'}"
    source = storage if isinstance(storage, BaseStorage) else open_storage(storage, access="read")
    copy_study(Records.open(source, name=name), target.database)
    return Records.open(open_storage(target.storage, access="read"))


def _contents(run: RunFolder | None, *, made: RunFolder, records: Records) -> dict[str, Path]:
    """Return the files of the archive, by the name that each has in it."""
    _save_history(made, records)
    contents = {DATABASE: made.database, HISTORY: made.path / HISTORY}
    if run is None:
        return contents
    best = [*sorted(run.path.glob("best*")), *sorted(run.path.glob("front/trial-*"))]
    files = [run.path / SEED_LATENTS, run.report, *best]
    contents |= {str(f.relative_to(run.path).as_posix()): f for f in files if f.is_file()}
    if run.artifacts.is_dir():
        kept = sorted(run.artifacts.iterdir())
        contents |= {f"{ARTIFACTS}/{f.name}": f for f in kept if not f.name.startswith(".")}
    return contents


def _write_zip(archive: Path, contents: dict[str, Path], *, records: Records) -> None:
    digests = {}
    with zipfile.ZipFile(archive, "x", compression=zipfile.ZIP_DEFLATED) as file:
        for name, source in contents.items():
            # a run may replace the file meanwhile: one copy is both written and summed up
            copy = archive.with_name("member")
            with suppress(FileNotFoundError):
                shutil.copyfile(source, copy)
                digests[name] = sha256_of(copy)
                # pictures and sounds do not get smaller
                stored = name.startswith(f"{ARTIFACTS}/")
                kind = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
                file.write(copy, name, compress_type=kind)
        manifest = Manifest(
            format=_FORMAT,
            format_version=_FORMAT_VERSION,
            version=__version__,
            name=records.name,
            files=digests,
            settings=records.settings.to_json(),
        )
        file.writestr(MANIFEST, json.dumps(msgspec.to_builtins(manifest), indent=1))


def _manifest(content: bytes) -> Manifest:
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise StudyError(f"the archive is no export of a study: {MANIFEST}: {error}") from error
    if manifest.format != _FORMAT:
        raise StudyError(f"the archive is no export of a study: format {manifest.format!r:.60}")
    if manifest.format_version != _FORMAT_VERSION:
        newer = manifest.format_version > _FORMAT_VERSION
        do = (
            "install a newer one: pip install --upgrade latent-spaces-by-example"
            if newer
            else "import it with that version"
        )
        raise StudyError(
            f"the archive has format {manifest.format_version}, of version "
            f"{manifest.version!r:.60} of this library; this one reads {_FORMAT_VERSION}: {do}"
        )
    return manifest


def _rebuild(made: RunFolder, unpacked: RunFolder, *, name: str) -> None:
    """Make the run folder of what was unpacked, its database anew."""
    try:
        _require_plain(unpacked.database)
        source = Records.open(open_storage(unpacked.storage, access="read"), name=name)
        copy_study(source, made.database, files=unpacked.artifacts, kept=made.artifacts)
        _save_history(made, Records.open(open_storage(made.storage, access="read")))
    except (StudyError, OSError):
        raise
    except Exception as error:
        # whatever a reader of damaged values raises: they are another's
        raise StudyError(f"the study in the archive is damaged: {error!r:.300}") from error
    if (unpacked.path / SEED_LATENTS).is_file():
        os.replace(unpacked.path / SEED_LATENTS, made.path / SEED_LATENTS)


def _require_plain(database: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            (verdict,) = connection.execute("PRAGMA quick_check").fetchone()
            odd = connection.execute(
                "SELECT name FROM sqlite_master WHERE type NOT IN ('table', 'index') "
                "OR upper(sql) LIKE 'CREATE VIRTUAL%'"
            ).fetchone()
    except sqlite3.Error as error:
        raise StudyError(f"{DATABASE} in the archive is damaged: {error}") from error
    if verdict != "ok":
        raise StudyError(f"{DATABASE} in the archive is damaged: {verdict}")
    if odd is not None:
        raise StudyError(
            f"{DATABASE} in the archive holds {odd[0]!r:.60}, which is no plain table: Optuna "
            "makes no such; it is not opened"
        )


def _save_history(folder: RunFolder, records: Records) -> None:
    """Write the history of a study whose generator need not be at hand."""
    trials, settings = records.trials(), records.settings
    width = max([settings.num_given, *(len(trial.weights) for trial in trials)])
    names = [facts.name for facts in settings.examples]
    names += [f"prior draw {i + 1}" for i in range(width - len(names))]
    folder.save_history(trials, names)


@contextmanager
def _workplace(parent: Path, *, what: str) -> Iterator[Path]:
    """Yield a folder beside the target, so that a rename ends the work; it is gone afterwards."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        workplace = Path(tempfile.mkdtemp(dir=parent, prefix=".lsbe-")).resolve()
        try:
            yield workplace
        finally:
            shutil.rmtree(workplace, ignore_errors=True)
    except OSError as error:
        raise StudyError(f"{what!r} cannot be written: {error}") from error
