"""Turn an output into something that a page can show: a picture, sound, video, table or words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from latent_spaces_by_example.study.output_files import files_of

MEDIA = {
    ".png": "image/png",
    ".gif": "image/gif",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
}
_MOST_ROWS, _MOST_WORDS = 40, 2000


@dataclass(frozen=True)
class Shown:
    """An output as a page shows it.

    Attributes:
        files: bytes by suffix, of those that a browser can show or play.
        table: rows of a name and a value, of an output that is a mapping.
        words: the output as text, if there is nothing better.
        is_rough: it is a sketch, and the output itself is still to come.
    """

    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    table: tuple[tuple[str, str], ...] = ()
    words: str = ""
    is_rough: bool = False

    @property
    def num_bytes(self) -> int:
        """Size of the files."""
        return sum(len(content) for content in self.files.values())


def shown(generator: Any, output: Any, *, rough: bool = False) -> Shown:
    """Return an output as a page shows it.

    Args:
        generator: draws and saves by its ``render`` and ``save``, if it has them.
        output: one of its outputs, of any type.
        rough: it is a sketch.

    >>> shown(None, {"mass": 2.5}).table
    (('mass', '2.5'),)
    >>> shown(None, "MKV").words
    'MKV'
    """
    files = {
        suffix: content
        for suffix, content in files_of(generator, output).contents.items()
        if suffix in MEDIA
    }
    if files:
        return Shown(files, is_rough=rough)
    if isinstance(output, Mapping):
        rows = list(output.items())[:_MOST_ROWS]
        table = tuple((str(name), f"{value!s:.200}") for name, value in rows)
        return Shown(table=table, is_rough=rough)
    return Shown(words=f"{output!s:.{_MOST_WORDS}}", is_rough=rough)
