"""Find the place in a sampler's code where a draw is made."""

from __future__ import annotations

import sys

from latent_spaces_by_example.generators.tape.parts import Place

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


def place_of_draw() -> Place:
    """Return the innermost line on the stack that is the sampler's, not a framework's."""
    frame = sys._getframe(1)
    innermost = frame
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        generated = frame.f_code.co_filename.startswith("<@beartype")
        if not generated and not any(name == m or name.startswith(f"{m}.") for m in _MACHINERY):
            return Place(frame.f_code.co_filename, frame.f_lineno)
        if frame.f_back is None:
            break
        frame = frame.f_back
    return Place(innermost.f_code.co_filename, innermost.f_lineno)
