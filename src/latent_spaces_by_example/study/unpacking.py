"""Reading an archive that somebody else made: only the files that belong in one, and no bombs."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.folder import DATABASE

MOST_FILES = 200_000
MOST_MANIFEST_BYTES = 64 * 2**20
MOST_DATABASE_BYTES = 2**30
# an archive may unpack to this many bytes, or to this many times its own size if that is more
MOST_BYTES = 512 * 2**20
MOST_RATIO = 100

MANIFEST = "study.json"
_KNOWN = re.compile(
    r"study\.json|study\.db|seed_latents\.safetensors|history\.csv|report\.html"
    r"|(best|front/trial-[0-9]{5,9})(\.[A-Za-z0-9]{1,12}){0,2}|artifacts/[0-9a-f-]{36}",
    re.ASCII,
)
_CHUNK = 2**20
# what zipfile raises of bytes that were flipped
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, UnicodeError,
)  # fmt: skip


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Yield the archive, once every name and size in it has been checked.

    Raises:
        StudyError: it is no archive, is damaged, or holds what no export holds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check(archive, size=path.stat().st_size)
            yield archive
    except (FileNotFoundError, IsADirectoryError) as error:
        if error.filename != str(path):
            raise
        raise StudyError(f"there is no archive {str(path)!r}") from error
    except _DAMAGE as error:
        raise StudyError(f"{str(path)!r} is no export of a study, or damaged: {error}") from error


def read_manifest(archive: zipfile.ZipFile) -> bytes:
    """Return the content of ``study.json``, whose size has been checked."""
    with archive.open(MANIFEST) as file:
        return file.read(MOST_MANIFEST_BYTES + 1)


def unpack(
    archive: zipfile.ZipFile, into: Path, *, names: list[str], files: Mapping[str, Any]
) -> None:
    """Write the members of these names below ``into``, and compare each with its digest.

    Raises:
        StudyError: one is not what the manifest's ``files`` says.
        OSError: the disk is full, say.
    """
    total = sum(archive.getinfo(name).file_size for name in names)
    free = shutil.disk_usage(into).free
    if total > free:
        raise StudyError(f"the archive holds {total / 2**20:.0f} MiB, and {free / 2**20:.0f} free")
    for name in names:
        target = into / name
        target.parent.mkdir(exist_ok=True)
        with archive.open(name) as member, open(target, "xb") as file:
            digest = _copied(member, file, most=archive.getinfo(name).file_size)
        if files.get(name) != digest:
            raise StudyError(f"{name} in the archive is not what its {MANIFEST} says: damaged")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _copied(member: Any, file: Any, *, most: int) -> str:
    digest, size = hashlib.sha256(), 0
    while chunk := member.read(_CHUNK):
        size += len(chunk)
        if size > most:
            raise zipfile.BadZipFile("a file is larger than it says")
        digest.update(chunk)
        file.write(chunk)
    return digest.hexdigest()


def _check(archive: zipfile.ZipFile, *, size: int) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    if MANIFEST not in names:
        raise StudyError(f"the archive is no export of a study: it has no {MANIFEST}")
    if len(names) > MOST_FILES:
        raise StudyError(f"the archive holds {len(names)} files, more than {MOST_FILES}")
    if len(set(names)) != len(names):
        raise StudyError("the archive holds two files of one name; it is not opened")
    for member in members:
        _check_member(member)
    for name, most in {DATABASE: MOST_DATABASE_BYTES, MANIFEST: MOST_MANIFEST_BYTES}.items():
        if name in names and archive.getinfo(name).file_size > most:
            raise StudyError(f"{name} in the archive is larger than any export's; not opened")
    total = sum(member.file_size for member in members)
    most = max(MOST_BYTES, MOST_RATIO * size)
    if total > most:
        raise StudyError(
            f"the archive would unpack to {total / 2**20:.0f} MiB, {total / max(size, 1):.0f} times"
            f" its own size; at most {most / 2**20:.0f} MiB are unpacked"
        )


def _check_member(member: zipfile.ZipInfo) -> None:
    # whatever a path means on one system or another, only the names of an export pass
    if not _KNOWN.fullmatch(member.orig_filename) or member.filename != member.orig_filename:
        raise StudyError(
            f"the archive holds {member.orig_filename[:80]!r}, which is not among the files of an "
            "export; it is not opened"
        )
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise StudyError(f"{member.filename!r} in the archive is a link or no plain file")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise StudyError(f"{member.filename!r} in the archive is compressed as no export is")
    if member.flag_bits & 0x1:
        raise StudyError(f"{member.filename!r} in the archive is encrypted; no export is")
