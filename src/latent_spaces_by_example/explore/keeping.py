"""Commands that write files: an output to keep, a report, the whole study as one archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from latent_spaces_by_example.study.archive import export_study
from latent_spaces_by_example.study.kept import keep as written

if TYPE_CHECKING:
    from latent_spaces_by_example.explore.desk import Desk

_REPORT_SECONDS = 20.0  # other commands wait for the report's pictures


def keep(desk: Desk, *, key: str) -> None:
    """Write an item's output to files, with the numbers that make it again."""
    item = desk.known(key)
    with desk.generator_lock:
        desk.wrote(written(desk.study, item.weights, to=_kept(desk), number=item.number))


def report(desk: Desk) -> None:
    """Write the study's report, into the run folder if it has one."""
    from latent_spaces_by_example.report import write_report

    study = desk.study
    path = _kept(desk) / f"{_stem(desk)}.html" if study.folder is None else study.folder.report
    with desk.generator_lock:
        desk.wrote([write_report(study, path, seconds=_REPORT_SECONDS)])


def archive(desk: Desk) -> None:
    """Write the study to one file, which ``lsbe import`` makes a run folder of anywhere."""
    folder = desk.study.folder
    _kept(desk).mkdir(parents=True, exist_ok=True)
    path = export_study(
        None if folder is None else folder.path,
        _kept(desk) / f"{_stem(desk)}.zip",
        storage=desk.study.records.storage if folder is None else None,
        name=desk.study.name,
        overwrite=True,
    )
    desk.wrote([path])


def _kept(desk: Desk) -> Path:
    folder = desk.study.folder
    return Path("kept") if folder is None else folder.path / "kept"


def _stem(desk: Desk) -> str:
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in desk.study.name)
    return safe.strip("-")[:60] or "study"
