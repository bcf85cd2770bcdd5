"""A study as one file, a zip of its run folder: ``export_study`` and ``import_study``."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from optuna.storages import BaseStorage

from latent_spaces_by_example.arguments import check_flag, checked_path
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.copying import copy_study
from latent_spaces_by_example.study.folder import (
    ARTIFACTS,
    DATABASE,
    HISTORY,
    SEED_LATENTS,
    RunFolder,
)
from latent_spaces_by_example.study.overview import open_records
from latent_spaces_by_example.study.records import Records

MOST_FILES = 200_000
MOST_DATABASE_BYTES = 2**30
# an archive may unpack to this many bytes, or to this many times its own size if that is more
MOST_BYTES = 512 * 2**20
MOST_RATIO = 100

_KNOWN = re.compile(
    r"study\.db|seed_latents\.safetensors|history\.csv|report\.html"
    r"|(best|front/trial-[0-9]{5,9})(\.[A-Za-z0-9]{1,12}){0,2}|artifacts/[0-9a-f-]{36}",
    re.ASCII,
)


def export_study(
    folder: str | os.PathLike[str] | None,
    archive: str | os.PathLike[str],
    *,
    storage: str | BaseStorage | None = None,
    name: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a study, which may be running, to one file that opens on any machine.

    The zip archive holds the database (SQLite, whatever the study's is), the seed latents, the
    outputs kept, the history as CSV, and the report and best output last written. It is written
    beside its place and then renamed: half an archive is never there.

    Args:
        folder: the run folder; None for a study without one.
        archive: path of the file to write.
        storage: where the study is, if not in the run folder: an Optuna storage or its URL.
        name: of the study in its storage; not needed if there is only one.
        overwrite: replace a file that exists.

    Raises:
        ArgumentError: neither a folder nor a storage is given.
        StudyError: there is no such study, it cannot be read, ``archive`` exists or cannot be
            written.
    """
    path = checked_path(archive, argument="archive")
    check_flag(overwrite, argument="overwrite")
    records = open_records(folder, storage=storage, name=name)
    if path.exists() and not overwrite:
        raise StudyError(
            f"{str(path)!r} exists; name another file, or replace it (--overwrite, overwrite=True)"
        )
    with _workplace(path.parent, shown=str(path)) as workplace:
        made = RunFolder.create(workplace / "made")
        copy_study(records, made.database)
        history = made.save_history(records.trials(), settings=records.settings)
        contents = {DATABASE: made.database, HISTORY: history}
        contents |= {} if folder is None else _files_of(RunFolder(folder))
        with zipfile.ZipFile(workplace / "archive.zip", "x", strict_timestamps=False) as file:
            for member, source in contents.items():
                # pictures and sounds do not get smaller
                kept = member.startswith(f"{ARTIFACTS}/")
                method = zipfile.ZIP_STORED if kept else zipfile.ZIP_DEFLATED
                with suppress(FileNotFoundError):  # a run replaces and removes files meanwhile
                    file.write(source, member, compress_type=method)
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
    target = checked_path(folder, argument="folder")
    archive = checked_path(archive, argument="archive")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StudyError(f"{str(folder)!r} exists and is not empty; name another folder")
    if not archive.is_file():
        raise StudyError(f"there is no archive {str(archive)!r}")
    with _workplace(target.parent, shown=str(folder)) as workplace:
        unpacked = RunFolder.create(workplace / "unpacked")
        made = RunFolder.create(workplace / "made")
        try:
            _unpack(archive, unpacked.path)
            _check_tables(unpacked.database)
            names = Records.names(unpacked.storage)
            if len(names) != 1:
                raise StudyError(f"the archive is damaged: its database holds {len(names)} studies")
            source = open_records(unpacked.path)
            copy_study(source, made.database, files=unpacked.artifacts, kept=made.artifacts)
            made.save_history(source.trials(), settings=source.settings)
        except (StudyError, OSError):
            raise
        except Exception as error:  # zipfile and SQLAlchemy raise anything for damaged bytes
            raise StudyError(
                f"{str(archive)!r} is no export of a study, or damaged: {error!r:.300}"
            ) from error
        if (unpacked.path / SEED_LATENTS).is_file():
            os.replace(unpacked.path / SEED_LATENTS, made.path / SEED_LATENTS)
        if target.exists():
            target.rmdir()  # it is empty; a rename onto it is no error on some systems only
        os.replace(made.path, target)
    return target


# ---------------------------------------------------------------------- writing


def _files_of(run: RunFolder) -> dict[str, Path]:
    """Return the files of a run folder that an archive holds, by name, beside its database."""
    files = [run.path / SEED_LATENTS, run.report]
    for pattern in ("best*", "front/trial-*", f"{ARTIFACTS}/*"):
        files += sorted(run.path.glob(pattern))
    names = {file.relative_to(run.path).as_posix(): file for file in files if file.is_file()}
    return {name: file for name, file in names.items() if _KNOWN.fullmatch(name)}


# ---------------------------------------------------------------------- reading


def _unpack(path: Path, into: Path) -> None:
    """Unpack the files of an archive that a study needs, each checked against its CRC-32.

    The report and the best output, pages and pictures of anybody's, are left in the archive.
    """
    with zipfile.ZipFile(path) as archive:
        _check(archive, size=path.stat().st_size)
        for name in archive.namelist():
            if not name.startswith((DATABASE, SEED_LATENTS, f"{ARTIFACTS}/")):
                continue
            target = into / name
            target.parent.mkdir(exist_ok=True)
            with archive.open(name) as member, open(target, "xb") as file:
                shutil.copyfileobj(member, file)


def _check(archive: zipfile.ZipFile, *, size: int) -> None:
    """Refuse, by names and sizes alone, what no export holds."""
    members = archive.infolist()
    names = {member.filename for member in members}
    if DATABASE not in names:
        raise StudyError(f"the archive is no export of a study: it has no {DATABASE}")
    if len(members) > MOST_FILES:
        raise StudyError(f"the archive holds {len(members)} files, more than {MOST_FILES}")
    if len(names) != len(members):
        raise StudyError("the archive holds two files of one name; it is not opened")
    for member in members:
        # whatever a path means on one system or another, only the names of an export pass
        name = member.orig_filename
        if not _KNOWN.fullmatch(name) or name != member.filename:
            raise StudyError(f"the archive holds {name[:80]!r}, which no export does; not opened")
        is_plain = stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG)
        is_usual = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if not is_plain or not is_usual or member.flag_bits & 0x1:
            raise StudyError(
                f"{name!r} in the archive is a link or no plain file, or encrypted or compressed "
                "as no export is"
            )
    if archive.getinfo(DATABASE).file_size > MOST_DATABASE_BYTES:
        raise StudyError(f"{DATABASE} in the archive is larger than any export's; not opened")
    total, most = sum(member.file_size for member in members), max(MOST_BYTES, MOST_RATIO * size)
    if total > most:
        raise StudyError(
            f"the archive would unpack to {total / 2**20:.0f} MiB, {total / max(size, 1):.0f} times"
            f" its own size; at most {most / 2**20:.0f} MiB are unpacked"
        )


def _check_tables(database: Path) -> None:
    """Refuse a database that is damaged, or holds more than tables: a view could run for ever."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        (verdict,) = connection.execute("PRAGMA quick_check").fetchone()
        query = "SELECT name FROM sqlite_master WHERE type NOT IN ('table', 'index') "
        odd = connection.execute(query + "OR upper(sql) LIKE 'CREATE VIRTUAL%'").fetchone()
    if verdict != "ok":
        raise StudyError(f"{DATABASE} in the archive is damaged: {verdict}")
    if odd is not None:
        raise StudyError(f"{DATABASE} in the archive holds {odd[0]!r:.60}, which is no plain table")


# ---------------------------------------------------------------------- both


@contextmanager
def _workplace(parent: Path, *, shown: str) -> Iterator[Path]:
    """Yield a folder beside the target, so that a rename ends the work; it is gone afterwards."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent, prefix=".lsbe-") as workplace:
            yield Path(workplace).resolve()
    except OSError as error:
        raise StudyError(f"{shown!r} cannot be written: {error}") from error
