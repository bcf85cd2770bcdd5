"""An output as files: its picture, and the output in its own format; no database is needed."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.generators.default_pictures import picture_of, save_output

MOST_BYTES = 16 * 2**20
_PICTURES = (".png", ".jpg", ".jpeg", ".webp")


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


def png_of(picture: Any, *, most: tuple[int, int] | None = None) -> bytes:
    """Return a PIL image as PNG, made smaller to fit ``most`` pixels if that is given."""
    if most is not None:
        picture = picture.copy()
        picture.thumbnail(most)
    content = io.BytesIO()
    picture.save(content, format="PNG")
    return content.getvalue()
