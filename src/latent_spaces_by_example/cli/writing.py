"""Write outputs into a folder that the user names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from latent_spaces_by_example.cli.console import say


def folder_named(text: str, *, option: str) -> Path:
    """Return a folder, which need not exist.

    Raises:
        UsageError: it is a file.
    """
    folder = Path(text).expanduser()
    if folder.exists() and not folder.is_dir():
        raise click.UsageError(f"{option} {text} is a file; give a folder for the outputs")
    return folder


def write_output(generator: Any, output: Any, *, number: int, to: Path) -> str:
    """Write the output of a trial as its files, and return the name of the one in its own format.

    Args:
        generator: draws and saves.
        output: of the trial.
        number: of the trial.
        to: path of the files but for their suffixes.
    """
    from latent_spaces_by_example.study.output_files import files_of

    files = files_of(generator, output)
    for warning in files.warnings:
        say(f"trial {number}: {warning}", err=True)
    to.parent.mkdir(parents=True, exist_ok=True)
    for suffix, content in files.contents.items():
        to.with_name(f"{to.name}{suffix}").write_bytes(content)
    # its picture if it has no format of its own
    return next((f"{to.name}{s}" for s in sorted(files.contents, key=".png".__eq__)), "")
