"""One file that holds a study: ``export_study`` and ``import_study``."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from latent_spaces_by_example import __version__
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.study.copying import copy_study_rows, take_snapshot
from latent_spaces_by_example.study.folder import (
    ARTIFACTS,
    DATABASE,
    HISTORY,
    REPORT,
    SEED_LATENTS,
    RunFolder,
)
from latent_spaces_by_example.study.foreign import check_artifacts, check_foreign
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import Settings
from latent_spaces_by_example.study.unpacking import (
    MANIFEST,
    digest_of,
    opened,
    read_manifest,
    unpack,
)

_FORMAT, _FORMAT_VERSION = "lsbe-study", 1


def export_study(
    out: str | os.PathLike[str] | None,
    path: str | os.PathLike[str],
    *,
    storage: Any = None,
    name: str | None = None,
    report: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a study, which may be running, to one file that opens on any machine.

    A zip archive of the database (SQLite, whatever the study's is), the seed latents, the outputs
    kept, settings as JSON, the history as CSV, and the report and best output last written.
    It is written beside ``path`` and then renamed: half an archive is never there.

    Args:
        out: the run folder; None for a study without one, which then must have no examples.
        path: of the archive.
        storage: where the study is, if not in the run folder: an Optuna storage or its URL.
        name: of the study in its storage; not needed where there is only one.
        report: a page to put in; by default the run folder's own, where there is one.
        overwrite: whether a file at ``path`` may be replaced.

    Raises:
        StudyError: there is no such study, it cannot be read, ``path`` is taken, or cannot be
            written.
    """
    folder = None if out is None else RunFolder(out)
    path = Path(path)
    if folder is None and storage is None:
        raise ArgumentError("give out (a run folder) or storage (an Optuna URL)")
    if path.exists() and not overwrite:
        raise StudyError(f"{str(path)!r} exists; name another file, or replace it (overwrite=True)")
    if storage is None and folder is not None:
        storage = folder.existing_storage()
    with _writing(path.parent, what=str(path)) as workplace:
        contents = _gather(folder, storage=storage, name=name, workplace=workplace)
        if report is not None:
            contents[REPORT] = Path(report)
        archive = workplace / "archive.zip"
        _write_zip(archive, contents)
        os.replace(archive, path)
    return path


def import_study(path: str | os.PathLike[str], out: str | os.PathLike[str]) -> Path:
    """Make a run folder of an archive that :func:`export_study` wrote, here or elsewhere.

    The archive may be anybody's. Only files that belong in one are taken; the database is made
    anew of the rows of the one in it; no page of it is unpacked, and no code of it is run. Then
    ``open_study(out)``, ``lsbe resume`` and ``lsbe report`` go on as with any run folder.

    Args:
        path: of the archive.
        out: the run folder to be made; one that holds anything already is an error.

    Returns:
        The run folder.

    Raises:
        StudyError: it is no export, is damaged, or of a newer version; or ``out`` is taken or
            cannot be written. Nothing is left behind.
    """
    target = Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StudyError(f"out={str(out)!r} exists and is not empty; name another folder")
    with _writing(target.parent, what=str(out)) as workplace, opened(Path(path)) as archive:
        manifest = _manifest(read_manifest(archive))
        unpacked = workplace / "unpacked"
        unpacked.mkdir()
        # pages and pictures that anyone may have made are left in the archive
        names = [n for n in archive.namelist() if n in (DATABASE, SEED_LATENTS) or "/" in n]
        if DATABASE not in names:
            raise StudyError(f"the archive has no {DATABASE}; it is damaged")
        unpack(archive, unpacked, names=names, files=manifest["files"])
        folder = RunFolder(workplace / "folder")
        _rebuild(folder, unpacked, name=manifest["name"])
        if target.exists():
            target.rmdir()  # it is empty; a rename onto it is no error on some systems only
        os.replace(folder.path, target)
    return target


def _gather(
    folder: RunFolder | None, *, storage: Any, name: str | None, workplace: Path
) -> dict[str, Path]:
    snapshot = workplace / "snapshot.db"
    name = take_snapshot(storage, snapshot, name=name)
    made = RunFolder(workplace / "made")
    made.path.mkdir()
    copy_study_rows(snapshot, made.database, name=name)
    records = Records.open(made.storage, name=name)
    settings = Settings.from_json(records.settings)
    _save_history(made, records, settings)
    contents = {DATABASE: made.database, HISTORY: made.path / HISTORY}
    seed_latents = None if folder is None else folder.path / SEED_LATENTS
    if seed_latents is not None and seed_latents.is_file():
        contents[SEED_LATENTS] = seed_latents
    elif settings.examples:
        raise StudyError(
            f"study {name!r} has seed latents of its own, which are in its run folder; "
            f"there is no {SEED_LATENTS}" + ("" if folder is None else f" in {folder.path}")
        )
    if folder is not None:
        found = [folder.report, *sorted(folder.path.glob("best*"))]
        contents |= {file.name: file for file in found if file.is_file()}
        kept = records.artifact_ids()
        files = ((f"{ARTIFACTS}/{i}", folder.artifacts / i) for i in sorted(kept))
        contents |= {inside: file for inside, file in files if file.is_file()}
    manifest = {
        "format": _FORMAT,
        "format_version": _FORMAT_VERSION,
        "version": __version__,
        "name": name,
        "settings": settings.to_json(),
    }
    contents[MANIFEST] = made.path / MANIFEST
    contents[MANIFEST].write_text(json.dumps(manifest), encoding="utf-8")
    return contents


def _write_zip(archive: Path, contents: dict[str, Path]) -> None:
    manifest = json.loads(contents[MANIFEST].read_text(encoding="utf-8"))
    digests = {}
    with zipfile.ZipFile(archive, "x", compression=zipfile.ZIP_DEFLATED) as file:
        for name, source in contents.items():
            if name == MANIFEST:
                continue
            # a file of a running study may be replaced meanwhile: read once, so that the digest
            # is of what is written
            with suppress(FileNotFoundError):
                digests[name] = _add(file, source, name)
        manifest["files"] = digests
        file.writestr(MANIFEST, json.dumps(manifest, indent=1))


def _add(file: zipfile.ZipFile, source: Path, name: str) -> str:
    copy = Path(file.filename or "").with_name("member")
    shutil.copyfile(source, copy)
    # pictures and sounds do not get smaller
    kind = zipfile.ZIP_STORED if name.startswith(f"{ARTIFACTS}/") else zipfile.ZIP_DEFLATED
    file.write(copy, name, compress_type=kind)
    return digest_of(copy)


def _manifest(content: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(content)
        if manifest["format"] != _FORMAT:
            raise ValueError(f"its format is {manifest['format']!r}")
        newer = manifest["format_version"] > _FORMAT_VERSION
        manifest["files"].items()
        if not isinstance(manifest["name"], str):
            raise ValueError("it has no name")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StudyError(f"the archive is no export of a study: {error!r:.200}") from error
    if newer:
        raise StudyError(
            f"the archive was made by version {manifest.get('version', 'unknown')}, in a newer "
            "format. Install a newer one: pip install --upgrade latent-spaces-by-example"
        )
    checked: dict[str, Any] = manifest
    return checked


def _rebuild(folder: RunFolder, unpacked: Path, *, name: str) -> None:
    """The run folder of what was unpacked, its database made anew."""
    folder.path.mkdir()
    copy_study_rows(unpacked / DATABASE, folder.database, name=name)
    if (unpacked / ARTIFACTS).is_dir():
        os.replace(unpacked / ARTIFACTS, folder.artifacts)
    if (unpacked / SEED_LATENTS).is_file():
        os.replace(unpacked / SEED_LATENTS, folder.path / SEED_LATENTS)
    check_artifacts(folder)
    records, settings = check_foreign(folder, name=name)
    _save_history(folder, records, settings)


def _save_history(folder: RunFolder, records: Records, settings: Settings) -> None:
    """Write the history of a study whose generator need not be at hand."""
    trials = records.trials()
    width = max([settings.num_given, *(len(trial.weights) for trial in trials)])
    names = [facts.name for facts in settings.examples]
    names += [f"prior draw {i + 1}" for i in range(width - len(names))]
    folder.save_history(trials, names)


@contextmanager
def _writing(parent: Path, *, what: str) -> Iterator[Path]:
    """A folder to write in, beside the target so that a rename ends it; gone afterwards."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        workplace = Path(tempfile.mkdtemp(dir=parent, prefix=".lsbe-"))
        try:
            yield workplace
        finally:
            shutil.rmtree(workplace, ignore_errors=True)
    except OSError as error:
        raise StudyError(f"{what!r} cannot be written: {error}") from error
