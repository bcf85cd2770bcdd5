"""Everything that a page may ask for, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from latent_spaces_by_example.explore import keeping, moving
from latent_spaces_by_example.explore.judging import evaluate, nine_more, prefer, search, stop, undo


def _by_name(*commands: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    return {command.__name__: command for command in commands}


# they change the study: refused while another process runs it
CHANGES = _by_name(nine_more, prefer, undo, evaluate, search, stop, moving.mark, moving.between)
FILES = _by_name(keeping.keep, keeping.report, keeping.archive)
LOOKS = _by_name(moving.around, moving.blend, moving.at, moving.survey)
