"""Find the place in a sampler's code where a draw is made."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

# Frames of these are how a draw is made, not where: the sampler is whatever called them.
_MACHINERY = (
    "torch",
    "numpy",
    "diffusers.utils",
    "contextlib",
    __name__.rpartition(".")[0],
    "jaxtyping",
    "beartype",
    "<@beartype",
)


def place_of_draw() -> str:
    """Return the innermost line on the stack that is the sampler's: its file's name and number."""
    innermost = sys._getframe(1)
    frame: FrameType | None = innermost
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        generated = frame.f_code.co_filename.startswith("<@beartype")
        if not generated and not any(name == m or name.startswith(f"{m}.") for m in _MACHINERY):
            break
        frame = frame.f_back
    own = frame or innermost
    return f"{Path(own.f_code.co_filename).name}:{own.f_lineno}"
