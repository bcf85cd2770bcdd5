"""Everything that a page may ask for, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from latent_spaces_by_example.explore import judging, keeping, moving

# they change the study: refused while another process runs it
CHANGES: dict[str, Callable[..., Any]] = {
    "nine_more": judging.nine_more,
    "prefer": judging.prefer,
    "undo": judging.undo,
    "evaluate": judging.evaluate,
    "search": judging.search,
    "stop": judging.stop,
    "mark": moving.mark,
    "between": moving.between,
}
FILES: dict[str, Callable[..., Any]] = {
    "keep": keeping.keep_item,
    "report": keeping.report,
    "archive": keeping.archive,
}
LOOKS: dict[str, Callable[..., Any]] = {
    "around": moving.around,
    "blend": moving.blend,
    "at": moving.at,
    "survey": moving.survey,
}
